import { expect, test } from 'vitest';
import { type Bench, caller, openRegistry, web, webRef, zone } from './support.ts';

/** Registers `count` instances of service web, all at once, and returns what renews those of the given indices. */
async function fill(bench: Bench, count: number, lease = 30): Promise<(indices: Iterable<number>) => Promise<unknown>> {
  const { registry } = bench;
  const instances = await Promise.all(
    Array.from(
      { length: count },
      async (_, index) => (await registry.register(web(`i${index}`, { lease }), caller)).instance,
    ),
  );
  return (indices) =>
    registry.renew(
      [...indices].map((index) => ({ ...webRef(`i${index}`), generation: instances[index]!.generation })),
      caller,
    );
}

function* range(from: number, to: number): Iterable<number> {
  for (let index = from; index < to; index++) yield index;
}

test('when 10,000 owners stop at once, at any point of their intervals, none of their instances leaves', async () => {
  const bench = await openRegistry({ settings: { mostWaitingWrites: 20_000 } });
  const renew = await fill(bench, 10_000);
  for (let second = 0; second < 10; second++) {
    await bench.clock.pass(1000);
    await renew(range(second * 1000, (second + 1) * 1000));
  }
  await bench.clock.pass(30_000);
  expect(bench.registry.instanceCount).toBe(10_000);
  expect(bench.registry.protection()).toMatchObject([{ service: null, timed: 10_000, late: 10_000 }]);
  expect(bench.registry.isHeldByProtection(webRef('i0'))).toBe(true);
});

test('under protection a deregistration and a failed check still take effect', async () => {
  const bench = await openRegistry();
  const { registry, clock } = bench;
  await fill(bench, 20);
  const checked = (await registry.register(web('checked', { checks: [{ type: 'tcp' }] }), caller)).instance;
  await registry.observe(webRef('checked'), checked.generation, 'passing');
  await clock.pass(40_000);
  expect(registry.protection()).toHaveLength(1);
  await registry.observe(webRef('checked'), checked.generation, 'critical');
  await registry.deregister(webRef('i0'), null, caller);
  expect(registry.countOf(zone, 'web')).toEqual({ instances: 20, answerable: 19 });
});

test('protection ends when renewals are back, and those that stayed away leave then', async () => {
  const bench = await openRegistry();
  const { registry, clock } = bench;
  const renew = await fill(bench, 20);
  await clock.pass(60_000);
  expect(registry.instanceCount).toBe(20);
  await renew(range(0, 16));
  await clock.pass(1000);
  expect(registry.protection()).toHaveLength(1);
  await renew(range(0, 17));
  await clock.pass(11_000);
  expect(registry.protection()).toEqual([]);
  expect([...registry.instances(zone, 'web')].map(({ id }) => id).sort()).toEqual(
    [...range(0, 17)].map((index) => `i${index}`).sort(),
  );
});

test('protection ends when as many others have taken the place of those that stayed away', async () => {
  const bench = await openRegistry();
  const { registry, clock } = bench;
  await fill(bench, 3);
  await clock.pass(40_000);
  expect(registry.instanceCount).toBe(3);
  for (const id of ['new-a', 'new-b', 'new-c']) await registry.register(web(id, { lease: 300 }), caller);
  await clock.pass(11_000);
  expect([...registry.instances(zone, 'web')].map(({ id }) => id)).toEqual(['new-a', 'new-b', 'new-c']);
});

test('who is deregistered under protection is not waited for', async () => {
  const bench = await openRegistry();
  const { registry, clock } = bench;
  const renew = await fill(bench, 10);
  await clock.pass(40_000);
  for (const index of range(0, 6)) await registry.deregister(webRef(`i${index}`), null, caller);
  await renew(range(6, 10));
  await clock.pass(1000);
  expect(registry.protection()).toEqual([]);
});

test('protection ends when nobody is left to protect', async () => {
  const bench = await openRegistry();
  const { registry, clock } = bench;
  const renew = await fill(bench, 10);
  await clock.pass(40_000);
  await renew(range(0, 4));
  for (const index of range(0, 10)) await registry.deregister(webRef(`i${index}`), null, caller);
  await clock.pass(1000);
  expect(registry.protection()).toEqual([]);
});

test('protection ends after its longest time, and its instances leave in random order, a few at a time', async () => {
  const bench = await openRegistry({ settings: { longestProtection: 600 } });
  await fill(bench, 400);
  await bench.clock.pass(600_000 + 29_000);
  expect(bench.registry.instanceCount).toBe(400);
  const left: string[] = [];
  const counts: number[] = [];
  for (let step = 0; step < 100; step++) {
    await bench.clock.pass(250);
    counts.push(bench.registry.instanceCount);
  }
  left.push(...bench.causes().filter((cause) => cause.startsWith('expired')));
  expect(left).toHaveLength(400);
  expect(left).not.toEqual([...left].sort((one, other) => Number(one.slice(9)) - Number(other.slice(9))));
  const steps = counts.map((count, index) => (counts[index - 1] ?? 400) - count);
  expect(Math.max(...steps)).toBe(10);
});

test('an instance that is renewed while its turn to leave has not come stays', async () => {
  const bench = await openRegistry({ settings: { longestProtection: 60 } });
  const renew = await fill(bench, 40);
  await bench.clock.pass(60_000 + 38_000);
  const waiting = [...bench.registry.instances(zone, 'web')].map(({ id }) => Number(id.slice(1)));
  expect(waiting.length).toBeGreaterThan(2);
  await renew(waiting.slice(0, 2));
  await bench.clock.pass(15_000);
  expect([...bench.registry.instances(zone, 'web')].map(({ id }) => Number(id.slice(1)))).toEqual(waiting.slice(0, 2));
});

test('a service of which more than half stops is protected by itself', async () => {
  const bench = await openRegistry();
  const { registry, clock } = bench;
  const renew = await fill(bench, 5);
  const others = await Promise.all(
    Array.from(
      { length: 95 },
      async (_, index) => (await registry.register(web(`o${index}`, { service: 'other' }), caller)).instance,
    ),
  );
  for (let round = 0; round < 4; round++) {
    await clock.pass(10_000);
    await renew([0, 1]);
    await registry.renew(others, caller);
  }
  expect(registry.protection()).toMatchObject([{ service: { zone, name: 'web' }, timed: 5, late: 3 }]);
  expect(registry.countOf(zone, 'web').instances).toBe(5);
});

test.each([
  ['half of a service', 6, 3],
  ['two of three', 3, 2],
  ['one of one', 1, 1],
])('%s is too few for protection', async (_, count, stopping) => {
  const bench = await openRegistry();
  const renew = await fill(bench, count);
  for (let round = 0; round < 5; round++) {
    await bench.clock.pass(8000);
    await renew(range(stopping, count));
  }
  expect(bench.registry.protection()).toEqual([]);
  expect(bench.registry.instanceCount).toBe(count - stopping);
});

test('15 % of everything is too few for protection, one more is not', async () => {
  for (const [stopping, expected] of [[15, 85], [16, 100]] as const) {
    const bench = await openRegistry();
    const renew = await fill(bench, 100);
    for (let round = 0; round < 5; round++) {
      await bench.clock.pass(8000);
      await renew(range(stopping, 100));
    }
    expect(bench.registry.instanceCount).toBe(expected);
  }
});

test('a service that has not recovered stays protected when the whole has', async () => {
  const bench = await openRegistry();
  const { registry, clock } = bench;
  const renew = await fill(bench, 3);
  const others = await Promise.all(
    Array.from(
      { length: 97 },
      async (_, index) => (await registry.register(web(`o${index}`, { service: 'other' }), caller)).instance,
    ),
  );
  await clock.pass(40_000);
  expect(registry.protection()).toMatchObject([{ service: null }]);
  await registry.renew(others, caller);
  await clock.pass(1000);
  expect(registry.protection()).toMatchObject([{ service: { name: 'web' } }]);
  expect(registry.countOf(zone, 'web').instances).toBe(3);
  await renew(range(0, 3));
  await clock.pass(1000);
  expect(registry.protection()).toEqual([]);
});

test('ttl checks that all become overdue at once are a timeout like any other', async () => {
  const bench = await openRegistry();
  const { registry, clock } = bench;
  for (const index of range(0, 5)) {
    await registry.register(web(`i${index}`, { permanent: true, checks: [{ type: 'ttl', interval: 10 }] }), caller);
  }
  await clock.pass(60_000);
  expect(registry.protection()).toHaveLength(1);
  expect(registry.countOf(zone, 'web').answerable).toBe(5);
});

test('protection can be switched off', async () => {
  const bench = await openRegistry({ settings: { longestProtection: 0 } });
  await fill(bench, 100);
  await bench.clock.pass(35_000);
  expect(bench.registry.instanceCount).toBe(0);
});

test('protection is an event when it begins and when it ends', async () => {
  const bench = await openRegistry();
  const renew = await fill(bench, 10);
  const before = bench.registry.events.lastId;
  await bench.clock.pass(40_000);
  await renew(range(0, 10));
  await bench.clock.pass(1000);
  expect(bench.registry.events.since(before)).toMatchObject([
    { kind: 'protection.on', service: null, scope: { timed: 10, late: 10 }, end: null },
    { kind: 'protection.off', service: null, scope: { timed: 10, late: 0 }, end: 'recovered' },
  ]);
});
