import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Call, problem, runCommand } from './support.ts';

const reply = {
  service: 'web', id: 'web-1', zone: 'svc.internal', generation: 1, revision: 7, status: 'passing',
  lease: { seconds: 30, expiresAt: '2026-01-01T00:00:30Z', renewAfter: 10 },
  names: ['_web._tcp.svc.internal', 'web.svc.internal'], warnings: [],
};

/** Registers with these arguments; returns what the server was asked. */
async function callOf(...args: string[]): Promise<Call> {
  const calls: Call[] = [];
  const result = await runCommand(['register', ...args], { server: (call) => (calls.push(call), reply) });
  expect(result).toMatchObject({ code: 0, stderr: '' });
  return calls[0]!;
}

describe('signpost register', () => {
  it('registers under the id that is given', async () => {
    const { method, path, body } = await callOf('web', '--port', '8080', '--id', 'web-1');
    expect([method, path, body]).toEqual(['PUT', '/v1/services/web/instances/web-1', { port: 8080 }]);
  });

  it('lets the server pick the id', async () => {
    const { method, path } = await callOf('web', '--port', '8080');
    expect([method, path]).toEqual(['POST', '/v1/services/web/instances']);
  });

  it('sends every option in its field', async () => {
    const { path, body } = await callOf(
      'web', '--port=1', '--address', '10.0.0.7', '--address', 'fd00::7', '--tag', 'a', '--tag=b', '--meta', 'k=v=w', '--meta', 'e=',
      '--weight', '0', '--priority', '65535', '--ttl', '5', '--lease', '2.5', '--protocol', 'udp', '--zone', 'prod.internal',
    );
    expect(path).toBe('/v1/services/web/instances?zone=prod.internal');
    expect(body).toEqual({
      port: 1, addresses: ['10.0.0.7', 'fd00::7'], tags: ['a', 'b'], meta: { k: 'v=w', e: '' },
      weight: 0, priority: 65535, ttl: 5, lease: 2.5, protocol: 'udp',
    });
    expect((await callOf('web', '--port', '1', '--permanent')).body).toEqual({ port: 1, permanent: true });
  });

  it('escapes names, so that they reach no other route', async () => {
    expect((await callOf('../x?y', '--port', '1', '--id', 'a/b')).path).toBe('/v1/services/..%2Fx%3Fy/instances/a%2Fb');
    for (const id of ['', '.', '..']) {
      const result = await runCommand(['deregister', 'web', id], { server: () => reply });
      expect(result).toMatchObject({ code: 64, stderr: expect.stringContaining(`wanted a name, found "${id}"`) });
    }
  });

  it('shows the token of the environment', async () => {
    const calls: Call[] = [];
    const env = { SIGNPOST_TOKEN: 'sp_x' };
    await runCommand(['register', 'web', '--port', '1'], { env, server: (call) => (calls.push(call), reply) });
    expect(calls[0]!.headers.get('authorization')).toBe('Bearer sp_x');
  });

  it('takes the line end off a token, and never shows one that cannot be sent', async () => {
    const calls: Call[] = [];
    const server = (call: Call) => (calls.push(call), reply);
    await runCommand(['register', 'web', '--port', '1'], { env: { SIGNPOST_TOKEN: 'sp_x\n' }, server });
    expect(calls[0]!.headers.get('authorization')).toBe('Bearer sp_x');
    const refused = await runCommand(['register', 'web', '--port', '1'], { env: { SIGNPOST_TOKEN: 'sp_\ny' }, server });
    expect(refused).toMatchObject({ code: 64, stderr: expect.not.stringContaining('sp_') });
  });

  it('keeps the path of a server behind a proxy', async () => {
    expect((await callOf('web', '--port', '1', '--server', 'http://proxy.internal/signpost/')).path).toBe('/signpost/v1/services/web/instances');
  });

  it('prints the names that find the instance', async () => {
    const { stdout } = await runCommand(['register', 'web', '--port', '1'], { server: () => reply });
    expect(stdout).toBe('web web-1 generation 1, lease 30 s\n  _web._tcp.svc.internal\n  web.svc.internal\n');
  });

  it('prints the answer as it is with --json', async () => {
    const { stdout } = await runCommand(['register', 'web', '--port', '1', '--json'], { server: () => reply });
    expect(JSON.parse(stdout)).toEqual(reply);
  });

  it('prints warnings apart', async () => {
    const { code, stderr } = await runCommand(['register', 'web', '--port', '1'], { server: () => ({ ...reply, warnings: ['loopback address'] }) });
    expect([code, stderr]).toEqual([0, 'signpost register: warning: loopback address\n']);
  });

  it.each<[args: string, line: string]>([
    ['web', 'wanted --port N'],
    ['', 'wanted NAME --port N [--address A]'],
    ['web web --port 1', 'found web web'],
    ['web --port', '--port wants a value (N)'],
    ['web --port --id x', '--port wants a value (N), found --id'],
    ['web --port 0', '--port wants a number from 1 to 65535, found 0'],
    ['web --port 8o', '--port wants a whole number from 1 to 65535, found 8o'],
    ['web --port -1', '--port wants a value (N), found -1'],
    ['web --port 1 --weight 65536', '--weight wants a number from 0 to 65535, found 65536'],
    ['web --port 1 --lease 1', '--lease wants a number from 2 to 86400, found 1'],
    ['web --prot 1', 'unknown option --prot; did you mean --port?'],
    ['web --port 1 -t x', 'unknown option -t'],
    ['web --port 1 --permanent=yes', '--permanent takes no value, found yes'],
    ['web --port 1 --permanent --lease 5', '--lease and --permanent exclude each other'],
    ['web --port 1 --meta x', '--meta wants KEY=VALUE, found x'],
    ['web --port 1 --address host', '--address wants an IPv4 or IPv6 address, found host'],
    ['web --port 1 --server here', '--server wants a URL such as http://127.0.0.1:8054, found here'],
  ])('refuses "%s"', async (args, line) => {
    const result = await runCommand(['register', ...args.split(' ').filter((part) => part !== '')], { server: () => reply });
    expect(result).toMatchObject({ code: 64, stdout: '' });
    expect(result.stderr).toMatch(/^signpost register: [^\n]*\(see signpost register --help\)\n$/);
    expect(result.stderr).toContain(line);
  });
});

describe('a command that talks to a server', () => {
  const args = ['register', 'web', '--port', '1'];

  it('tells the detail of a problem document', async () => {
    const server = () => problem(400, 'invalid-name', 'the service is "wpad", which is reserved');
    expect(await runCommand(args, { server })).toEqual({ code: 1, stdout: '', stderr: 'signpost register: the service is "wpad", which is reserved\n' });
  });

  it('says where a token goes when one is wanted', async () => {
    const { stderr } = await runCommand(args, { server: () => problem(401, 'unauthorized', 'a token is wanted') });
    expect(stderr).toBe('signpost register: a token is wanted (SIGNPOST_TOKEN holds the token to use)\n');
  });

  it('shows what a terminal would obey as question marks', async () => {
    const { stderr } = await runCommand(args, { server: () => problem(400, 'x', 'a\u001b[2Jb\nc') });
    expect(stderr).toBe('signpost register: a?[2Jb?c\n');
  });

  it('says so when no Signpost answers', async () => {
    const { code, stderr } = await runCommand(args, { server: () => new Response('<html>') });
    expect([code, stderr]).toEqual([1, 'signpost register: http://127.0.0.1:8054 answered with something that is not JSON; is it a Signpost server?\n']);
  });

  it('ends with 69 when the server cannot be reached', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => listener.once('listening', resolve));
    const { port } = listener.address() as { port: number };
    await new Promise((resolve) => listener.close(resolve));
    const { code, stderr } = await runCommand(args, { env: { SIGNPOST_URL: `http://127.0.0.1:${port}` } });
    expect(code).toBe(69);
    expect(stderr).toBe(`signpost register: cannot reach http://127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}\n`);
  });
});
