/**
 * A server whose zone comes from keys as CoreDNS and external-dns have them on etcd, asked by dig. Where CoreDNS is
 * installed, it is asked the same.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Etcd3 } from 'etcd3';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startEtcd, type TestEtcd } from '../support/etcd.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { findTool, runTool, toolsMissing } from '../support/tools.ts';

const keys: Record<string, unknown> = {
  // As the tests of CoreDNS have them.
  'region1/dev/server1/a': { host: 'dev.server1', port: 8080 },
  'region1/prod/server1/a': { host: '10.0.0.1', port: 8080 },
  'region1/prod/server1/b': { host: '10.0.0.2', port: 8080 },
  'region1/prod/server6/b': { host: '::1', port: 8080 },
  'region1/prod/server1/txt/a': { text: 'sometext' },
  'region1/prod/server1/txt/b': { text: 'moretext' },
  'region1/sub/b': { host: 'sub.server2', port: 80 },
  'priority': { host: 'priority.server1', priority: 333, port: 8080 },
  'targetstrip/a': { host: '10.0.0.1', port: 8080, targetstrip: 1 },
  'dns/ns/a': { host: '10.0.0.2' },
  'dns/ns/c/ns1': { host: '10.0.0.4', targetstrip: 1 },
  'dns/ns/c/ns2': { host: '10.0.0.5', targetstrip: 1 },
  'dns/apex/1': { host: '10.0.0.9' },
  'grp/a': { host: '10.2.0.1', group: 'g1' },
  'grp/sub/c': { host: '10.2.0.3', group: 'g2' },
  'weights/1': { host: '10.4.0.1', port: 1, weight: 50 },
  'weights/2': { host: '10.4.0.2', port: 1, weight: 150 },
  'mx/a': { host: '10.0.0.7', mail: true, priority: 5 },
  'own': { host: '10.3.0.1' },
  'own/x': { host: '10.3.0.2' },
  // As external-dns writes them.
  'www/1a2b3c4d': { host: '10.1.0.1', text: '"heritage=external-dns"', targetstrip: 1, ttl: 120 },
  'www/5a6b7c8d': { host: '10.1.0.2', targetstrip: 1, ttl: 120 },
  'a-www/01020304': { text: '"heritage=external-dns"', targetstrip: 1 },
  'lb/9a9b9c9d': { host: 'www.skydns.test', targetstrip: 1 },
};

let etcd: TestEtcd;
let client: Etcd3;
let server: TestServer;

beforeAll(async () => {
  etcd = await startEtcd();
  client = new Etcd3({ hosts: [...etcd.urls] });
  for (const [key, said] of Object.entries(keys)) await put(`test/skydns/${key}`, said);
  await put('arpa/in-addr/10/0/0/127', { host: 'reverse.skydns.test' });
  server = await startServer({
    env: {
      SIGNPOST_SKYDNS_ZONES: 'skydns.test,10.in-addr.arpa',
      SIGNPOST_SKYDNS_ENDPOINTS: etcd.urls.join(','),
      SIGNPOST_DNS_STALE_AFTER: '1',
    },
  });
}, 60_000);
afterAll(async () => {
  client.close();
  await server[Symbol.asyncDispose]();
  await etcd[Symbol.asyncDispose]();
});

async function put(key: string, said: unknown): Promise<void> {
  await client.put(`/skydns/${key}`).value(JSON.stringify(said));
}

/** The answer section of dig, sorted, as `NAME TTL TYPE DATA`; the status where it is not NOERROR. */
async function dig(port: number, name: string, type: string): Promise<string[]> {
  const args = ['@127.0.0.1', '-p', String(port), '+norec', '+tcp', '+noall', '+comments', '+answer', `${name}.`, type];
  const lines = (await runTool('dig', args)).split('\n');
  const status = /status: (\w+)/.exec(lines.join())?.[1] ?? 'none';
  if (status !== 'NOERROR') return [status];
  const answers = lines.filter((line) => line !== '' && !line.startsWith(';'));
  return answers.map((line) => line.split(/\s+/).filter((word) => word !== 'IN').join(' ')).sort();
}

test('records of all keys are answered with authority', async () => {
  if (toolsMissing('dig')) return;
  const port = server.dnsPort;
  expect(await dig(port, 'www.skydns.test', 'A')).toEqual(['www.skydns.test. 120 A 10.1.0.1', 'www.skydns.test. 120 A 10.1.0.2']);
  expect(await dig(port, 'lb.skydns.test', 'A')).toEqual([
    'lb.skydns.test. 300 CNAME www.skydns.test.', 'www.skydns.test. 120 A 10.1.0.1', 'www.skydns.test. 120 A 10.1.0.2',
  ]);
  expect(await dig(port, 'weights.skydns.test', 'SRV')).toEqual([
    'weights.skydns.test. 300 SRV 10 150 1 2.weights.skydns.test.', 'weights.skydns.test. 300 SRV 10 50 1 1.weights.skydns.test.',
  ]);
  expect(await dig(port, 'nobody.skydns.test', 'A')).toEqual(['NXDOMAIN']);
  expect(await dig(port, '127.0.0.10.in-addr.arpa', 'PTR')).toEqual(['127.0.0.10.in-addr.arpa. 300 PTR reverse.skydns.test.']);
});

test('a key that comes, changes or goes is answered, without a restart', async () => {
  if (toolsMissing('dig')) return;
  const answers = (...wanted: string[]) =>
    vi.waitFor(async () => expect(await dig(server.dnsPort, 'new.skydns.test', 'A')).toEqual(wanted), 5000);
  await answers('NXDOMAIN');
  await put('test/skydns/new/1', { host: '10.9.0.1' });
  await answers('new.skydns.test. 300 A 10.9.0.1');
  await put('test/skydns/new/1', { host: '10.9.0.2', ttl: 60 });
  await answers('new.skydns.test. 60 A 10.9.0.2');
  await client.delete().key('/skydns/test/skydns/new/1');
  await answers('NXDOMAIN');
});

test('explain says what the answer is made of, and metrics count the keys', async () => {
  const explained = await (await fetch(`${server.url}/v1/explain?name=www.skydns.test&type=A`)).json();
  expect(explained).toMatchObject({ zone: { name: 'skydns.test.', kind: 'external' }, outcome: 'answer' });
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain(`signpost_skydns_keys{zone="skydns.test"} ${Object.keys(keys).length}`);
});

test('a file of a zone that keys fill is refused, and the keys go on', async () => {
  await mkdir(server.zones, { recursive: true });
  await writeFile(join(server.zones, 'skydns.test.zone'), '@ 60 IN SOA ns admin 1 1 1 1 1\n@ 60 IN NS ns\nns 60 IN A 10.0.0.1\n');
  server.process.kill('SIGHUP');
  const refusal = expect.objectContaining({ msg: expect.stringContaining('the keys of SkyDNS fill this zone') as unknown });
  await vi.waitFor(() => expect(server.log).toContainEqual(refusal), 5000);
  if (toolsMissing('dig')) return;
  expect(await dig(server.dnsPort, 'www.skydns.test', 'A')).toHaveLength(2);
});

test('while etcd is gone all is answered as before, and says after a while that it may be stale', async () => {
  if (toolsMissing('dig')) return;
  const [member] = etcd.members;
  await member!.stop('SIGKILL');
  try {
    const stale = /^signpost_skydns_stale_seconds [\d.]*[1-9]/m;
    await vi.waitFor(async () => expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(stale), 10_000);
    expect(await dig(server.dnsPort, 'targetstrip.skydns.test', 'A')).toEqual(['targetstrip.skydns.test. 300 A 10.0.0.1']);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    const args = ['@127.0.0.1', '-p', String(server.dnsPort), 'targetstrip.skydns.test.', 'A'];
    await vi.waitFor(async () => expect(await runTool('dig', args)).toContain('EDE: 3 (Stale Answer)'), 5000);
  } finally {
    await member!.start();
  }
  await put('test/skydns/after', { host: '10.9.0.9' });
  await vi.waitFor(async () => expect(await dig(server.dnsPort, 'after.skydns.test', 'A')).toHaveLength(1), 10_000);
  await client.delete().key('/skydns/test/skydns/after');
}, 40_000);

describe('CoreDNS', () => {
  test('answers the same, weights in percent aside, where docs/skydns.md does not say otherwise', async () => {
    if (findTool('coredns') === null) {
      console.warn('passed over, not installed: coredns');
      return;
    }
    if (toolsMissing('dig')) return;
    const questions = [
      'a.server1.prod.region1 A', 'a.server1.prod.region1 SRV', 'a.server1.prod.region1 TXT', 'server1.prod.region1 A',
      'server1.prod.region1 SRV', 'prod.region1 AAAA', 'b.server6.prod.region1 AAAA', 'b.server6.prod.region1 SRV',
      'txt.server1.prod.region1 TXT', 'txt.server1.prod.region1 A', 'a.server1.dev.region1 SRV', 'region1 SRV',
      'priority SRV', 'targetstrip A', 'targetstrip SRV', 'a.targetstrip A', 'ns.dns A', 'c.ns.dns A', 'c.ns.dns SRV',
      'dns A', 'grp A', 'grp SRV', 'sub.grp A', 'weights A', 'weights SRV', 'mx MX', 'a.mx MX', 'own A', 'x.own A',
      'www A', 'www TXT', 'www SRV', '1a2b3c4d.www A', 'a-www TXT', 'lb A', 'nobody A', 'nobody.www A',
    ].map((question) => question.replace(' ', '.skydns.test '));
    questions.push('skydns.test A', 'skydns.test NS', '127.0.0.10.in-addr.arpa PTR');
    const core = await startCoreDns(etcd.urls);
    try {
      const answers = async (port: number): Promise<Record<string, string[]>> => {
        const all: Record<string, string[]> = {};
        for (const question of questions) {
          const [name, type] = question.split(' ') as [string, string];
          all[question] = (await dig(port, name, type)).map(withoutWeight).sort();
        }
        return all;
      };
      expect(await answers(server.dnsPort)).toEqual(await answers(core.port));
    } finally {
      await core.stop();
    }
  }, 60_000);
});

function withoutWeight(line: string): string {
  return line.replace(/ SRV (\d+) \d+ /, ' SRV $1 * ');
}

async function startCoreDns(endpoints: readonly string[]): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'signpost-coredns-'));
  const port = await freePort();
  const file = join(directory, 'Corefile');
  const plugins = ['bind 127.0.0.1', 'etcd {', 'path /skydns', `endpoint ${endpoints.join(' ')}`, '}'];
  await writeFile(file, [`skydns.test:${port} 10.in-addr.arpa:${port} {`, ...plugins, '}', ''].join('\n'));
  const child: ChildProcess = spawn(findTool('coredns')!, ['-conf', file], { stdio: 'ignore' });
  await once(child, 'spawn');
  const isUp = async () => expect(await dig(port, 'www.skydns.test', 'A')).toHaveLength(2);
  await vi.waitFor(isUp, { timeout: 10_000, interval: 100 });
  return {
    port,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A port that nobody listened on a moment ago. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
