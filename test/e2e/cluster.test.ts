/** Several real servers on a real etcd of three members: what one takes all answer. What faults do: cluster-faults. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { api, register } from '../support/api.ts';
import { startBackend } from '../support/backend.ts';
import { startEtcd, type TestEtcd } from '../support/etcd.ts';
import { query } from '../support/query.ts';
import { startServer, type TestServer } from '../support/server.ts';

let etcd: TestEtcd;
let servers: TestServer[];

beforeAll(async () => {
  etcd = await startEtcd(3);
  servers = await Promise.all([startNode(), startNode(), startNode()]);
}, 60_000);
afterAll(async () => {
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  await etcd[Symbol.asyncDispose]();
});
afterEach(async () => {
  for (const member of etcd.members) if (member.process.exitCode !== null || member.process.killed) await member.start();
});

function startNode(more: Record<string, string> = {}): Promise<TestServer> {
  const env = {
    SIGNPOST_STORE_TYPE: 'etcd', SIGNPOST_STORE_ENDPOINTS: etcd.urls.join(','), SIGNPOST_DNS_STALE_AFTER: '4', ...more,
  };
  return startServer({ env });
}

async function portsOf({ dnsPort }: TestServer, service: string): Promise<number[]> {
  const { answers } = await query(dnsPort, `_${service}._tcp.svc.internal`, 'SRV');
  return (answers as unknown as { data: { port: number } }[]).map(({ data }) => data.port).sort((one, other) => one - other);
}

/** The extended error (RFC 8914) in an answer; null without. */
async function extendedErrorOf({ dnsPort }: TestServer, name: string): Promise<number | null> {
  const { packet } = await query(dnsPort, name, 'SRV', { payload: 1232 });
  const opt = packet.additionals!.find(({ type }) => type === 'OPT') as unknown as { options: { code: number; data: Buffer }[] };
  return opt.options.find(({ code }) => code === 15)?.data.readUInt16BE(0) ?? null;
}

async function serialAt(dnsPort: number): Promise<number> {
  const { answers } = await query(dnsPort, 'svc.internal', 'SOA');
  return (answers as unknown as { data: { serial: number } }[])[0]!.data.serial;
}

/** Waits until every server answers with these ports. */
async function everywhere(service: string, ports: readonly number[], timeout = 5000): Promise<void> {
  for (const server of servers) {
    await vi.waitFor(async () => expect(await portsOf(server, service)).toEqual(ports), { timeout, interval: 20 });
  }
}

/** What servers hold, without what is each one's own: when it last heard of the owner. */
async function held({ url }: TestServer, service: string): Promise<unknown> {
  const { body } = await api(url, 'GET', `/v1/services/${service}/instances`);
  const instances = body.instances as { id: string; generation: number; revision: number; status: string }[];
  return instances.map(({ id, generation, revision, status }) => ({ id, generation, revision, status }));
}

function renew({ url }: TestServer, service: string, generation: number): Promise<{ status: number; headers: Headers }> {
  return api(url, 'POST', `/v1/services/${service}/instances/one/renew`, { generation });
}

test('what is registered at one server is answered by all, with one generation and revision', async () => {
  const [one, other, third] = servers as [TestServer, TestServer, TestServer];
  await register(one.url, 'shared', 'one', { address: '10.0.0.7', port: 81 });
  await register(other.url, 'shared', 'two', { address: '10.0.0.8', port: 82 });
  await everywhere('shared', [81, 82]);
  expect(await held(other, 'shared')).toEqual(await held(one, 'shared'));
  expect(await held(third, 'shared')).toEqual(await held(one, 'shared'));

  await api(third.url, 'DELETE', '/v1/services/shared/instances/one');
  await everywhere('shared', [82]);
});

/** Ports at which servers have their API, as one of them knows. */
async function serverPorts(server: TestServer): Promise<number[]> {
  const { body } = await api(server.url, 'GET', '/v1/services/_signpost/instances');
  return (body.instances as { port: number }[]).map(({ port }) => port).sort((one, other) => one - other);
}

/** Ports of the APIs of `some`. */
function portsOfApis(some: readonly TestServer[]): number[] {
  return some.map(({ url }) => Number(new URL(url).port)).sort((one, other) => one - other);
}

test('servers are instances of _signpost, in DNS too, and name servers where they are public', async () => {
  await using late = await startNode({ SIGNPOST_ADVERTISE: '9.9.9.9' });
  for (const server of servers) {
    await vi.waitFor(async () => expect(await serverPorts(server)).toEqual(portsOfApis([...servers, late])));
    // What others committed is listed a moment before the workers answer with it.
    await vi.waitFor(async () => {
      expect((await query(server.dnsPort, '_signpost.svc.internal', 'SRV')).answers).toHaveLength(4);
    });
    const { answers: nameServers } = await query(server.dnsPort, 'svc.internal', 'NS');
    expect(nameServers).toMatchObject([{ data: 'ns-9-9-9-9.svc.internal' }]);
  }
  expect((await api(servers[0]!.url, 'PUT', '/v1/services/_signpost/instances/a', { port: 1 })).status).toBe(400);
  await late.stop();
  for (const server of servers) {
    await vi.waitFor(async () => expect(await portsOf(server, 'signpost')).toEqual(portsOfApis(servers)));
    const { answers } = await query(server.dnsPort, 'svc.internal', 'NS');
    expect(answers).toMatchObject([{ data: 'ns1.svc.internal' }]);
  }
});

test('the serial of a zone is the same on all servers, whenever they started and whatever is left of it', async () => {
  const one = servers[0]!;
  await register(one.url, 'brief', 'one', { address: '10.0.0.7', port: 81 });
  await api(one.url, 'DELETE', '/v1/services/brief/instances/one');
  await api(one.url, 'PUT', '/v1/services/brief', { ttl: 9 });
  await api(one.url, 'DELETE', '/v1/services/brief');
  await using late = await startNode();
  await vi.waitFor(async () => {
    const serials = await Promise.all([...servers, late].map(({ dnsPort }) => serialAt(dnsPort)));
    expect(new Set(serials).size).toBe(1);
  });
});

test('servers that are told to change one instance at once all do it, one after the other', async () => {
  for (let round = 0; round < 5; round++) {
    const replies = await Promise.all(servers.map(({ url }, index) => (
      register(url, 'raced', 'one', { address: '10.0.0.7', port: 90 + index, weight: 10 * round + index })
    )));
    const generations = replies.map(({ body }) => body.generation as number);
    expect(new Set(generations).size).toBe(servers.length);
    const winner = generations.indexOf(Math.max(...generations));
    await everywhere('raced', [90 + winner]);
  }
});

test('renewals may go to any server; without them the lease ends on all', async () => {
  const { body } = await register(servers[0]!.url, 'roaming', 'one', { address: '10.0.0.7', port: 83, lease: 2 });
  await everywhere('roaming', [83]);
  for (let round = 0; round < 12; round++) {
    expect((await renew(servers[1 + (round % 2)]!, 'roaming', body.generation)).status).toBe(200);
    await pause(500);
    for (const server of servers) expect(await portsOf(server, 'roaming')).toEqual([83]);
  }
  await everywhere('roaming', [], 15_000);
  expect((await renew(servers[2]!, 'roaming', body.generation)).status).toBe(410);
});

test('checks go on when the server that runs them is killed', async () => {
  const backend = await startBackend('checked');
  try {
    const checks = [{ type: 'http', path: '/ok', interval: 1, fall: 1 }];
    const instance = { address: '127.0.0.1', port: backend.port, checks, permanent: true };
    await register(servers[0]!.url, 'checked', 'one', instance);
    await everywhere('checked', [backend.port], 10_000);
    // Whichever runs it: one after the other is killed.
    for (let round = 0; round < 2; round++) {
      await servers.shift()!.stop('SIGKILL');
      servers.push(await startNode());
    }
  } finally {
    await backend.stop();
  }
  await everywhere('checked', [], 20_000);
}, 60_000);

test('of the servers that were killed none is an instance of _signpost', () => {
  return everywhere('signpost', portsOfApis(servers), 20_000);
}, 30_000);

test('while all of etcd is gone, answers go on, nothing leaves, and writes are refused at once', async () => {
  const { body } = await register(servers[0]!.url, 'static', 'one', { address: '10.0.0.7', port: 85, lease: 2 });
  await everywhere('static', [85]);
  await Promise.all(etcd.members.map((member) => member.stop('SIGKILL')));
  const instance = { address: '10.0.0.8', port: 86 };
  for (const server of servers) {
    const { status, headers } = await api(server.url, 'PUT', '/v1/services/static/instances/two', instance);
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect((await renew(server, 'static', body.generation)).status).toBe(503);
    await vi.waitFor(async () => expect((await fetch(`${server.url}/readyz`)).status).toBe(503), 10_000);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(/^signpost_stale_seconds [1-9]/m);
  }
  for (const server of servers) {
    expect(await portsOf(server, 'static')).toEqual([85]);
    await vi.waitFor(async () => expect(await extendedErrorOf(server, '_static._tcp.svc.internal')).toBe(3), 5000);
  }
  await Promise.all(etcd.members.map((member) => member.start()));
  await vi.waitFor(async () => expect((await renew(servers[1]!, 'static', body.generation)).status).toBe(200), 15_000);
  await vi.waitFor(async () => {
    for (const server of servers) {
      expect(await portsOf(server, 'static')).toEqual([85]);
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      expect(await extendedErrorOf(server, '_static._tcp.svc.internal')).toBeNull();
    }
  }, 10_000);
  await register(servers[2]!.url, 'static', 'two', { ...instance, permanent: true });
  await everywhere('static', [86], 15_000);
}, 90_000);
