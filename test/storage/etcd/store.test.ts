import { setTimeout as pause } from 'node:timers/promises';
import { AlarmAction, AlarmType, Etcd3 } from 'etcd3';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Follower, SharedRenewal, StoredChange } from '../../../src/registry/store.ts';
import { openLog } from '../../../src/runtime/log.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { Commits } from '../../../src/storage/etcd/commits.ts';
import { EtcdKeys } from '../../../src/storage/etcd/keys.ts';
import { EtcdServers, type EtcdSettings } from '../../../src/storage/etcd/servers.ts';
import { EtcdStore } from '../../../src/storage/etcd/store.ts';
import { startEtcd, type TestEtcd } from '../../support/etcd.ts';
import { anInstance, aService, put, registeredAt, remove, settings, stored, testStore } from '../contract.ts';

const silent = openLog('silent', false);
const opened: EtcdStore[] = [];
let etcd: TestEtcd;
let prefixes = 0;

beforeAll(async () => {
  etcd = await startEtcd();
}, 30_000);
afterAll(() => etcd[Symbol.asyncDispose]());
afterEach(() => closeAll());

async function closeAll(): Promise<void> {
  for (const store of opened.splice(0)) await store.close();
}

function settingsFor(prefix: string): EtcdSettings {
  return { endpoints: etcd.urls, user: null, password: null, prefix, tls: { ca: null, cert: null, key: null } };
}

async function open(prefix: string): Promise<EtcdStore> {
  const store = await EtcdStore.open(settingsFor(prefix), systemClock, silent);
  opened.push(store);
  return store;
}

function freshPrefix(): string {
  return `/test/${prefixes++}/`;
}

testStore('etcd', () => {
  const prefix = freshPrefix();
  return Promise.resolve({ open: () => open(prefix), durable: true, clean: closeAll });
});

/** Writes down what a store hands on. */
class Notebook implements Follower {
  readonly changes: StoredChange[] = [];
  readonly renewals: SharedRenewal[] = [];
  readonly relists: number[] = [];
  /** Instances of all relists. */
  seen = 0;

  revision = 0;

  changed(changes: readonly StoredChange[], revision: number): void {
    this.changes.push(...changes);
    this.revision = revision;
  }

  committed(): void {
    // What is this store's own it resolves with.
  }

  renewed(renewals: readonly SharedRenewal[]): void {
    this.renewals.push(...renewals);
  }

  async relisted({ revision, batches }: Parameters<Follower['relisted']>[0]): Promise<void> {
    for await (const { instances } of batches) this.seen += instances.length;
    this.relists.push(revision);
  }
}

async function openTwo(): Promise<{ one: EtcdStore; other: EtcdStore; heard: Notebook; otherHeard: Notebook }> {
  const prefix = freshPrefix();
  const [one, other] = [await open(prefix), await open(prefix)];
  const [heard, otherHeard] = [new Notebook(), new Notebook()];
  for (const [store, notebook] of [[one, heard], [other, otherHeard]] as const) {
    await store.snapshot();
    store.follow(notebook);
    await vi.waitFor(() => store.commit([{ kind: 'revision' }]), 5000);
  }
  return { one, other, heard, otherHeard };
}

test('what one server commits the other hears, at the same revision', async () => {
  const { one, heard, otherHeard } = await openTwo();
  const [revision] = await one.commit([put(anInstance('a')), settings(aService('web'))]);
  const ref = { zone: 'svc.internal', service: 'web' };
  await vi.waitFor(() => expect(otherHeard.changes).toEqual([
    { kind: 'instance', ref: { ...ref, id: 'a' }, revision, after: registeredAt(revision!, anInstance('a')) },
    { kind: 'service', ref, revision, after: aService('web', { revision: revision! }) },
  ]));
  expect(heard.changes).toEqual([]);
});

test('a revision that is taken for nothing is heard of, and is that of a server that opens later', async () => {
  const { one, other, otherHeard } = await openTwo();
  await one.commit([put(anInstance('a'))]);
  const [revision] = await one.commit([{ kind: 'revision' }]);
  await vi.waitFor(() => expect(otherHeard.revision).toBe(revision));
  const late = await open(`/test/${prefixes - 1}/`);
  expect([one, other, late].map((store) => store.revision)).toEqual([revision, revision, revision]);
});

test('a removal comes with its tombstone', async () => {
  const { one, otherHeard } = await openTwo();
  const [revision] = await one.commit([put(anInstance('a'))]);
  await one.commit([remove(registeredAt(revision!, anInstance('a')))]);
  const all = { kind: 'instance', after: null };
  await vi.waitFor(() => expect(otherHeard.changes).toContainEqual(expect.objectContaining(all)));
  expect(otherHeard.changes.some(({ kind }) => kind === 'tombstone')).toBe(true);
});

test('when a commit resolves, all that others committed before has been handed on', async () => {
  const { one, other, heard } = await openTwo();
  for (let round = 0; round < 20; round++) {
    await other.commit([put(anInstance(`a${round}`))]);
    await one.commit([put(anInstance(`b${round}`))]);
    expect(heard.changes).toHaveLength(round + 1);
  }
});

test.each([
  ['a registration of what is there', (revision: number) => [put(anInstance('a'), revision - revision)]],
  ['a change of what has changed', (revision: number) => [put(anInstance('a'), revision - 1)]],
  ['a removal of what has changed', (revision: number) => [remove(registeredAt(revision - 1, anInstance('a')))]],
])('refuses %s with conflict, says which it was, and does nothing', async (_, writes) => {
  const store = await open(freshPrefix());
  const [revision] = await store.commit([put(anInstance('a'))]);
  const lostRace = { code: 'conflict', lost: new Set([1]) };
  await expect(store.commit([put(anInstance('b')), ...writes(revision!)])).rejects.toMatchObject(lostRace);
  expect([...(await stored(store)).instances.keys()]).toEqual(['web/a']);
});

test('a registration that comes to etcd after the instance was deregistered does not bring it back', async () => {
  const prefix = freshPrefix();
  const store = await open(prefix);
  const [revision] = await store.commit([put(anInstance('a'))]);
  const [removed] = await store.commit([remove(registeredAt(revision!, anInstance('a')))]);
  const servers = await EtcdServers.load(settingsFor(prefix), systemClock);
  try {
    const commits = new Commits({ servers, keys: new EtcdKeys(prefix), clock: systemClock, server: 'late' });
    const until = systemClock.now() + 2000;
    const late = commits.commit([put(anInstance('b')), put(anInstance('a'))], 'late', revision!, until);
    await expect(late).rejects.toMatchObject({ code: 'conflict', lost: new Set([1]) });
    expect([...(await stored(store)).instances.keys()]).toEqual([]);
    await commits.commit([put(anInstance('a'))], 'informed', removed!, until);
    expect([...(await stored(store)).instances.keys()]).toEqual(['web/a']);
  } finally {
    servers.close();
  }
});

test('removals go on when etcd has lost the lease of tombstones', async () => {
  const { one: store } = await openTwo();
  const [revision] = await store.commit([put(anInstance('a')), put(anInstance('b'))]);
  const [a, b] = ['a', 'b'].map((id) => registeredAt(revision!, anInstance(id)));
  await store.commit([remove(a!)]);
  const client = new Etcd3({ hosts: [...etcd.urls] });
  const { kvs } = await client.kv.range({ key: new EtcdKeys(`/test/${prefixes - 1}/`).tombstone(a!) });
  await client.leaseClient.leaseRevoke({ ID: kvs[0]!.lease });
  client.close();
  await store.commit([remove(b!)]);
});

test('an etcd that lost everything is no empty store, until a server makes one there', async () => {
  const { one: store, heard } = await openTwo();
  await store.commit([put(anInstance('a'))]);
  const prefix = `/test/${prefixes - 1}/`;
  const client = new Etcd3({ hosts: [...etcd.urls] });
  await client.delete().prefix(prefix);
  await vi.waitFor(() => expect(store.catchUp()).rejects.toMatchObject({ code: 'format' }), 5000);
  await expect(store.snapshot()).rejects.toMatchObject({ code: 'format' });
  expect([await client.getAll().prefix(prefix).keys(), heard.relists]).toEqual([[], []]);
  client.close();
  await (await open(prefix)).commit([put(anInstance('a'))]);
});

test('a server starts while etcd has no space, and takes writes when it has', async () => {
  const prefix = freshPrefix();
  await open(prefix);
  const client = new Etcd3({ hosts: [...etcd.urls] });
  const { header: { member_id: memberID } } = await client.maintenance.status();
  const alarm = (action: AlarmAction) => client.maintenance.alarm({ action, memberID, alarm: AlarmType.Nospace });
  await alarm(AlarmAction.Activate);
  const store = await open(prefix);
  await expect(store.commit([put(anInstance('a'))])).rejects.toMatchObject({ code: 'full' });
  await alarm(AlarmAction.Deactivate);
  client.close();
  await store.commit([put(anInstance('a'))]);
});

test('a lease does not end while some renewal may be unheard of; whoever is told to go, goes', async () => {
  const prefix = freshPrefix();
  const store = await open(prefix);
  const [revision] = await store.commit([put(anInstance('a')), put(anInstance('b'))]);
  const [a, b] = [registeredAt(revision!, anInstance('a')), registeredAt(revision!, anInstance('b'))];
  await store.snapshot();
  store.follow(new Notebook());
  await vi.waitFor(() => store.renew({ zone: 'svc.internal', service: 'web', id: 'a', generation: revision! }), 5000);
  const servers = await EtcdServers.load(settingsFor(prefix), systemClock);
  try {
    const commits = new Commits({ servers, keys: new EtcdKeys(prefix), clock: systemClock, server: 'other' });
    const until = systemClock.now() + 2000;
    const end = commits.commit([remove(b), remove(a, true)], 'end', revision!, until);
    await expect(end).rejects.toMatchObject({ code: 'conflict', lost: new Set([1]) });
    await commits.commit([remove(b)], 'asked', revision!, until);
    expect([...(await stored(store)).instances.keys()]).toEqual(['web/a']);
  } finally {
    servers.close();
  }
});

test('a renewal reaches all servers before it resolves at the one that took it', async () => {
  const { one, heard, otherHeard } = await openTwo();
  const renewal = { zone: 'svc.internal', service: 'web', id: 'a', generation: 7 };
  await one.renew(renewal);
  expect(heard.renewals).toEqual([renewal]);
  await vi.waitFor(() => expect(otherHeard.renewals).toEqual([renewal]));
});

test('servers know of each other', async () => {
  const { one, other } = await openTwo();
  const both = [one.server, other.server].sort();
  await vi.waitFor(() => expect([one.servers, other.servers]).toEqual([both, both]), 5000);
  await other.close();
  await vi.waitFor(() => expect(one.servers).toEqual([one.server]), 5000);
});

test('while etcd stands still, writes and renewals are refused, and afterwards all goes on', async () => {
  const { one, otherHeard } = await openTwo();
  await etcd.members[0]!.hang();
  try {
    const renewal = { zone: 'svc.internal', service: 'web', id: 'a', generation: 7 };
    const refused = { code: 'unavailable' };
    await Promise.all([
      expect(one.commit([put(anInstance('a'))])).rejects.toMatchObject(refused),
      expect(one.renew(renewal)).rejects.toMatchObject(refused),
    ]);
    await expect(one.commit([put(anInstance('b'))])).rejects.toMatchObject(refused);
    await vi.waitFor(() => expect(one.stale).toBeGreaterThan(0), 5000);
  } finally {
    etcd.members[0]!.process.kill('SIGCONT');
  }
  await vi.waitFor(() => one.commit([put(anInstance('c'))]), { timeout: 8000, interval: 100 });
  const isThere = { kind: 'instance', ref: expect.objectContaining({ id: 'c' }) as unknown };
  await vi.waitFor(() => expect(otherHeard.changes).toContainEqual(expect.objectContaining(isThere)), 5000);
  expect(one.stale).toBe(0);
}, 30_000);

test('when etcd was killed and came back, everything is read anew and commits go on', async () => {
  const { one, heard } = await openTwo();
  await etcd.members[0]!.stop('SIGKILL');
  await pause(100);
  await etcd.members[0]!.start();
  await vi.waitFor(() => one.commit([put(anInstance('a'))]), { timeout: 8000, interval: 100 });
  expect(heard.relists.length).toBeGreaterThan(0);
}, 30_000);
