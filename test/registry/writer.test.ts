import { pino } from 'pino';
import { expect, test } from 'vitest';
import { LostRace, StoreError, type StoreWrite } from '../../src/registry/store.ts';
import { Writer } from '../../src/registry/writer.ts';
import { MemoryStore } from '../../src/storage/memory.ts';
import { settled } from '../support/clock.ts';
import { caller, codeOf, openRegistry, web, webRef, zone } from './support.ts';

/** A memory store that counts its commits, and refuses those that `refuse` has an error for. */
class ScriptedStore extends MemoryStore {
  readonly commits: (readonly StoreWrite[])[] = [];
  refuse: (writes: readonly StoreWrite[], nth: number) => Error | null = () => null;

  override async commit(writes: readonly StoreWrite[]): Promise<readonly number[]> {
    this.commits.push(writes);
    const error = this.refuse(writes, this.commits.length);
    await new Promise(setImmediate);
    if (error !== null) throw error;
    return super.commit(writes);
  }
}

const idsOf = (store: ScriptedStore): string[][] =>
  store.commits.map((writes) =>
    writes.map((write) => ('value' in write && 'id' in write.value ? write.value.id : write.kind)),
  );

test('writes of one turn of the event loop share one commit, and those that come meanwhile share the next', async () => {
  const store = new ScriptedStore();
  const { registry } = await openRegistry({ store });
  const first = ['a', 'b', 'c'].map((id) => registry.register(web(id), caller));
  await new Promise(setImmediate);
  const second = ['d', 'e'].map((id) => registry.register(web(id), caller));
  await Promise.all([...first, ...second]);
  expect(idsOf(store)).toEqual([['a', 'b', 'c'], ['d', 'e']]);
});

test('128 clients that register 10 times each share their commits', async () => {
  const store = new ScriptedStore();
  const { registry } = await openRegistry({ store });
  await Promise.all(Array.from({ length: 128 }, async (_, client) => {
    for (let round = 0; round < 10; round++) await registry.register(web(`i${client}-${round}`), caller);
  }));
  expect(registry.instanceCount).toBe(1280);
  expect(store.commits.length).toBeLessThanOrEqual(12);
});

test('two writes about one entry never share a commit, and happen in order', async () => {
  const store = new ScriptedStore();
  const { registry, causes } = await openRegistry({ store });
  await Promise.all([
    registry.register(web('a'), caller),
    registry.patch(webRef('a'), { weight: 1 }, caller),
    registry.register(web('b'), caller),
    registry.deregister(webRef('a'), null, caller),
    registry.register(web('a'), caller),
  ]);
  expect(idsOf(store)).toEqual([['a', 'b'], ['a'], ['a'], ['a']]);
  expect(causes()).toEqual(['registered a', 'registered b', 'updated a', 'deregistered a', 'registered a']);
});

test('one commit touches at most 2,000 entries, a registration and its tombstone two', async () => {
  const store = new ScriptedStore();
  const { registry } = await openRegistry({ store });
  await Promise.all(Array.from({ length: 2500 }, (_, index) => registry.register(web(`i${index}`), caller)));
  expect(store.commits.map(({ length }) => length)).toEqual([1000, 1000, 500]);
});

test('more writes than may wait are refused, and those that wait are done', async () => {
  const { registry } = await openRegistry({ settings: { mostWaitingWrites: 10 } });
  const codes = await Promise.all(
    Array.from({ length: 15 }, (_, index) => codeOf(registry.register(web(`i${index}`), caller))),
  );
  expect(codes).toEqual([...Array<string>(10).fill('resolved'), ...Array<string>(5).fill('store-unavailable')]);
  expect(registry.instanceCount).toBe(10);
});

test('a refused write takes no part in the commit of the others', async () => {
  const store = new ScriptedStore();
  const { registry } = await openRegistry({ store });
  const [, refused] = await Promise.all([
    codeOf(registry.register(web('a'), caller)),
    codeOf(registry.patch(webRef('nobody'), { weight: 1 }, caller)),
    codeOf(registry.register(web('b'), caller)),
  ]);
  expect(refused).toBe('not-found');
  expect(idsOf(store)).toEqual([['a', 'b']]);
});

test.each([
  ['full', 'store-full'],
  ['failed', 'store-unavailable'],
  ['unavailable', 'store-unavailable'],
] as const)('when the store is %s, writes are refused with %s and nothing has changed', async (storeCode, code) => {
  const store = new ScriptedStore();
  const { registry, changes } = await openRegistry({ store });
  const { instance } = await registry.register(web('a'), caller);
  store.refuse = () => new StoreError(storeCode, 'no');
  expect(await Promise.all([
    codeOf(registry.register(web('b'), caller)),
    codeOf(registry.patch(webRef('a'), { weight: 1 }, caller)),
    codeOf(registry.drain(webRef('a'), caller)),
    codeOf(registry.deregister(webRef('a'), null, caller)),
    codeOf(registry.putService(zone, 'web', { ttl: 9 })),
    codeOf(registry.touch()),
  ])).toEqual(Array(6).fill(code));
  expect([...registry.instances(zone, 'web')]).toEqual([instance]);
  expect(changes).toHaveLength(1);
  expect(registry.revision).toBe(1);
  // A renewal needs no store.
  expect(await registry.renew([{ ...webRef('a'), generation: 1 }], caller)).toMatchObject([{ instance }]);
  store.refuse = () => null;
  expect(await codeOf(registry.register(web('b'), caller))).toBe('resolved');
});

test('a store that refuses is logged once, and once more when it takes commits again', async () => {
  const lines: string[] = [];
  const log = pino(
    { level: 'info' },
    { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) },
  );
  const store = new ScriptedStore();
  const { registry } = await openRegistry({ store, log });
  store.refuse = () => new StoreError('full', 'no');
  for (let round = 0; round < 5; round++) await codeOf(registry.register(web('a'), caller));
  store.refuse = () => null;
  for (let round = 0; round < 5; round++) await codeOf(registry.register(web('a', { weight: round }), caller));
  expect(lines).toEqual(['the store refuses commits', 'the store takes commits again']);
});

test('whichever commit fails, memory holds what was acknowledged and nothing else', async () => {
  for (let failing = 1; failing <= 12; failing++) {
    const store = new ScriptedStore();
    const { registry } = await openRegistry({ store });
    store.refuse = (_, nth) => (nth === failing ? new StoreError('unavailable', 'no') : null);
    const expected = new Map<string, number>();
    for (let step = 0; step < 12; step++) {
      const id = `i${step % 3}`;
      const known = registry.instance(zone, 'web', id);
      try {
        if (known === null) expected.set(id, (await registry.register(web(id), caller)).instance.generation);
        else if (step % 2 === 0) await registry.patch(webRef(id), { weight: step }, caller);
        else if ((await registry.deregister(webRef(id), null, caller)).instance.id === id) expected.delete(id);
      } catch (error) {
        expect(error).toMatchObject({ code: 'store-unavailable' });
      }
    }
    expect(store.commits).toHaveLength(12);
    const held = [...registry.instances(zone, 'web')].map(({ id, generation }) => [id, generation] as const);
    expect(new Map(held)).toEqual(expected);
    await registry.close();
    const reopened = await openRegistry({ store });
    expect(
      new Map([...reopened.registry.instances(zone, 'web')].map(({ id, generation }) => [id, generation] as const)),
    ).toEqual(expected);
  }
});

test('a race lost to another server fails that write alone', async () => {
  const store = new ScriptedStore();
  const { registry } = await openRegistry({ store });
  store.refuse = (writes) => {
    const place = writes.findIndex((write) => write.kind === 'instance' && write.value.id === 'b');
    return place === -1 ? null : new LostRace(new Set([place]));
  };
  const codes = await Promise.all(['a', 'b', 'c'].map((id) => codeOf(registry.register(web(id), caller))));
  expect(idsOf(store)).toEqual([['a', 'b', 'c'], ['a', 'c']]);
  expect(codes).toEqual(['resolved', 'conflict', 'resolved']);
  expect([...registry.instances(zone, 'web')].map(({ id }) => id)).toEqual(['a', 'c']);
});

test('a publisher that fails rejects the write, which is durable, and the next write is served', async () => {
  let failing = true;
  const { registry, store } = await openRegistry({
    publish: () => (failing ? Promise.reject(new Error('a worker died')) : Promise.resolve({ heldFor: 0 })),
  });
  await expect(registry.register(web('a'), caller)).rejects.toThrow('a worker died');
  failing = false;
  expect(await codeOf(registry.register(web('b'), caller))).toBe('resolved');
  await registry.close();
  expect((await openRegistry({ store })).registry.instanceCount).toBe(2);
});

test('what others committed before a commit is published while that is under way, what comes after it afterwards', async () => {
  let finish: (revisions: readonly number[]) => void;
  const store = Object.assign(new MemoryStore(), {
    commit: () => new Promise<readonly number[]>((resolve) => {
      finish = resolve;
    }),
  });
  const published: number[] = [];
  const writer = new Writer({
    store,
    log: pino({ level: 'silent' }),
    mostWaiting: 10,
    apply: () => undefined,
    publish: (_, revision) => {
      published.push(revision);
      return Promise.resolve({ heldFor: 0 });
    },
  });
  const nothing = () => null;
  const written = writer.write('a', () => ({
    kind: 'commit', write: { kind: 'revision' }, change: nothing, outcome: (_, revision) => revision,
  }));
  await settled();
  void writer.takeIn([{ revision: 7, change: nothing }]);
  await settled();
  expect(published).toEqual([7]);
  writer.comesAt(9);
  await Promise.all([
    writer.takeIn([{ revision: 8, change: nothing }]),
    writer.takeIn([{ revision: 10, change: nothing }]).then(() => published.push(0)),
    settled().then(() => {
      expect(published).toEqual([7, 8]);
      finish([9]);
    }),
  ]);
  expect(await written).toBe(9);
  // What comes after it is published with it.
  expect(published).toEqual([7, 8, 10, 0]);
});
