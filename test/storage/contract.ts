/** What every store must do; each store's test runs this. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Instance } from '../../src/registry/instance.ts';
import type { Service } from '../../src/registry/service.ts';
import type { Store, StoredBatch, StoreWrite, Tombstone } from '../../src/registry/store.ts';

export interface StoreBench {
  /** Opens the store, again where it was closed or dropped, with what it held. */
  open(): Promise<Store>;
  /** True where what was committed survives `close`. */
  readonly durable: boolean;
  /** Removes all traces. */
  clean(): Promise<void>;
}

export function anInstance(id: string, what: Partial<Instance> = {}): Instance {
  return {
    zone: 'svc.internal',
    service: 'web',
    id,
    generation: 0,
    revision: 0,
    addresses: ['10.0.0.7', 'fd00::7'],
    port: 8080,
    protocol: 'tcp',
    ports: [{ name: 'grpc', port: 9090, protocol: 'udp' }],
    priority: 10,
    weight: 100,
    tags: ['v2'],
    meta: { commit: 'abc', '': 'ä\0"\n' },
    ttl: null,
    lease: 30,
    declared: 'passing',
    checks: [
      { type: 'http', path: '/health', port: 8080, interval: 10, timeout: 0.5, rise: 2, fall: 3 },
      { type: 'ttl', interval: 10 },
    ],
    observed: 'unknown',
    late: false,
    registeredFrom: '10.0.0.9',
    registeredBy: 'token',
    registeredAt: 1_767_225_600_123,
    ...what,
  };
}

export function aService(service: string, what: Partial<Service> = {}): Service {
  return {
    zone: 'svc.internal',
    service,
    revision: 0,
    ttl: 60,
    limit: null,
    selectors: [{ name: 'stable', all: ['v2'], none: ['canary'], limit: 3 }],
    emptyPolicy: 'fail-open',
    panicThreshold: 0.5,
    defaultLease: 10,
    checkDefaults: { interval: 5 },
    ...what,
  };
}

export function aTombstone({ zone, service, id, generation }: Instance): Tombstone {
  return { zone, service, id, generation, until: Date.UTC(2100, 0, 1) };
}

export const put = (value: Instance, expect = value.revision): StoreWrite => ({ kind: 'instance', value, expect });
export const remove = (value: Instance, hasEnded = false): StoreWrite => ({
  kind: 'remove-instance',
  value,
  tombstone: aTombstone(value),
  hasEnded,
});
export const settings = (value: Service, expect = value.revision): StoreWrite => ({ kind: 'service', value, expect });

/** Commits any number of writes, in as many commits as it takes. */
export async function commitAll(store: Store, writes: readonly StoreWrite[]): Promise<readonly number[]> {
  const { mostEntries = 2 * writes.length } = store;
  // No write touches more than two entries.
  const most = Math.floor(mostEntries / 2);
  const revisions: number[] = [];
  for (let from = 0; from < writes.length; from += most) {
    revisions.push(...(await store.commit(writes.slice(from, from + most))));
  }
  return revisions;
}

/** The instance as it was registered at `revision`. */
export function registeredAt(revision: number, instance: Instance): Instance {
  return { ...instance, generation: revision, revision };
}

export interface Stored {
  readonly revision: number;
  readonly instances: Map<string, Instance>;
  readonly services: Map<string, Service>;
  readonly tombstones: Map<string, Tombstone>;
}

/** All that a store holds, by name. */
export async function stored(store: Store): Promise<Stored> {
  const { revision, batches } = await store.snapshot();
  return { revision, ...(await gathered(batches)) };
}

async function gathered(batches: AsyncIterable<StoredBatch>): Promise<Omit<Stored, 'revision'>> {
  const all = {
    instances: new Map<string, Instance>(),
    services: new Map<string, Service>(),
    tombstones: new Map<string, Tombstone>(),
  };
  for await (const { instances, services, tombstones } of batches) {
    for (const instance of instances) all.instances.set(`${instance.service}/${instance.id}`, instance);
    for (const service of services) all.services.set(service.service, service);
    for (const tombstone of tombstones) all.tombstones.set(`${tombstone.service}/${tombstone.id}`, tombstone);
  }
  return all;
}

export function testStore(name: string, makeBench: () => Promise<StoreBench>): void {
  describe(`${name}:`, () => {
    const benches: StoreBench[] = [];
    const bench = async (): Promise<StoreBench> => {
      const made = await makeBench();
      benches.push(made);
      return made;
    };
    afterEach(async () => {
      for (const made of benches.splice(0)) await made.clean();
    });

    test('a new store is empty', async () => {
      const store = await (await bench()).open();
      expect(await stored(store)).toMatchObject({ instances: new Map(), services: new Map(), tombstones: new Map() });
      expect((await store.snapshot()).revision).toBe(store.revision);
    });

    test('what is committed is there as it was, with the revision it was given', async () => {
      const store = await (await bench()).open();
      const [first, second] = await store.commit([put(anInstance('a')), settings(aService('web'))]);
      const { instances, services, revision } = await stored(store);
      expect(instances).toEqual(new Map([['web/a', anInstance('a', { generation: first!, revision: first! })]]));
      expect(services).toEqual(new Map([['web', aService('web', { revision: second! })]]));
      expect(revision).toBe(store.revision);
    });

    test('a registration takes its revision as generation; a later change keeps it', async () => {
      const store = await (await bench()).open();
      const [generation] = await store.commit([put(anInstance('a'))]);
      const [revision] = await store.commit([put(anInstance('a', { generation: generation!, weight: 1 }), generation)]);
      expect((await stored(store)).instances.get('web/a')).toMatchObject({ generation, revision, weight: 1 });
    });

    test('revisions rise with every commit, and a snapshot says the last', async () => {
      const store = await (await bench()).open();
      const [first] = await store.commit([put(anInstance('a'))]);
      let last = store.revision;
      for (const writes of [
        [put(anInstance('b')), put(anInstance('c'))],
        [{ kind: 'revision' } as const],
        [remove(registeredAt(first!, anInstance('a')))],
      ]) {
        const revisions = await store.commit(writes);
        expect(revisions).toHaveLength(writes.length);
        expect(Math.min(...revisions)).toBeGreaterThan(last);
        expect([...revisions]).toEqual([...revisions].sort((one, other) => one - other));
        last = revisions.at(-1)!;
        expect(store.revision).toBe(last);
      }
      expect((await store.snapshot()).revision).toBe(last);
    });

    test('what is removed is gone and leaves its tombstone', async () => {
      const store = await (await bench()).open();
      const [generation, revision] = await store.commit([put(anInstance('a')), settings(aService('web'))]);
      const instance = registeredAt(generation!, anInstance('a'));
      const service = aService('web', { revision: revision! });
      await store.commit([remove(instance), { kind: 'remove-service', value: service }]);
      expect(await stored(store)).toMatchObject({
        instances: new Map(),
        services: new Map(),
        tombstones: new Map([['web/a', aTombstone(instance)]]),
      });
    });

    test('names that are prefixes of each other are kept apart', async () => {
      const store = await (await bench()).open();
      const names = [['web', 'a'], ['web', 'a-b'], ['web-a', 'b'], ['web', 'a0'], ['we', 'b']] as const;
      const [first] = await store.commit(names.map(([service, id]) => put(anInstance(id, { service }))));
      await store.commit([remove(registeredAt(first!, anInstance('a')))]);
      expect([...(await stored(store)).instances.keys()].sort()).toEqual(['we/b', 'web-a/b', 'web/a-b', 'web/a0']);
    });

    test('a snapshot is of one moment, whatever is committed while it is read', async () => {
      const store = await (await bench()).open();
      const registered = Array.from({ length: 3000 }, (_, index) => anInstance(`i${index}`));
      const revisions = await commitAll(store, registered.map((instance) => put(instance)));
      const { revision, batches } = await store.snapshot();
      const seen: Instance[] = [];
      for await (const { instances } of batches) {
        seen.push(...instances);
        const [changed, gone] = [3000 - seen.length, 3000 - seen.length + 1];
        if (instances.length === 0 || changed < 0) continue;
        await store.commit([
          put(anInstance(`i${changed}`, { weight: 7 }), revisions[changed]),
          put(anInstance(`new${seen.length}`)),
          ...(gone < 3000 ? [remove(registeredAt(revisions[gone]!, anInstance(`i${gone}`)))] : []),
        ]);
      }
      expect(seen).toHaveLength(3000);
      expect(seen.every((instance) => instance.revision <= revision && instance.weight === 100)).toBe(true);
    });

    test('after it was closed and opened again everything is there, and revisions go on', async () => {
      const place = await bench();
      if (!place.durable) return;
      const store = await place.open();
      const [, second] = await store.commit([put(anInstance('a')), put(anInstance('b')), settings(aService('web'))]);
      await store.commit([remove(registeredAt(second!, anInstance('b'))), { kind: 'revision' }]);
      const before = await stored(store);
      await store.close();
      const again = await place.open();
      expect(await stored(again)).toEqual(before);
      expect(again.revision).toBe(before.revision);
      expect((await again.commit([{ kind: 'revision' }]))[0]).toBeGreaterThan(before.revision);
    });
  });
}
