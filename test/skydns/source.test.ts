/** Keys on a real etcd as zones: what comes, changes, goes, or is of no use; and etcd itself going and coming back. */
import { Etcd3 } from 'etcd3';
import { afterAll, afterEach, beforeAll, expect, type Mock, test, vi } from 'vitest';
import { openLog } from '../../src/runtime/log.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { type SkydnsSettings, SkydnsSource } from '../../src/skydns/source.ts';
import { parseName } from '../../src/wire/name.ts';
import { ZoneModel } from '../publish/support.ts';
import { startEtcd, type TestEtcd } from '../support/etcd.ts';

const opened: SkydnsSource[] = [];
let etcd: TestEtcd;
let client: Etcd3;
let prefixes = 0;

beforeAll(async () => {
  etcd = await startEtcd();
  client = new Etcd3({ hosts: [...etcd.urls] });
}, 30_000);
afterEach(async () => {
  for (const source of opened.splice(0)) await source.close();
});
afterAll(async () => {
  client.close();
  await etcd[Symbol.asyncDispose]();
});

interface Followed {
  readonly source: SkydnsSource;
  /** What is served: `a.skydns.test. 300 IN A 10.0.0.1`, without apex and name server. */
  readonly lines: () => string[];
  readonly serial: () => number;
  readonly warn: Mock;
}

async function follow(prefix: string, settings: Partial<SkydnsSettings> = {}): Promise<Followed> {
  const model = new ZoneModel();
  const log = openLog('silent', false);
  const warn = vi.spyOn(log, 'warn') as Mock;
  const tls = { ca: null, cert: null, key: null };
  const source = await SkydnsSource.open(
    {
      etcd: { endpoints: etcd.urls, user: null, password: null, prefix, tls },
      zones: [parseName('skydns.test.')],
      addresses: ['127.0.0.1'],
      mostKeys: 100,
      ...settings,
    },
    {
      clock: systemClock,
      log,
      sink: {
        open: (zone, records, serial) => {
          const added = [...records.rrsets()];
          model.apply([{ zone, serial, stale: false, kind: 'load', removed: [], added, marks: [] }]);
          return Promise.resolve();
        },
        change: (zone, difference, serial) => {
          model.apply([{ zone, serial, stale: false, kind: 'update', ...difference }]);
          return Promise.resolve();
        },
      },
    },
  );
  opened.push(source);
  return {
    source,
    lines: () => model.lines().filter((line) => !/^(skydns\.test|ns\.dns)/.test(line)),
    serial: () => model.serials.get(parseName('skydns.test.')) ?? 0,
    warn,
  };
}

function freshPrefix(): string {
  return `/test${prefixes++}/`;
}

async function put(prefix: string, keys: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [key, said] of Object.entries(keys)) {
    await client.put(`${prefix}test/skydns/${key}`).value(typeof said === 'string' ? said : JSON.stringify(said));
  }
}

const address = (last: number) => ({ host: `10.0.0.${last}`, port: -1 });

test('keys that are there are served at once, and every change of them soon after', async () => {
  const prefix = freshPrefix();
  await put(prefix, { a: address(1), b: address(2) });
  const { lines, serial } = await follow(prefix);
  expect(lines()).toEqual(['a.skydns.test. 300 IN A 10.0.0.1', 'b.skydns.test. 300 IN A 10.0.0.2']);
  const before = serial();
  await put(prefix, { a: address(3), c: address(4) });
  await client.delete().key(`${prefix}test/skydns/b`);
  await vi.waitFor(() => expect(lines()).toEqual(['a.skydns.test. 300 IN A 10.0.0.3', 'c.skydns.test. 300 IN A 10.0.0.4']));
  expect(serial()).toBeGreaterThan(before);
});

test('a key with a lease has a short TTL, and is gone when the lease is', async () => {
  const prefix = freshPrefix();
  const lease = client.lease(60);
  await lease.put(`${prefix}test/skydns/a`).value(JSON.stringify(address(1)));
  const { lines } = await follow(prefix);
  expect(lines()).toEqual(['a.skydns.test. 30 IN A 10.0.0.1']);
  await lease.revoke();
  await vi.waitFor(() => expect(lines()).toEqual([]));
});

test('what cannot be served is left out, counted, and told in one line', async () => {
  const prefix = freshPrefix();
  await put(prefix, { a: address(1), 'b.c': address(2), d: '{', e: { host: 7 }, f: {}, g: { text: 'x'.repeat(20_000) } });
  await client.put(`${prefix}org/example/a`).value(JSON.stringify(address(9)));
  const { source, lines, warn } = await follow(prefix);
  expect(lines()).toEqual(['a.skydns.test. 300 IN A 10.0.0.1']);
  expect(Object.fromEntries(source.skipped)).toEqual({ name: 1, json: 1, field: 1, empty: 1, size: 1, zone: 1 });
  expect(source.keys).toEqual([{ zone: 'skydns.test', count: 1 }]);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn).toHaveBeenCalledWith(expect.objectContaining({ count: 5 }), 'these keys are left out');
});

test('of keys that are left out no more is kept and logged than people read', async () => {
  const prefix = freshPrefix();
  await client.put(`${prefix}test/skydns/${'x'.repeat(100_000)}`).value('{}');
  for (let n = 0; n < 20; n++) await client.put(`${prefix}test/skydns/k${n}`).value('{}');
  const { warn } = await follow(prefix);
  const [{ keys, count }] = warn.mock.calls[0] as [{ keys: unknown[]; count: number }];
  expect([keys.length, count]).toEqual([5, 21]);
  expect(JSON.stringify(keys).length).toBeLessThan(3000);
});

test('a key that comes to say something of no use leaves', async () => {
  const prefix = freshPrefix();
  await put(prefix, { a: address(1), b: address(2) });
  const { lines } = await follow(prefix);
  await put(prefix, { a: 'no JSON' });
  await vi.waitFor(() => expect(lines()).toEqual(['b.skydns.test. 300 IN A 10.0.0.2']));
});

test('of more keys than are allowed the rest is left out, until others have left', async () => {
  const prefix = freshPrefix();
  await put(prefix, { a: address(1), b: address(2), c: address(3) });
  const { source, lines } = await follow(prefix, { mostKeys: 2 });
  expect(lines()).toHaveLength(2);
  expect(source.skipped.get('limit')).toBe(1);
  await put(prefix, { d: address(4), a: address(5) });
  await vi.waitFor(() => expect(lines()).toEqual(['a.skydns.test. 300 IN A 10.0.0.5', 'b.skydns.test. 300 IN A 10.0.0.2']));
  await client.delete().key(`${prefix}test/skydns/b`);
  await put(prefix, { d: address(4) });
  await vi.waitFor(() => expect(lines()).toContain('d.skydns.test. 300 IN A 10.0.0.4'));
});

test('a key belongs to the deepest zone that it is in', async () => {
  const prefix = freshPrefix();
  await put(prefix, { a: address(1), 'sub/a': address(2) });
  const zones = ['skydns.test.', 'sub.skydns.test.'].map((zone) => parseName(zone));
  const { source, lines } = await follow(prefix, { zones });
  expect(source.keys).toEqual([{ zone: 'skydns.test', count: 1 }, { zone: 'sub.skydns.test', count: 1 }]);
  expect(lines()).toContain('a.sub.skydns.test. 300 IN A 10.0.0.2');
});

test('a name with more than one alias has no CNAME, and the log says which keys wanted one', async () => {
  const prefix = freshPrefix();
  const { lines, warn } = await follow(prefix);
  await put(prefix, { 'www/1': { host: 'one.example', targetstrip: 1 }, 'www/2': { host: 'two.example', targetstrip: 1 } });
  await vi.waitFor(() => expect(lines()).toContain('www.skydns.test. 300 IN SRV 10 100 0 two.example.'));
  expect(lines().filter((line) => line.startsWith('www.')).join()).not.toContain('CNAME');
  const key = `${prefix}test/skydns/www/2`;
  expect(warn).toHaveBeenCalledWith(expect.objectContaining({ keys: [key] }), expect.stringContaining('no CNAME'));
});

test('while etcd is away all stays as it is; then what changed meanwhile is served, compacted or not', async () => {
  const prefix = freshPrefix();
  await put(prefix, { a: address(1), b: address(2) });
  const { source, lines, serial } = await follow(prefix);
  const [member] = etcd.members;
  await member!.stop('SIGKILL');
  await vi.waitFor(() => expect(source.stale).toBeGreaterThan(0), 5000);
  expect(lines()).toHaveLength(2);
  const before = serial();
  await member!.start();
  await client.delete().key(`${prefix}test/skydns/a`);
  await put(prefix, { b: address(3) });
  const { header } = await client.kv.range({ key: Buffer.from(prefix) });
  await client.kv.compact({ revision: header.revision, physical: true });
  await vi.waitFor(() => expect(lines()).toEqual(['b.skydns.test. 300 IN A 10.0.0.3']), 10_000);
  await vi.waitFor(() => expect(source.stale).toBe(0), 10_000);
  expect(serial()).toBeGreaterThan(before);
  await put(prefix, { c: address(4) });
  await vi.waitFor(() => expect(lines()).toContain('c.skydns.test. 300 IN A 10.0.0.4'));
}, 30_000);

test('while etcd stands still nothing is lost', async () => {
  const prefix = freshPrefix();
  await put(prefix, { a: address(1) });
  const { source, lines } = await follow(prefix);
  etcd.members[0]!.process.kill('SIGSTOP');
  await vi.waitFor(() => expect(source.stale).toBeGreaterThan(0), 15_000);
  expect(lines()).toHaveLength(1);
  etcd.members[0]!.process.kill('SIGCONT');
  await put(prefix, { b: address(2) });
  await vi.waitFor(() => expect(lines()).toHaveLength(2), 10_000);
}, 40_000);

test('where etcd is away at the start, the zones are served once it is there', async () => {
  const prefix = freshPrefix();
  await put(prefix, { a: address(1) });
  const [member] = etcd.members;
  await member!.stop('SIGKILL');
  const { source, lines } = await follow(prefix);
  expect([source.isLoaded, lines()]).toEqual([false, []]);
  await member!.start();
  await vi.waitFor(() => expect(lines()).toEqual(['a.skydns.test. 300 IN A 10.0.0.1']), 10_000);
  expect(source.isLoaded).toBe(true);
}, 30_000);
