/** The agent with a real server, and what its clients see of it in DNS. */
import { once } from 'node:events';
import { createServer, get, Agent as HttpAgent } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { register } from '../../src/agent/index.ts';
import { createResolver, type Resolver, type SrvRecord } from '../../src/client/index.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let resolver: Resolver;
beforeAll(async () => {
  server = await startServer();
  resolver = createResolver({ servers: [server.dns] });
});
afterAll(async () => {
  resolver.close();
  await server[Symbol.asyncDispose]();
});

/** The records of a service, asked anew; none where there are none. */
async function find(service: string, asked = resolver): Promise<readonly SrvRecord[]> {
  return asked.resolveSrv(`_${service}._tcp.svc.internal`, { fresh: true }).then(
    ({ records }) => records,
    () => [],
  );
}

describe('a registration', () => {
  it('is found as soon as register resolves, follows updates, and is gone as soon as it is drained', async () => {
    const registration = await register({
      service: 'life',
      id: 'a',
      port: 8080,
      address: '10.0.0.7',
      weight: 5,
      server: server.url,
    });
    expect(await find('life')).toMatchObject([
      { port: 8080, weight: 5, target: 'a.life.svc.internal', addresses: ['10.0.0.7'] },
    ]);
    expect(registration.names).toContain('_life._tcp.svc.internal');
    await registration.update({ weight: 50, priority: 1 });
    expect(await find('life')).toMatchObject([{ priority: 1, weight: 50 }]);
    await registration.update({ status: 'critical' });
    expect(await find('life')).toEqual([]);
    await registration.update({ status: 'passing' });
    const { confirmed, waitMs } = await registration.drain();
    expect(confirmed).toBe(true);
    expect(waitMs).toBeLessThan(8000); // TTL 5 and what the Date header cannot say
    expect(await find('life')).toEqual([]);
    await registration.deregister();
    expect((await fetch(`${server.url}/v1/services/life/instances/a`)).status).toBe(404);
  });

  it('that the server will never take is refused with its code', async () => {
    await expect(register({ service: '_web', port: 80, server: server.url })).rejects.toMatchObject({
      code: 'AGENT_REFUSED',
      problem: expect.any(String) as string,
    });
    await expect(register({ service: 'web', port: 99_999, server: server.url })).rejects.toMatchObject({
      code: 'AGENT_REFUSED',
    });
  });

  it('outlives a server that is killed and comes back', async () => {
    const first = await startServer();
    const [, port] = first.url.split(':').slice(1);
    const registration = await register({ service: 'lasting', id: 'a', port: 80, leaseMs: 2000, server: first.url });
    const events: string[] = [];
    for (const event of ['suspect', 'lost', 'conflict', 'denied'] as const)
      registration.on(event, () => events.push(event));
    await first.stop('SIGKILL');
    while (registration.state !== 'suspect') await once(registration, 'suspect');
    const second = await startServer({ data: first.data, args: ['--http', `127.0.0.1:${port!}`] });
    await once(registration, 'renewed');
    using asked = createResolver({ servers: [second.dns] });
    expect(await find('lasting', asked)).toHaveLength(1);
    expect(registration.state).toBe('registered');
    expect(events).not.toContain('conflict');
    await registration.deregister();
    await second[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
  });

  it('under an id that another process has takes it over, and that one leaves it alone', async () => {
    const first = await register({ service: 'twice', id: 'a', port: 1001, leaseMs: 2000, server: server.url });
    const conflict = once(first, 'conflict');
    const second = await register({ service: 'twice', id: 'a', port: 1002, leaseMs: 2000, server: server.url });
    await conflict;
    await once(second, 'renewed');
    expect(await find('twice')).toMatchObject([{ port: 1002 }]);
    await first.shutdown();
    expect(await find('twice')).toMatchObject([{ port: 1002 }]);
    await second.deregister();
  });
});

describe('shutdown', () => {
  it('answers every request, on new connections and on kept ones, until the end', async () => {
    const http = createServer((_, response) => setTimeout(() => response.end('ok'), 20)).listen(0, '127.0.0.1');
    await once(http, 'listening');
    const { port } = http.address() as AddressInfo;
    const registration = await register({ service: 'busy', id: 'a', port, ttlMs: 1000, server: server.url });
    const agent = new HttpAgent({ keepAlive: true });
    let isDown = false;
    let answered = 0;
    const failures: unknown[] = [];
    // A client that picks anew for each request, as one that follows DNS to the end of its TTL.
    const client = async (): Promise<void> => {
      while (!isDown) {
        const [record] = (await resolver.resolveSrv('_busy._tcp.svc.internal').catch(() => ({ records: [] }))).records;
        if (record === undefined) return;
        try {
          const [response] = (await once(get({ agent, host: '127.0.0.1', port: record.port }), 'response')) as [
            NodeJS.ReadableStream,
          ];
          await once(response.resume(), 'end');
          answered += 1;
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const clients = Array.from({ length: 10 }, client);
    while (answered < 50) await new Promise((resolve) => setTimeout(resolve, 10));
    await registration.shutdown({ server: http });
    isDown = true;
    await Promise.all(clients);
    agent.destroy();
    expect(failures).toEqual([]);
    expect(http.listening).toBe(false);
  });
});
