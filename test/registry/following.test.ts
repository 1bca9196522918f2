/** A registry on a store that others write to as well. */
import { describe, expect, test } from 'vitest';
import type { RegistryParts } from '../../src/registry/parts.ts';
import { Registry } from '../../src/registry/registry.ts';
import type { Change } from '../../src/registry/change.ts';
import { defaultRegistrySettings } from '../../src/registry/settings.ts';
import {
  type Follower, LostRace, type SharedRenewal, type SharedStore, type StoredChange, StoreError, type StoreWrite,
} from '../../src/registry/store.ts';
import { MemoryStore } from '../../src/storage/memory.ts';
import { FakeClock, settled } from '../support/clock.ts';
import { anInstance, aService, stored } from '../storage/contract.ts';
import { caller, silent, web, webRef, zone } from './support.ts';

/** A shared store whose other servers are played by the test. */
class ScriptedStore extends MemoryStore implements SharedStore {
  readonly server = 'here';
  readonly servers = ['here'];
  stale = 0;
  silence = 0;
  follower: Follower | null = null;
  readonly renewals: SharedRenewal[] = [];
  trouble: StoreError | null = null;
  /** What others have committed that this one hears of only when it asks. */
  unheard: StoredChange[] = [];

  follow(follower: Follower): void {
    this.follower = follower;
  }

  renew(renewal: SharedRenewal): Promise<void> {
    if (this.trouble !== null) return Promise.reject(this.trouble);
    this.renewals.push(renewal);
    return Promise.resolve();
  }

  catchUp(): Promise<void> {
    if (this.trouble !== null) return Promise.reject(this.trouble);
    this.follower!.changed(this.unheard.splice(0), this.revision);
    return Promise.resolve();
  }

  /** Commits wait for it. */
  gate: Promise<void> = Promise.resolve();
  readonly removals: string[] = [];

  override async commit(writes: readonly StoreWrite[]): Promise<readonly number[]> {
    for (const write of writes) if (write.kind === 'remove-instance') this.removals.push(write.value.id);
    await this.gate;
    if (this.trouble !== null) throw this.trouble;
    return super.commit(writes);
  }

  /** Lets commits wait until what is returned is called. */
  shut(): () => void {
    let open = (): void => {};
    this.gate = new Promise((resolve) => (open = resolve));
    return open;
  }
}

async function open(parts: Partial<RegistryParts> = {}) {
  const [store, clock] = [new ScriptedStore(), new FakeClock()];
  const published: Change[] = [];
  const revisions: number[] = [];
  const registry = await Registry.open({
    store,
    clock,
    log: silent,
    zones: [zone],
    settings: defaultRegistrySettings,
    publish: (changes, revision) => {
      published.push(...changes);
      revisions.push(revision);
      return Promise.resolve({ heldFor: 0 });
    },
    ...parts,
  });
  const causes = () => published.map((change) => [change.revision, change.kind === 'service' ? 'service' : change.cause]);
  return { store, clock, registry, causes, revisions };
}

function foreign(revision: number, id: string, what: object | null = {}): StoredChange {
  const after = what === null ? null : anInstance(id, { generation: 5, revision, checks: [], observed: null, ...what });
  return { kind: 'instance', ref: webRef(id), revision, after };
}

test('what others register, change, drain and remove is published with its cause', async () => {
  const { store, registry, causes } = await open();
  store.follower!.changed([
    foreign(5, 'a'), foreign(6, 'a', { weight: 1 }), foreign(7, 'a', { weight: 1, declared: 'draining' }),
    { kind: 'service', ref: { zone, service: 'web' }, revision: 8, after: aService('web', { revision: 8 }) },
  ], 8);
  await settled();
  expect(registry.instance(zone, 'web', 'a')).toMatchObject({ generation: 5, revision: 7, weight: 1 });
  expect(registry.service(zone, 'web')?.revision).toBe(8);
  store.follower!.changed([foreign(9, 'a', null)], 9);
  await settled();
  expect(causes()).toEqual([[5, 'registered'], [6, 'updated'], [7, 'draining'], [8, 'service'], [9, 'deregistered']]);
  expect(registry.instanceCount).toBe(0);
});

test('entries of zones that are not served are left out', async () => {
  const { store, causes, revisions } = await open();
  store.follower!.changed([{ ...foreign(5, 'a'), ref: { ...webRef('a'), zone: 'other.internal' } } as StoredChange], 5);
  await settled();
  expect(causes()).toEqual([]);
  expect(revisions).toEqual([5]);
});

test('a renewal that another server took keeps the lease', async () => {
  const { store, clock, registry } = await open();
  const { instance } = await registry.register(web('a', { lease: 10 }), caller);
  for (let second = 0; second < 60; second++) {
    store.follower!.renewed([{ ...webRef('a'), generation: instance.generation }]);
    await clock.pass(1000);
  }
  expect(registry.instance(zone, 'web', 'a')).not.toBeNull();
  await clock.pass(20_000);
  expect(registry.instance(zone, 'web', 'a')).toBeNull();
});

test('a renewal that is heard of before a removal is written keeps the lease', async () => {
  const { store, clock, registry } = await open();
  const { instance } = await registry.register(web('a', { lease: 10 }), caller);
  const release = store.shut();
  const other = expect(registry.register(web('b', { permanent: true }), caller)).rejects.toMatchObject({
    code: 'store-unavailable',
  });
  await clock.pass(11_000);
  store.follower!.renewed([{ ...webRef('a'), generation: instance.generation }]);
  release();
  await other;
  await clock.pass(5000);
  expect(store.removals).toEqual([]);
  expect(registry.leaseOf(webRef('a'))).not.toBeNull();
});

test('a renewal that is heard of while a removal is written, and refused because of it, keeps the lease', async () => {
  const { store, clock, registry } = await open();
  const { instance } = await registry.register(web('a', { lease: 10 }), caller);
  const release = store.shut();
  await clock.pass(11_000);
  expect(store.removals).toEqual(['a']);
  store.follower!.renewed([{ ...webRef('a'), generation: instance.generation }]);
  store.trouble = new StoreError('conflict', 'a beat is newer');
  release();
  await settled();
  store.trouble = null;
  await clock.pass(9000);
  expect(store.removals).toEqual(['a']);
  expect(registry.instance(zone, 'web', 'a')).toMatchObject({ late: true });
  await clock.pass(10_000);
  expect(registry.instance(zone, 'web', 'a')).toBeNull();
});

describe('a lease that another server is to end', () => {
  test('is left to it for 5 s', async () => {
    const { store, clock, registry } = await open({ isOurs: () => false });
    await registry.register(web('a', { lease: 10 }), caller);
    await clock.pass(14_900);
    expect(store.removals).toEqual([]);
    await clock.pass(1000);
    expect(store.removals).toEqual(['a']);
    expect(registry.instance(zone, 'web', 'a')).toBeNull();
  });

  test('goes on when a renewal is heard of meanwhile', async () => {
    const { store, clock, registry } = await open({ isOurs: () => false });
    const { instance } = await registry.register(web('a', { lease: 10 }), caller);
    await clock.pass(12_000);
    store.follower!.renewed([{ ...webRef('a'), generation: instance.generation }]);
    await clock.pass(9000);
    expect(store.removals).toEqual([]);
    expect(registry.instance(zone, 'web', 'a')).not.toBeNull();
  });

  test('is forgotten when the other has ended it', async () => {
    const { store, clock, registry, causes } = await open({ isOurs: () => false });
    await registry.register(web('a', { lease: 10 }), caller);
    await clock.pass(11_000);
    store.follower!.changed([foreign(20, 'a', null)], 20);
    await clock.pass(60_000);
    expect(store.removals).toEqual([]);
    expect(causes().at(-1)).toEqual([20, 'expired']);
  });
});

test('a ttl check that another server is to write about is written here after 5 s', async () => {
  const { clock, registry } = await open({ isOurs: () => false });
  await registry.register(web('a', { permanent: true, checks: [{ type: 'ttl', interval: 10 }] }), caller);
  await clock.pass(14_000);
  expect(registry.instance(zone, 'web', 'a')?.observed).toBe('passing');
  await clock.pass(2000);
  expect(registry.instance(zone, 'web', 'a')?.observed).toBe('critical');
});

test('renewals and repeated registrations are shared before they are answered, or refused', async () => {
  const { store, registry } = await open();
  const { instance } = await registry.register(web('a'), caller);
  const renewal = { ...webRef('a'), generation: instance.generation };
  await registry.renew([renewal], caller);
  await registry.register(web('a'), caller);
  expect(store.renewals).toEqual([renewal, renewal]);
  store.trouble = new StoreError('unavailable', 'etcd does not answer');
  const [result] = await registry.renew([renewal], caller);
  expect(result).toMatchObject({ error: { code: 'store-unavailable' } });
  await expect(registry.register(web('a'), caller)).rejects.toMatchObject({ code: 'store-unavailable' });
});

test('what this server has not heard of is not refused for that', async () => {
  const { store, registry } = await open();
  const ref = { ...webRef('a'), generation: 5 };
  store.unheard = [foreign(5, 'a', { registeredBy: null })];
  expect(await registry.renew([ref], caller)).toMatchObject([{ instance: { id: 'a', revision: 5 } }]);
  store.unheard = [foreign(6, 'b', { registeredBy: null })];
  await registry.patch(webRef('b'), { weight: 1 }, caller);
  store.unheard = [foreign(7, 'c', { registeredBy: null })];
  await registry.deregister(webRef('c'), null, caller);
  store.unheard = [{ kind: 'service', ref: { zone, service: 'web' }, revision: 8, after: aService('web', { revision: 8 }) }];
  await registry.putService(zone, 'web', { ttl: 7 }, { ifMatch: 8 });
  expect(await registry.renew([{ ...webRef('d'), generation: 9 }], caller)).toMatchObject([{ error: { code: 'not-found' } }]);
});

test('while the store is out of reach nothing is said not to be there', async () => {
  const { store, registry } = await open();
  store.trouble = new StoreError('unavailable', 'etcd does not answer');
  const refused = { code: 'store-unavailable' };
  expect(await registry.renew([{ ...webRef('a'), generation: 5 }], caller)).toMatchObject([{ error: refused }]);
  await expect(registry.deregister(webRef('a'), null, caller)).rejects.toMatchObject(refused);
  await expect(registry.drain(webRef('a'), caller)).rejects.toMatchObject(refused);
});

test('nobody waits longer than 2 s for the store', async () => {
  const { store, clock, registry } = await open();
  const { instance } = await registry.register(web('a'), caller);
  const never = (): Promise<never> => new Promise(() => undefined);
  Object.assign(store, { commit: never, renew: never, catchUp: never });
  const asked = [
    registry.register(web('a'), caller), registry.register(web('b'), caller),
    registry.deregister(webRef('a'), null, caller), registry.drain(webRef('c'), caller),
  ];
  const refused = asked.map((outcome) => expect(outcome).rejects.toMatchObject({ code: 'store-unavailable' }));
  const renewed = registry.renew([{ ...webRef('a'), generation: instance.generation }], caller);
  await clock.pass(2000);
  await Promise.all(refused);
  expect(await renewed).toMatchObject([{ error: { code: 'store-unavailable' } }]);
});

test('a registration that lost races is decided on anew, five times at most', async () => {
  const { store, registry } = await open();
  store.unheard = [foreign(5, 'a', { registeredBy: null })];
  let races = 4;
  const commit = store.commit.bind(store);
  store.commit = (writes) => (races-- > 0 ? Promise.reject(new LostRace(new Set([0]))) : commit(writes));
  const { created, instance } = await registry.register(web('a', { weight: 1 }), caller);
  expect([created, instance.weight]).toEqual([false, 1]);
  races = 5;
  await expect(registry.register(web('a', { weight: 2 }), caller)).rejects.toMatchObject({ code: 'conflict' });
  expect(races).toBe(0);
});

test('while the store is out of reach nothing expires, and no check changes anything', async () => {
  const { store, clock, registry } = await open();
  const { instance } = await registry.register(web('a', { lease: 10 }), caller);
  store.trouble = new StoreError('unavailable', 'etcd does not answer');
  store.stale = 1;
  await clock.pass(600_000);
  await expect(registry.observe(webRef('a'), instance.generation, 'critical')).rejects.toMatchObject({
    code: 'store-unavailable',
  });
  expect(registry.instance(zone, 'web', 'a')).toEqual(instance);
});

test('time in which no renewal could be heard of is none of a lease\'s', async () => {
  const { store, clock, registry } = await open();
  await registry.register(web('a', { lease: 10 }), caller);
  await clock.pass(5000);
  store.silence = 2;
  await clock.pass(4000);
  store.silence = 0;
  await clock.pass(6000);
  expect(registry.leaseOf(webRef('a'))).not.toBeNull();
  await clock.pass(10_000);
  expect(registry.leaseOf(webRef('a'))).toBeNull();
});

test('a relist is applied as a difference', async () => {
  const { store, registry, causes, revisions } = await open();
  for (const id of ['stays', 'goes', 'changes']) await registry.register(web(id, { lease: 10 }), caller);
  const { instances } = await stored(store);
  const before = causes().length;
  const changed = { ...instances.get('web/changes')!, revision: 20, weight: 1 };
  const batch = { instances: [instances.get('web/stays')!, changed], services: [], tombstones: [] };
  // eslint-disable-next-line @typescript-eslint/require-await -- the interface is for stores that read in pieces
  const batches = (async function* () {
    yield batch;
  })();
  await store.follower!.relisted({ revision: 30, batches });
  expect(causes().slice(before)).toEqual([[20, 'updated'], [30, 'deregistered']]);
  expect(revisions.at(-1)).toBe(30);
});

test('what was heard of and waits to be published is compared with what is read anew, too', async () => {
  const gate: { open?: () => void } = {};
  const publish = () => new Promise<{ heldFor: number }>((resolve) => (gate.open = () => resolve({ heldFor: 0 })));
  const { store, registry } = await open({ publish });
  store.follower!.changed([foreign(5, 'a')], 5);
  await settled();
  store.follower!.changed([foreign(6, 'b')], 6);
  const relisted = store.follower!.relisted({ revision: 30, batches: (async function* () {})() });
  for (let publications = 0; publications < 3; publications++) {
    await settled();
    gate.open!();
  }
  await relisted;
  expect([...registry.allInstances()]).toEqual([]);
});
