import { expect, test } from 'vitest';
import { publishedTtl } from '../../src/registry/lease.ts';
import { type Bench, caller, openRegistry, web, webRef, zone } from './support.ts';

const isThere = ({ registry }: Bench, id: string): boolean => registry.instance(zone, 'web', id) !== null;

test('an instance whose owner never renews leaves between the end of its lease and 5 s later', async () => {
  const bench = await openRegistry();
  await bench.registry.register(web('a', { lease: 30 }), caller);
  await bench.clock.pass(29_900);
  expect(isThere(bench, 'a')).toBe(true);
  await bench.clock.pass(5100);
  expect(isThere(bench, 'a')).toBe(false);
  expect(bench.causes()).toEqual(['registered a', 'late a', 'expired a']);
});

test('an instance that is renewed in time stays, and nothing is written or published for it', async () => {
  const { registry, clock, changes } = await openRegistry();
  const { generation } = (await registry.register(web('a', { lease: 3 }), caller)).instance;
  for (let round = 0; round < 100; round++) {
    await clock.pass(1000);
    expect(await registry.renew([{ ...webRef('a'), generation }], caller)).toMatchObject([
      { lease: { seconds: 3, renewAfter: 1 } },
    ]);
  }
  expect(registry.revision).toBe(1);
  expect(changes).toHaveLength(1);
});

test('a renewal that comes after its lease has ended is told that the instance is gone', async () => {
  const { registry, clock } = await openRegistry();
  const { generation } = (await registry.register(web('a', { lease: 2 }), caller)).instance;
  await clock.pass(7000);
  expect(await registry.renew([{ ...webRef('a'), generation }], caller)).toMatchObject([{ error: { code: 'gone' } }]);
});

test('no renewal is acknowledged for an instance whose removal is being written', async () => {
  let release: () => void = () => undefined;
  const { registry, clock } = await openRegistry({
    publish: (changes) =>
      changes.some((change) => change.kind === 'instance' && change.cause === 'expired')
        ? new Promise((resolve) => (release = () => resolve({ heldFor: 0 })))
        : Promise.resolve({ heldFor: 0 }),
  });
  const { generation } = (await registry.register(web('a', { lease: 2 }), caller)).instance;
  await clock.pass(2250);
  expect(await registry.renew([{ ...webRef('a'), generation }], caller)).toMatchObject([{ error: { code: 'gone' } }]);
  release();
});

test('a permanent instance never leaves', async () => {
  const bench = await openRegistry();
  await bench.registry.register(web('a', { permanent: true }), caller);
  await bench.clock.pass(3 * 86_400_000 / 24);
  expect(isThere(bench, 'a')).toBe(true);
});

test('a late instance is marked, and unmarked when it is renewed', async () => {
  const { registry, clock, causes } = await openRegistry();
  const { generation } = (await registry.register(web('a', { lease: 30 }), caller)).instance;
  await clock.pass(18_500);
  expect(registry.instance(zone, 'web', 'a')).toMatchObject({ late: true, revision: 1 });
  await registry.renew([{ ...webRef('a'), generation }], caller);
  await clock.pass(0);
  expect(registry.instance(zone, 'web', 'a')).toMatchObject({ late: false, revision: 1 });
  expect(causes()).toEqual(['registered a', 'late a', 'renewed a']);
});

test.each([2, 3, 10, 30, 600, 86_400])('with a lease of %d s no answer outlives it by more than 5 s', async (lease) => {
  const { registry, clock } = await openRegistry();
  await registry.register(web('a', { lease }), caller);
  const end = clock.now() + lease * 1000;
  for (
    let instance = registry.instance(zone, 'web', 'a');
    instance !== null;
    instance = registry.instance(zone, 'web', 'a')
  ) {
    for (const wanted of [1, 5, 30, 86_400]) {
      expect(clock.now() + publishedTtl(wanted, instance) * 1000).toBeLessThanOrEqual(end + 5000 + 250);
    }
    await clock.pass(lease * 20);
  }
  expect(clock.now()).toBeGreaterThanOrEqual(end);
});

test('a lease counts from the restart for a whole period', async () => {
  const { registry, clock, store } = await openRegistry();
  await registry.register(web('a', { lease: 30 }), caller);
  await clock.pass(25_000);
  await registry.close();
  clock.stall(600_000);
  const bench = await openRegistry({ store, clock });
  await clock.pass(29_500);
  expect(isThere(bench, 'a')).toBe(true);
  await clock.pass(5500);
  expect(isThere(bench, 'a')).toBe(false);
});

test.each([10_000, 60_000, 300_000, 86_400_000])('a stop of the process for %d ms ends no lease', async (gap) => {
  const bench = await openRegistry();
  const { registry, clock } = bench;
  const { generation } = (await registry.register(web('a', { lease: 6 }), caller)).instance;
  await registry.register(web('silent', { lease: 6 }), caller);
  await clock.pass(3900);
  clock.stall(gap);
  // Its owner found nobody home and comes again a while later.
  await clock.pass(5000);
  expect(await registry.renew([{ ...webRef('a'), generation }], caller)).toMatchObject([{ lease: {} }]);
  await clock.pass(5000);
  expect(isThere(bench, 'a')).toBe(true);
  await clock.pass(5000);
  expect(isThere(bench, 'silent')).toBe(false);
});

test('a renewal that comes first after a stop lives no longer than one that comes later', async () => {
  const bench = await openRegistry();
  const { registry, clock } = bench;
  const { generation } = (await registry.register(web('a', { lease: 6 }), caller)).instance;
  clock.stall(60_000);
  await registry.renew([{ ...webRef('a'), generation }], caller);
  await clock.pass(10_000 + 6000 + 5000);
  expect(isThere(bench, 'a')).toBe(false);
});

test.each([3_600_000, -3_600_000, 86_400_000, -86_400_000])(
  'a wall clock that is set by %d ms changes no lease',
  async (jump) => {
    const bench = await openRegistry();
    await bench.registry.register(web('a', { lease: 30 }), caller);
    bench.clock.jumpWall(jump);
    await bench.clock.pass(29_500);
    expect(isThere(bench, 'a')).toBe(true);
    expect(bench.registry.leaseOf(webRef('a'))!.expiresAt).toBe(bench.clock.wall() + 500);
    bench.clock.jumpWall(-2 * jump);
    await bench.clock.pass(5500);
    expect(isThere(bench, 'a')).toBe(false);
  },
);

test('owners are asked to renew later while the server is loaded, and never later than half the lease', async () => {
  const { registry, clock } = await openRegistry();
  await registry.register(web('a', { lease: 300 }), caller);
  expect(registry.leaseOf(webRef('a'))!.renewAfter).toBe(100);
  for (let sweep = 0; sweep < 20; sweep++) {
    clock.stall(100);
    await clock.pass(250);
  }
  const stretched = registry.leaseOf(webRef('a'))!.renewAfter;
  expect(stretched).toBeGreaterThan(100);
  for (let sweep = 0; sweep < 20; sweep++) {
    clock.stall(900);
    await clock.pass(250);
  }
  expect(registry.leaseOf(webRef('a'))!.renewAfter).toBe(150);
  await clock.pass(20_000);
  expect(registry.leaseOf(webRef('a'))!.renewAfter).toBeCloseTo(100, 1);
});

test('a shorter lease takes effect at once', async () => {
  const bench = await openRegistry();
  await bench.registry.register(web('a', { lease: 3600 }), caller);
  await bench.registry.register(web('a', { lease: 2 }), caller);
  await bench.clock.pass(7000);
  expect(isThere(bench, 'a')).toBe(false);
});

test('a removal that the store refuses happens all the same', async () => {
  const bench = await openRegistry();
  await bench.registry.register(web('a', { lease: 2 }), caller);
  bench.store.commit = () => Promise.reject(new (class extends Error {})('down'));
  await bench.clock.pass(7000);
  expect(isThere(bench, 'a')).toBe(false);
  expect(bench.changes.at(-1)).toMatchObject({ cause: 'expired', revision: 1 });
});

test('a ttl check passes with renewals, is critical without, and passes again with the next', async () => {
  const { registry, clock, causes } = await openRegistry();
  const { instance } = await registry.register(
    web('a', { permanent: true, checks: [{ type: 'ttl', interval: 10 }] }),
    caller,
  );
  const renew = () => registry.renew([{ ...webRef('a'), generation: instance.generation }], caller);
  expect(instance.observed).toBe('passing');
  await clock.pass(9500);
  await renew();
  await clock.pass(9500);
  expect(registry.instance(zone, 'web', 'a')).toMatchObject({ observed: 'passing' });
  await clock.pass(1000);
  expect(registry.instance(zone, 'web', 'a')).toMatchObject({ observed: 'critical' });
  await renew();
  await clock.pass(0);
  expect(registry.instance(zone, 'web', 'a')).toMatchObject({ observed: 'passing' });
  expect(causes().filter((cause) => cause.startsWith('checked'))).toHaveLength(2);
});

test('an overdue ttl check outweighs passing checks by the server, which count again afterwards', async () => {
  const { registry, clock } = await openRegistry();
  const checks = [{ type: 'ttl', interval: 2 } as const, { type: 'tcp' } as const];
  const { generation } = (await registry.register(web('a', { permanent: true, checks }), caller)).instance;
  const observed = () => registry.instance(zone, 'web', 'a')!.observed;
  expect(observed()).toBe('unknown');
  await clock.pass(3000);
  expect(observed()).toBe('critical');
  await registry.observe(webRef('a'), generation, 'passing');
  expect(observed()).toBe('critical');
  await registry.renew([{ ...webRef('a'), generation }], caller);
  await clock.pass(0);
  expect(observed()).toBe('passing');
});

test('a status that comes with a renewal is declared, durable and published before the reply', async () => {
  const { registry, changes } = await openRegistry();
  const { generation } = (await registry.register(web('a'), caller)).instance;
  const [result] = await registry.renew([{ ...webRef('a'), generation, status: 'warning' }], caller);
  expect(result).toMatchObject({ instance: { declared: 'warning', revision: 2 } });
  expect(changes.at(-1)).toMatchObject({ cause: 'updated', revision: 2 });
  await registry.renew([{ ...webRef('a'), generation, status: 'draining' }], caller);
  expect(changes.at(-1)).toMatchObject({ cause: 'draining', revision: 3 });
});

test('a status that comes with a renewal does not end a drain', async () => {
  const { registry } = await openRegistry();
  const { generation } = (await registry.register(web('a'), caller)).instance;
  await registry.drain(webRef('a'), caller);
  const [result] = await registry.renew([{ ...webRef('a'), generation, status: 'passing' }], caller);
  expect(result).toMatchObject({ instance: { declared: 'draining' } });
});

test('what a check says of an earlier generation is not taken', async () => {
  const { registry } = await openRegistry();
  const { generation } = (await registry.register(web('a', { checks: [{ type: 'tcp' }] }), caller)).instance;
  await registry.register(web('a', { port: 1, checks: [{ type: 'tcp' }] }), caller);
  await registry.observe(webRef('a'), generation, 'passing');
  expect(registry.instance(zone, 'web', 'a')).toMatchObject({ observed: 'unknown' });
});

test('a new registration keeps what the checks said, unless it is checked in another way', async () => {
  const { registry } = await openRegistry();
  const checks = [{ type: 'tcp' } as const];
  const { generation } = (await registry.register(web('a', { checks }), caller)).instance;
  await registry.observe(webRef('a'), generation, 'passing');
  expect((await registry.register(web('a', { checks, weight: 1 }), caller)).instance.observed).toBe('passing');
  expect((await registry.register(web('a', { checks, port: 1 }), caller)).instance.observed).toBe('unknown');
});

test('a result of a check that the store refuses takes effect all the same', async () => {
  const { registry, store } = await openRegistry();
  const { generation } = (await registry.register(web('a', { checks: [{ type: 'tcp' }] }), caller)).instance;
  store.commit = () => Promise.reject(new Error('down'));
  await registry.observe(webRef('a'), generation, 'critical');
  expect(registry.instance(zone, 'web', 'a')).toMatchObject({ observed: 'critical', revision: 1 });
});
