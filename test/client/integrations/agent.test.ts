import axios from 'axios';
import { once } from 'node:events';
import { type Agent, get } from 'node:http';
import { get as getTls } from 'node:https';
import { describe, expect, it } from 'vitest';
import { type AgentOptions, createAgent, createHttpsAgent, createResolver } from '../../../src/client/index.ts';
import { closedPort, lineOf, startBackend } from '../../support/backend.ts';
import { createAuthority } from '../../support/certificates.ts';
import { ScriptedDns } from '../../support/scripted-dns.ts';
import { toolsMissing } from '../../support/tools.ts';

const host = '_web._tcp.example.test';

function agentOver(lines: readonly string[], options: AgentOptions = {}) {
  const dns = new ScriptedDns(() => performance.now(), lines);
  const resolver = createResolver({ ask: dns.ask });
  const agent = createAgent({ resolver, ...options });
  return {
    dns,
    resolver,
    agent,
    [Symbol.dispose]() {
      agent.destroy();
      resolver.close();
    },
  };
}

/** The body of a GET through `agent`. */
async function ask(agent: Agent, hostname = host, port = 80): Promise<string> {
  const request = get({ agent, hostname, port, path: '/' });
  const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
  let body = '';
  for await (const chunk of response) body += chunk.toString();
  await new Promise((resolve) => setImmediate(resolve)); // the socket becomes free
  return body;
}

describe('createAgent', () => {
  it('opens its sockets to targets, and keeps the host name that was asked for', async () => {
    await using a = await startBackend('a');
    await using b = await startBackend('b');
    using over = agentOver([lineOf(a), lineOf(b)]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(over.agent)));
    expect(new Set(answers)).toEqual(new Set(['a', 'b']));
    expect(new Set([...a.hosts, ...b.hosts])).toEqual(new Set([host]));
  });

  it('lets kept sockets take turns', async () => {
    await using a = await startBackend('a');
    await using b = await startBackend('b');
    using over = agentOver([lineOf(a), lineOf(b)]);
    await Promise.all(Array.from({ length: 20 }, () => ask(over.agent)));
    const before = a.hosts.length + b.hosts.length;
    const sockets = a.connections.size + b.connections.size;
    for (let request = 0; request < 20; request++) await ask(over.agent);
    expect(a.hosts.length + b.hosts.length).toBe(before + 20);
    expect(a.connections.size + b.connections.size).toBe(sockets);
  });

  it('goes to the next target when one refuses the connection', async () => {
    await using good = await startBackend('good');
    const dead = await Promise.all([closedPort(), closedPort()]);
    using over = agentOver([
      ...dead.map((port, index) => `10 1000 ${port} dead${index}.test 127.0.0.1`),
      lineOf(good, { weight: 1 }),
    ]);
    expect(await ask(over.agent)).toBe('good');
  });

  it('fails with what the last target said when none can be connected to', async () => {
    const dead = await Promise.all([closedPort(), closedPort()]);
    using over = agentOver(dead.map((port, index) => `10 100 ${port} dead${index}.test 127.0.0.1`));
    await expect(ask(over.agent)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('fails with the error of DNS', async () => {
    using over = agentOver([]);
    await expect(ask(over.agent)).rejects.toMatchObject({ code: 'SRV_NODATA' });
  });

  it('closes idle sockets of a target that left DNS at once, and a busy one after its request', async () => {
    let release = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (release = resolve));
    await using old = await startBackend('old', {
      handle: (request, response) =>
        void (request.url === '/slow' ? waiting : Promise.resolve()).then(() => response.end('old')),
    });
    await using next = await startBackend('next');
    using over = agentOver([lineOf(old)]);
    await Promise.all([ask(over.agent), ask(over.agent), ask(over.agent)]);
    const slow = get({ agent: over.agent, hostname: host, path: '/slow' });
    const answered = once(slow, 'response') as Promise<[AsyncIterable<Buffer>]>;
    while (old.hosts.length < 4) await new Promise((resolve) => setImmediate(resolve));
    over.dns.answer = [lineOf(next)];
    await over.resolver.service(host).refresh();
    while (old.connections.size > 1) await new Promise((resolve) => setImmediate(resolve));
    expect(await ask(over.agent)).toBe('next');
    release();
    const [response] = await answered;
    for await (const chunk of response) expect(chunk.toString()).toBe('old');
    while (old.connections.size > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('uses a socket no more that is too old', async () => {
    await using a = await startBackend('a');
    using over = agentOver([lineOf(a)], { maxSocketAgeMs: 0 });
    const seen = new Set<unknown>();
    for (let request = 0; request < 5; request++) {
      const asking = get({ agent: over.agent, hostname: host });
      const [response] = (await once(asking, 'response')) as [NodeJS.ReadableStream];
      seen.add(asking.socket);
      await once(response.resume(), 'end');
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(seen.size).toBe(5);
  });

  it('serves queued requests too when a socket is too old for them', async () => {
    await using a = await startBackend('a');
    using over = agentOver([lineOf(a)], { maxSocketAgeMs: 0, agent: { maxSockets: 1 } });
    expect(await Promise.all(Array.from({ length: 5 }, () => ask(over.agent)))).toEqual(['a', 'a', 'a', 'a', 'a']);
  });

  it('leaves other hosts alone', async () => {
    await using a = await startBackend('a');
    using over = agentOver([]);
    expect(await ask(over.agent, '127.0.0.1', a.port)).toBe('a');
  });

  it('is all that axios needs', async () => {
    await using a = await startBackend('a');
    using over = agentOver([lineOf(a)]);
    const response = await axios.post<string>(`http://${host}/x`, 'hello', { httpAgent: over.agent });
    expect([response.status, response.data]).toEqual([200, 'a hello']);
  });

  it('is all that axios needs for host names that match', async () => {
    await using a = await startBackend('a');
    using over = agentOver([lineOf(a)], {
      match: (name) => (name.endsWith('.example.test') ? `_${name.split('.')[0]!}._tcp.example.test` : null),
    });
    expect((await axios.get<string>('http://web.example.test/', { httpAgent: over.agent })).data).toBe('a');
  });
});

describe('createHttpsAgent', () => {
  it('verifies the domain of the service and not the name of the target', async () => {
    if (toolsMissing('openssl')) return;
    await using authority = await createAuthority();
    await using backend = await startBackend('a', { tls: await authority.issue(['DNS:example.test']) });
    const dns = new ScriptedDns(() => performance.now(), [lineOf(backend)]);
    using resolver = createResolver({ ask: dns.ask });
    const askTls = async (options: Parameters<typeof createHttpsAgent>[0]): Promise<number | undefined> => {
      const agent = createHttpsAgent({ resolver, agent: { ca: authority.cert }, ...options });
      try {
        const [response] = (await once(getTls({ agent, hostname: host }), 'response')) as [
          { statusCode?: number; resume(): void },
        ];
        response.resume();
        return response.statusCode;
      } finally {
        agent.destroy();
      }
    };
    expect(await askTls({})).toBe(200);
    expect(await askTls({ agent: { ca: authority.cert, servername: 'example.test' }, tlsName: 'target' })).toBe(200);
    await expect(askTls({ tlsName: 'target' })).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    await expect(askTls({ agent: {} })).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });
});
