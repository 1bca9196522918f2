import { expect, test } from 'vitest';
import { openRegistry, caller, codeOf, web, webRef, zone } from './support.ts';

test('a registered instance is found, with generation and revision of its registration', async () => {
  const { registry } = await openRegistry();
  const { instance, created } = await registry.register(web('a'), caller);
  expect(created).toBe(true);
  expect(instance).toMatchObject({
    zone,
    service: 'web',
    id: 'a',
    generation: 1,
    revision: 1,
    addresses: ['10.0.0.7'],
    port: 8080,
  });
  expect(registry.instance(zone, 'web', 'a')).toEqual(instance);
  expect([...registry.services(zone)]).toEqual(['web']);
  expect(registry.revision).toBe(1);
});

test('names are found in any case and with a final dot', async () => {
  const { registry } = await openRegistry();
  await registry.register(web('Node-A', { zone: 'SVC.Internal.', service: 'WEB' }), caller);
  expect(registry.instance('svc.INTERNAL.', 'Web', 'NODE-a')?.id).toBe('node-a');
});

test('a registration is published before it is acknowledged', async () => {
  const order: string[] = [];
  const publish = async (): Promise<{ heldFor: number }> => {
    await new Promise(setImmediate);
    order.push('published');
    return { heldFor: 0 };
  };
  const { registry } = await openRegistry({ publish });
  await registry.register(web('a'), caller);
  order.push('acknowledged');
  expect(order).toEqual(['published', 'acknowledged']);
});

test('a dry run judges like a registration and changes nothing', async () => {
  const { registry, changes } = await openRegistry();
  expect(registry.plan(web('a'), caller)).toMatchObject({ id: 'a', generation: 0 });
  expect(() => registry.plan(web('a', { port: 0 }), caller)).toThrow(
    expect.objectContaining({ code: 'invalid', path: 'port' }),
  );
  expect(registry.instance(zone, 'web', 'a')).toBeNull();
  expect(changes).toEqual([]);
});

test('another registration of an id replaces it and raises the generation', async () => {
  const { registry } = await openRegistry();
  await registry.register(web('a'), caller);
  const { instance, created } = await registry.register(web('a', { port: 9090 }), caller);
  expect(created).toBe(false);
  expect(instance.generation).toBe(2);
  const [old, current] = await registry.renew(
    [
      { ...webRef('a'), generation: 1 },
      { ...webRef('a'), generation: 2 },
    ],
    caller,
  );
  expect(old).toMatchObject({ error: { code: 'replaced' } });
  expect(current).toMatchObject({ instance: { port: 9090 } });
});

test('a registration that is repeated keeps generation and revision, and starts the lease anew', async () => {
  const { registry, clock } = await openRegistry();
  const first = await registry.register(web('a', { lease: 30 }), caller);
  await clock.pass(15_000);
  const again = await registry.register(web('a', { lease: 30 }), caller);
  expect(again).toEqual({ instance: first.instance, created: false });
  await clock.pass(20_000);
  expect(registry.instance(zone, 'web', 'a')).not.toBeNull();
});

test('a repeated registration from another address is another registration', async () => {
  const { registry } = await openRegistry();
  await registry.register(web('a'), caller);
  const { instance } = await registry.register(web('a'), { ...caller, address: '10.0.0.10' });
  expect(instance).toMatchObject({ generation: 2, registeredFrom: '10.0.0.10' });
});

test('of two processes that register one id in turn the last one holds it, and the other learns so', async () => {
  const { registry } = await openRegistry();
  const [one, two] = [web('a', { address: '10.0.0.1' }), web('a', { address: '10.0.0.2' })];
  const first = (await registry.register(one, caller)).instance;
  const second = (await registry.register(two, caller)).instance;
  const results = await registry.renew([{ ...webRef('a'), generation: first.generation }], caller);
  expect(results).toMatchObject([{ error: { code: 'replaced' } }]);
  expect(registry.instance(zone, 'web', 'a')).toEqual(second);
});

test.each(['register', 'patch', 'drain', 'deregister', 'renew'] as const)(
  '%s of an instance of another token is a conflict',
  async (verb) => {
    const { registry } = await openRegistry();
    const [owner, stranger, operator] = ['t1', 't2', 't3'].map((tokenId) => ({
      ...caller,
      tokenId,
      mayTakeOver: tokenId === 't3',
    }));
    const { instance } = await registry.register(web('a'), owner!);
    const attempt = {
      register: (by: typeof caller) => registry.register(web('a', { port: 1 }), by),
      patch: (by: typeof caller) => registry.patch(webRef('a'), { weight: 1 }, by),
      drain: (by: typeof caller) => registry.drain(webRef('a'), by),
      deregister: (by: typeof caller) => registry.deregister(webRef('a'), null, by),
      renew: async (by: typeof caller) => {
        const [result] = await registry.renew([{ ...webRef('a'), generation: instance.generation }], by);
        if ('error' in result!) throw result.error;
      },
    }[verb];
    expect(await codeOf(attempt(stranger!))).toBe('conflict');
    expect(registry.instance(zone, 'web', 'a')).toEqual(instance);
    expect(await codeOf(attempt(operator!))).toBe('resolved');
  },
);

test('a patch changes what it names and keeps the generation', async () => {
  const { registry, changes } = await openRegistry();
  const { instance } = await registry.register(web('a', { tags: ['v1'], meta: { commit: 'abc' } }), caller);
  const patched = await registry.patch(webRef('a'), { weight: 5, tags: ['V2'] }, caller);
  expect(patched).toEqual({ ...instance, weight: 5, tags: ['v2'], revision: 2 });
  expect(changes.at(-1)).toMatchObject({ cause: 'updated', before: instance, after: patched, revision: 2 });
});

test('a patch that changes nothing takes no revision', async () => {
  const { registry } = await openRegistry();
  const { instance } = await registry.register(web('a'), caller);
  expect(await registry.patch(webRef('a'), { weight: 100 }, caller)).toEqual(instance);
  expect(registry.revision).toBe(1);
});

test('If-Match with another revision is refused, also where nothing is registered', async () => {
  const { registry } = await openRegistry();
  expect(await codeOf(registry.register(web('a'), caller, { ifMatch: 7 }))).toBe('stale');
  expect(await codeOf(registry.register(web('a'), caller, { ifMatch: 0 }))).toBe('resolved');
  expect(await codeOf(registry.register(web('a'), caller, { ifMatch: 0 }))).toBe('stale');
  expect(await codeOf(registry.patch(webRef('a'), { weight: 1 }, caller, { ifMatch: 1 }))).toBe('resolved');
  expect(await codeOf(registry.deregister(webRef('a'), null, caller, { ifMatch: 1 }))).toBe('stale');
  expect(await codeOf(registry.deregister(webRef('a'), null, caller, { ifMatch: 2 }))).toBe('resolved');
});

test('of writes that race for one If-Match exactly one succeeds', async () => {
  const { registry } = await openRegistry();
  await registry.register(web('a'), caller);
  const codes = await Promise.all(
    [1, 2, 3, 4].map((weight) => codeOf(registry.patch(webRef('a'), { weight }, caller, { ifMatch: 1 }))),
  );
  expect(codes).toEqual(['resolved', 'stale', 'stale', 'stale']);
});

test('drain takes an instance out, and a second drain promises no less than the first', async () => {
  const { registry, clock } = await openRegistry({ publish: () => Promise.resolve({ heldFor: 20 }) });
  await registry.register(web('a'), caller);
  expect(await registry.drain(webRef('a'), caller)).toMatchObject({ instance: { declared: 'draining' }, heldFor: 20 });
  await clock.pass(5000);
  expect(await registry.drain(webRef('a'), caller)).toMatchObject({ instance: { declared: 'draining' }, heldFor: 15 });
  expect(registry.countOf(zone, 'web')).toEqual({ instances: 1, answerable: 0 });
});

test('a drain counts what a failed check took out of answers before', async () => {
  let heldFor = 0;
  const { registry, clock } = await openRegistry({ publish: () => Promise.resolve({ heldFor }) });
  const { generation } = (await registry.register(web('a'), caller)).instance;
  heldFor = 20;
  await registry.observe(webRef('a'), generation, 'critical');
  heldFor = 0;
  await clock.pass(5000);
  expect((await registry.drain(webRef('a'), caller)).heldFor).toBe(15);
  expect((await registry.deregister(webRef('a'), generation, caller)).heldFor).toBe(15);
});

test('a drain does not count what a change of weight took out of answers', async () => {
  let heldFor = 30;
  const { registry } = await openRegistry({ publish: () => Promise.resolve({ heldFor }) });
  await registry.register(web('a'), caller);
  await registry.patch(webRef('a'), { weight: 7 }, caller);
  heldFor = 5;
  expect((await registry.drain(webRef('a'), caller)).heldFor).toBe(5);
});

test('a drained instance whose check fails is held no longer for that', async () => {
  let heldFor = 5;
  const { registry } = await openRegistry({ publish: () => Promise.resolve({ heldFor }) });
  const { generation } = (await registry.register(web('a'), caller)).instance;
  await registry.drain(webRef('a'), caller);
  heldFor = 30;
  await registry.observe(webRef('a'), generation, 'critical');
  expect((await registry.drain(webRef('a'), caller)).heldFor).toBe(5);
});

test('a drain repeated after a restart promises no less than the longest TTL', async () => {
  const { registry, store } = await openRegistry();
  await registry.register(web('a', { permanent: true, ttl: 90 }), caller);
  await registry.drain(webRef('a'), caller);
  await registry.close();
  const again = await openRegistry({ store });
  expect((await again.registry.drain(webRef('a'), caller)).heldFor).toBe(90);
});

test('what was deregistered is gone: for a late renew, an old DELETE, and after a restart', async () => {
  const { registry, store } = await openRegistry();
  const { generation } = (await registry.register(web('a'), caller)).instance;
  await registry.deregister(webRef('a'), generation, caller);
  const judge = async (judged: typeof registry): Promise<unknown[]> => [
    (await judged.renew([{ ...webRef('a'), generation }], caller)).map(
      (result) => 'error' in result && result.error.code,
    ),
    await codeOf(judged.deregister(webRef('a'), generation, caller)),
    await codeOf(judged.deregister(webRef('a'), null, caller)),
    judged.instance(zone, 'web', 'a'),
  ];
  expect(await judge(registry)).toEqual([['gone'], 'gone', 'not-found', null]);
  await registry.close();
  expect(await judge((await openRegistry({ store })).registry)).toEqual([['gone'], 'gone', 'not-found', null]);
});

test('what was never registered is not found', async () => {
  const { registry } = await openRegistry();
  const [result] = await registry.renew([{ ...webRef('nobody'), generation: 1 }], caller);
  expect(result).toMatchObject({ error: { code: 'not-found' } });
  expect(await codeOf(registry.patch(webRef('nobody'), { weight: 1 }, caller))).toBe('not-found');
  expect(await codeOf(registry.register(web('a', { zone: 'elsewhere' }), caller))).toBe('not-found');
});

test('a generation is never given twice, also after a restart without tombstones', async () => {
  const { registry, store, clock } = await openRegistry();
  const first = (await registry.register(web('a'), caller)).instance;
  await registry.deregister(webRef('a'), null, caller);
  await registry.close();
  clock.jumpWall(86_400_000);
  const again = await openRegistry({ store, clock });
  const second = (await again.registry.register(web('a'), caller)).instance;
  expect(second.generation).toBeGreaterThan(first.generation);
});

test('1,000 deregistrations that race a renew revive none', async () => {
  const { registry } = await openRegistry();
  const ids = Array.from({ length: 1000 }, (_, index) => `i${index}`);
  const instances = await Promise.all(ids.map(async (id) => (await registry.register(web(id), caller)).instance));
  const outcomes = instances.flatMap(({ id, generation }, index) => {
    const renew = () =>
      registry.renew([{ ...webRef(id), generation, ...(index % 3 === 0 && { status: 'warning' as const }) }], caller);
    const deregister = () => registry.deregister(webRef(id), generation, caller);
    return index % 2 === 0 ? [renew(), deregister(), renew()] : [deregister(), renew()];
  });
  await Promise.all(outcomes);
  expect([...registry.instances(zone, 'web')]).toEqual([]);
  expect(registry.instanceCount).toBe(0);
  const late = await registry.renew(instances.map(({ id, generation }) => ({ ...webRef(id), generation })), caller);
  expect(new Set(late.map((result) => 'error' in result && result.error.code))).toEqual(new Set(['gone']));
});

test('settings of a service are set, replaced as a whole, and deleted; its instances stay', async () => {
  const { registry, changes } = await openRegistry();
  await registry.register(web('a'), caller);
  expect(
    await registry.putService(zone, 'Web', { ttl: 60, selectors: [{ name: 'Stable', all: ['v1'] }] }),
  ).toMatchObject({
    created: true,
    service: {
      service: 'web',
      ttl: 60,
      revision: 2,
      selectors: [{ name: 'stable', all: ['v1'], none: [], limit: null }],
    },
  });
  expect((await registry.putService(zone, 'web', { limit: 3 })).service).toMatchObject({
    ttl: null,
    limit: 3,
    selectors: [],
    revision: 3,
  });
  expect(await registry.putService(zone, 'web', { limit: 3 })).toMatchObject({
    created: false,
    service: { revision: 3 },
  });
  await registry.deleteService(zone, 'web');
  expect(registry.service(zone, 'web')).toBeNull();
  expect(registry.countOf(zone, 'web').instances).toBe(1);
  expect(changes.at(-1)).toMatchObject({ kind: 'service', revision: 4, after: null });
  expect(await codeOf(registry.deleteService(zone, 'web'))).toBe('not-found');
});

test('a service exists while it has settings or instances', async () => {
  const { registry } = await openRegistry();
  await registry.putService(zone, 'empty', {});
  await registry.register(web('a'), caller);
  expect([...registry.services(zone)].sort()).toEqual(['empty', 'web']);
  await registry.deleteService(zone, 'empty');
  await registry.deregister(webRef('a'), null, caller);
  expect([...registry.services(zone)]).toEqual([]);
  expect(registry.serviceCount).toBe(0);
});

test('a lease that a registration does not name is that of the service, else that of the server', async () => {
  const { registry } = await openRegistry({ settings: { defaultLease: 40 } });
  expect(registry.plan(web('a'), caller).lease).toBe(40);
  await registry.putService(zone, 'web', { defaultLease: 60 });
  expect(registry.plan(web('a'), caller).lease).toBe(60);
  expect(registry.plan(web('a', { lease: 20 }), caller).lease).toBe(20);
  expect(registry.plan(web('a', { permanent: true }), caller).lease).toBeNull();
});

test('a restart brings everything back and says so as loaded', async () => {
  const { registry, store } = await openRegistry();
  const instances = [
    (await registry.register(web('a'), caller)).instance,
    (await registry.register(web('b'), caller)).instance,
  ];
  await registry.putService(zone, 'web', { ttl: 60 });
  await registry.close();
  const again = await openRegistry({ store });
  expect([...again.registry.instances(zone, 'web')]).toEqual(instances);
  expect(again.registry.service(zone, 'web')).toMatchObject({ ttl: 60 });
  expect(again.causes()).toEqual(['loaded a', 'loaded b']);
  expect(again.registry.revision).toBe(3);
});

test('entries of a zone that is not served any more are left alone', async () => {
  const { registry, store } = await openRegistry({ zones: [zone, 'other.internal'] });
  await registry.register(web('a', { zone: 'other.internal' }), caller);
  await registry.close();
  const without = await openRegistry({ store });
  expect(without.registry.instanceCount).toBe(0);
  await without.registry.close();
  const back = await openRegistry({ store, zones: [zone, 'other.internal'] });
  expect(back.registry.instance('other.internal', 'web', 'a')).not.toBeNull();
});

test('touch takes a revision that nobody else has', async () => {
  const { registry, changes } = await openRegistry();
  const revisions = await Promise.all([
    registry.touch(),
    registry.register(web('a'), caller).then(({ instance }) => instance.revision),
    registry.touch(),
  ]);
  expect(new Set(revisions).size).toBe(3);
  expect(changes).toHaveLength(1);
});

test('limits on instances and services are kept', async () => {
  const { registry } = await openRegistry({
    settings: { mostInstances: 3, mostInstancesPerService: 2, mostServices: 2 },
  });
  await registry.register(web('a'), caller);
  await registry.register(web('b'), caller);
  expect(await codeOf(registry.register(web('c'), caller))).toBe('too-many');
  expect(await codeOf(registry.register(web('a', { port: 1 }), caller))).toBe('resolved');
  await registry.putService(zone, 'other', {});
  expect(await codeOf(registry.putService(zone, 'third', {}))).toBe('too-many');
  expect(await codeOf(registry.register(web('a', { service: 'third' }), caller))).toBe('too-many');
  await registry.register(web('a', { service: 'other' }), caller);
  expect(await codeOf(registry.register(web('b', { service: 'other' }), caller))).toBe('too-many');
});

test('listeners hear of changes after they were published, until they stop listening', async () => {
  const heard: string[] = [];
  const { registry } = await openRegistry({
    publish: () => {
      heard.push('published');
      return Promise.resolve({ heldFor: 0 });
    },
  });
  const stop = registry.onChange((changes) => heard.push(...changes.map(({ kind }) => kind)));
  await registry.register(web('a'), caller);
  stop();
  await registry.register(web('b'), caller);
  expect(heard).toEqual(['published', 'instance', 'published']);
});

test('a listener that fails does not fail the write', async () => {
  const { registry } = await openRegistry();
  registry.onChange(() => {
    throw new Error('oops');
  });
  expect(await codeOf(registry.register(web('a'), caller))).toBe('resolved');
});

test('a closed registry takes no write and finishes those under way', async () => {
  const { registry } = await openRegistry();
  const underWay = registry.register(web('a'), caller);
  await registry.close();
  expect((await underWay).created).toBe(true);
  expect(await codeOf(registry.register(web('b'), caller))).toBe('store-unavailable');
});
