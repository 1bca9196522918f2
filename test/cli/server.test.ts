/** The commands with a real server, and what becomes of `serve` itself. Runs what `npm run build` made. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandPath, startServer, type TestServer } from '../support/server.ts';
import { type Result, runCommand } from './support.ts';

/** How long a server may take that shares the machine with other tests. */
const patience = { timeout: 15_000 };

let server: TestServer;
let directory = '';
beforeAll(async () => {
  server = await startServer();
  directory = await mkdtemp(join(tmpdir(), 'signpost-cli-'));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

describe('commands against a server', () => {
  const signpost = (...args: string[]): Promise<Result> =>
    runCommand(args, { env: { SIGNPOST_URL: server.url, SIGNPOST_DNS: server.dns, SIGNPOST_DATA: server.data } });

  it('register, list, resolve, explain, drain and deregister an instance', async () => {
    const registered = await signpost('register', 'web', '--port', '8080', '--id', 'web-1', '--address', '10.0.0.7', '--tag', 'v2');
    expect(registered).toMatchObject({ code: 0, stdout: expect.stringMatching(/^web web-1 generation \d+, lease 30 s\n {2}_web\._tcp\./) });
    expect((await signpost('list')).stdout).toMatch(/^SERVICE .*\nweb +svc\.internal +1 +1\n$/);
    expect((await signpost('list', 'web')).stdout).toMatch(/\nweb-1 +passing +10\.0\.0\.7 +8080 +10 +100 +v2 +30 s\n$/);
    expect((await signpost('resolve', 'web')).stdout).toMatch(/\n10 +100 +10\.0\.0\.7 +8080\n$/);
    expect((await signpost('explain', 'web')).stdout).toMatch(/\nweb-1 +yes +passing +10 +100 +10\.0\.0\.7 +8080 +it is healthy\n/);
    expect((await signpost('drain', 'web', 'web-1')).stdout).toMatch(/^web web-1 draining, safe to stop at 20\d\d-/);
    expect((await signpost('explain', 'web')).stdout).toMatch(/\nweb-1 +no +draining .*it is draining\n/);
    expect(await signpost('deregister', 'web', 'web-1')).toMatchObject({ code: 0, stdout: 'web web-1 deregistered\n' });
    expect(await signpost('deregister', 'web', 'web-1')).toMatchObject({ code: 1, stdout: '' });
    expect(await signpost('resolve', 'web')).toMatchObject({ code: 1, stdout: '' });
  });

  it('watch what happens', async () => {
    const env = { ...process.env, SIGNPOST_URL: server.url };
    const watching = execFile(process.execPath, [commandPath, 'watch', 'queue'], { env });
    // The watcher may come after the first change, hence one change after the other until it has seen one.
    let weight = 0;
    const change = () => signpost('register', 'queue', '--port', '1', '--id', 'q', '--address', '10.0.0.9', '--weight', `${++weight}`);
    const changing = setInterval(() => void change(), 50);
    const [line] = (await once(createInterface({ input: watching.stdout! }), 'line')) as [string];
    clearInterval(changing);
    watching.kill();
    await once(watching, 'exit');
    expect(line).toMatch(/^20\S+ {2}instance\.(registered|updated) {2}queue {2}q {2}passing {2}10\.0\.0\.9$/);
  });

  it('backup a server and restore another', async () => {
    await signpost('register', 'db', '--port', '5432', '--id', 'db-1', '--address', '10.0.0.5', '--permanent');
    const [file, data] = [join(directory, 'backup'), join(directory, 'restored')];
    expect(await signpost('backup', file)).toMatchObject({ code: 0 });
    expect(await signpost('restore', file, '--data', data)).toMatchObject({ code: 0 });
    expect(await signpost('restore', file)).toMatchObject({ code: 1, stderr: expect.stringContaining('in use') });
    await using restored = await startServer({ data });
    expect((await runCommand(['list', 'db', '--server', restored.url])).stdout).toMatch(/\ndb-1 +passing +10\.0\.0\.5 /);
  });
});

describe('signpost serve', () => {
  /** Runs `signpost serve` that is expected to end by itself. */
  async function serve(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Result> {
    const paths = ['--data', join(directory, 'data'), '--zones', join(directory, 'zones')];
    const standard = ['--dns', '127.0.0.1:0', '--http', '127.0.0.1:0', ...paths];
    const child = execFile(process.execPath, [commandPath, 'serve', ...standard, ...args], { env: { ...process.env, ...env } });
    let [stdout, stderr] = ['', ''];
    child.stdout!.on('data', (text: string) => (stdout += text));
    child.stderr!.on('data', (text: string) => (stderr += text));
    const [code] = await once(child, 'close');
    return { code: code as number, stdout, stderr };
  }

  it('says once where it listens, with real ports, and stops gracefully on SIGINT', async () => {
    await using other = await startServer({ args: ['--zone', 'a.internal,b.internal'] });
    expect(await other.stop('SIGINT')).toBe(0);
    const ready = other.log.filter(({ msg }) => msg === 'ready');
    const addresses = [expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/)];
    expect(ready).toEqual([expect.objectContaining({ dns: addresses, http: addresses })]);
    expect(String(ready[0]!['zones'])).toMatch(/^a\.internal,b\.internal$/);
    expect(other.log.at(-1)).toMatchObject({ msg: 'stopped' });
  });

  it('reads the configuration again on SIGHUP, says what takes a restart, and stops gracefully on SIGTERM', async () => {
    const config = join(directory, 'changing.yaml');
    await writeFile(config, 'dns: { workers: 1 }\n');
    await using other = await startServer({ args: ['--config', config] });
    await writeFile(config, 'dns: { workers: 2, nsid: ns1 }\n');
    other.process.kill('SIGHUP');
    await expect.poll(() => other.log, patience).toContainEqual(expect.objectContaining({ options: ['dns.workers', 'dns.nsid'] }));
    await writeFile(config, 'dns: { wrokers: 2 }\n');
    other.process.kill('SIGHUP');
    const err = expect.objectContaining({ message: expect.stringContaining('did you mean dns.workers?') });
    await expect.poll(() => other.log, patience).toContainEqual(expect.objectContaining({ msg: 'not reloaded', err }));
    expect(await other.stop('SIGTERM')).toBe(0);
  });

  it('ends at once on the second signal', async () => {
    await using other = await startServer();
    const half = connect(Number(new URL(other.url).port), '127.0.0.1').on('error', () => undefined);
    half.write('POST /v1/renew HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{');
    await expect.poll(async () => (await fetch(`${other.url}/healthz`)).status, patience).toBe(200);
    other.process.kill('SIGTERM');
    await expect.poll(() => other.log, patience).toContainEqual(expect.objectContaining({ msg: 'stopping' }));
    expect(await other.stop('SIGTERM')).toBe(143);
    expect(other.log).not.toContainEqual(expect.objectContaining({ msg: 'stopped' }));
    half.destroy();
  });

  it('ends with 78 for a configuration that is wrong', async () => {
    const config = join(directory, 'signpost.yaml');
    await writeFile(config, 'dns:\n  io: fast\n');
    expect(await serve(['--config', config])).toEqual({
      code: 78, stdout: '', stderr: `${config}:2:7: dns.io: found "fast", wanted one of auto, batched, portable\n`,
    });
    expect(await serve([], { SIGNPOST_LOG_LEVEL: 'loud' })).toMatchObject({ code: 78, stderr: expect.stringMatching(/^SIGNPOST_LOG_LEVEL: /) });
  });

  it('ends with 64 for a flag that it does not know', async () => {
    expect(await serve(['--zoen', 'x'])).toMatchObject({ code: 64, stderr: expect.stringContaining('did you mean --zone?') });
  });

  it('ends with 78 rather than listen wide open, and says what to do', async () => {
    const { code, stderr } = await serve(['--http', '0.0.0.0:0']);
    expect([code, stderr.split('\n')]).toEqual([78, [expect.stringContaining("signpost token create --service '*'"), '']]);
  });

  it.each(['--dns', '--http'])('says who is in the way when the address of %s is taken', async (flag) => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    const { code, stderr } = await serve([flag, `127.0.0.1:${port}`]);
    holder.close();
    expect([code, stderr]).toEqual([1, `signpost serve: 127.0.0.1:${port} is in use; stop what listens there, or choose another with --dns or --http\n`]);
  });

  it('says so when the data directory is in use', async () => {
    const { code, stderr } = await serve(['--data', server.data]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^signpost serve: \S+ is in use by another process; .* with --data\n$/)]);
  });
});
