import { expect, test } from 'vitest';
import { idOf, type RegistryEvent } from '../../src/registry/events.ts';
import { uniform } from '../support/random.ts';
import { caller, openRegistry, web, webRef, zone } from './support.ts';

const namesOf = (events: readonly RegistryEvent[] | null): string[] | null =>
  events && events.map((event) => `${idOf(event)} ${event.kind}`);

test('each change is an event with the revision of the change', async () => {
  const { registry, clock } = await openRegistry();
  await registry.register(web('a', { lease: 2 }), caller);
  await registry.patch(webRef('a'), { weight: 1 }, caller);
  await registry.drain(webRef('a'), caller);
  await registry.deregister(webRef('a'), null, caller);
  await registry.register(web('a', { lease: 2 }), caller);
  await clock.pass(7000);
  await registry.putService(zone, 'web', {});
  await registry.deleteService(zone, 'web');
  expect(namesOf(registry.events.since('0'))).toEqual([
    '1.0 instance.registered',
    '2.0 instance.updated',
    '3.0 instance.draining',
    '3.1 service.empty',
    '4.0 instance.deregistered',
    '5.0 instance.registered',
    '6.0 instance.expired',
    '6.1 service.empty',
    '7.0 service.updated',
    '8.0 service.deleted',
  ]);
});

test('health that changes is an event, and so is a service that has nothing answerable left', async () => {
  const { registry } = await openRegistry();
  const { generation } = (await registry.register(web('a', { checks: [{ type: 'tcp' }] }), caller)).instance;
  await registry.observe(webRef('a'), generation, 'passing');
  await registry.observe(webRef('a'), generation, 'warning');
  await registry.observe(webRef('a'), generation, 'critical');
  await registry.patch(webRef('a'), { status: 'critical' }, caller);
  await registry.observe(webRef('a'), generation, 'passing');
  await registry.patch(webRef('a'), { status: 'passing' }, caller);
  expect(namesOf(registry.events.since('1'))).toEqual([
    '2.0 instance.healthy',
    '3.0 instance.updated',
    '4.0 instance.unhealthy',
    '4.1 service.empty',
    '5.0 instance.updated',
    '6.0 instance.updated',
    '7.0 instance.updated',
    '7.1 instance.healthy',
  ]);
});

test('renewals and lateness are no events, nor is what was loaded', async () => {
  const { registry, clock, store } = await openRegistry();
  const { generation } = (await registry.register(web('a'), caller)).instance;
  await clock.pass(19_000);
  await registry.renew([{ ...webRef('a'), generation }], caller);
  await clock.pass(1000);
  expect(namesOf(registry.events.since('1'))).toEqual([]);
  await registry.close();
  const again = await openRegistry({ store });
  expect(namesOf(again.registry.events.since('1'))).toEqual([]);
  expect(again.registry.events.lastId).toBe('1');
});

test('an id resumes after exactly that event, a plain revision after all of its events', async () => {
  const { registry } = await openRegistry();
  await registry.register(web('a'), caller);
  await registry.drain(webRef('a'), caller);
  await registry.register(web('b'), caller);
  expect(namesOf(registry.events.since('2.0'))).toEqual(['2.1 service.empty', '3.0 instance.registered']);
  expect(namesOf(registry.events.since('2.1'))).toEqual(['3.0 instance.registered']);
  expect(namesOf(registry.events.since('2'))).toEqual(['3.0 instance.registered']);
  expect(namesOf(registry.events.since('3'))).toEqual([]);
  expect(registry.events.lastId).toBe('3.0');
});

test.each(['', 'x', '-1', '1.', '1.2.3', '1e3', '4', '99999999999999999', '1.5 ', ' 1'])(
  'the id %j was never given',
  async (id) => {
    const { registry } = await openRegistry();
    await registry.register(web('a'), caller);
    expect(registry.events.since(id)).toBeNull();
  },
);

test('what is older than the events that are kept is too old', async () => {
  const { registry } = await openRegistry({ settings: { keptEvents: 3 } });
  for (const id of ['a', 'b', 'c', 'd', 'e']) await registry.register(web(id), caller);
  expect(namesOf(registry.events.since('2'))).toEqual([
    '3.0 instance.registered',
    '4.0 instance.registered',
    '5.0 instance.registered',
  ]);
  expect(registry.events.since('1')).toBeNull();
  expect(registry.events.since('1.0')).toBeNull();
});

test('what happened before a restart is too old', async () => {
  const { registry, store } = await openRegistry();
  await registry.register(web('a'), caller);
  await registry.register(web('b'), caller);
  await registry.close();
  const again = await openRegistry({ store });
  expect(again.registry.events.since('1')).toBeNull();
  expect(again.registry.events.since('2')).toEqual([]);
});

test('a watcher of a service hears of it alone, and of protection of everything', async () => {
  const { registry, clock } = await openRegistry();
  const heard: string[] = [];
  const stop = registry.events.subscribe((event) => heard.push(event.kind), { zone, name: 'web' });
  await registry.register(web('a'), caller);
  for (let index = 0; index < 12; index++) await registry.register(web(`o${index}`, { service: 'other' }), caller);
  await clock.pass(40_000);
  stop();
  await registry.deregister(webRef('a'), null, caller);
  expect(heard).toEqual(['instance.registered', 'protection.on']);
});

test('all watchers are given one and the same object', async () => {
  const { registry } = await openRegistry();
  const heard = new Set<RegistryEvent>();
  for (let watcher = 0; watcher < 1000; watcher++) {
    registry.events.subscribe((event) => heard.add(event), { zone, name: 'web' });
  }
  await registry.register(web('a'), caller);
  expect([...heard]).toEqual(registry.events.since('0'));
  expect(heard.size).toBe(1);
});

test('a watcher that is cut off 1,000 times sees every event exactly once, in order', async () => {
  const { registry } = await openRegistry();
  const next = uniform(4);
  const seen: string[] = [];
  let last = registry.events.lastId;
  for (let round = 0; round < 1000; round++) {
    const missed = registry.events.since(last)!;
    const stop = registry.events.subscribe((event) => {
      last = idOf(event);
      seen.push(last);
    });
    for (const event of missed) {
      last = idOf(event);
      seen.push(last);
    }
    // Cut off in the middle of what one write makes: each write makes two events.
    const writes = [registry.register(web('a', { weight: round }), caller), registry.drain(webRef('a'), caller)];
    if (next() < 0.5) await writes[0];
    stop();
    await Promise.all(writes);
  }
  const missed = registry.events.since(last)!;
  expect([...seen, ...missed.map(idOf)]).toEqual(registry.events.since('0')!.map(idOf));
  // registered, healthy, draining, empty; at first there was nothing to become healthy.
  expect(seen.length + missed.length).toBe(3999);
});
