import { describe, expect, test } from 'vitest';
import { StoreError, type StoreWrite } from '../../src/registry/store.ts';
import { Membership } from '../../src/registry/membership.ts';
import { MemoryStore } from '../../src/storage/memory.ts';
import { settled } from '../support/clock.ts';
import { type Bench, caller, codeOf, openRegistry, silent, web, zone } from './support.ts';

const zones = [zone, 'eu.internal'];
const where = { addresses: ['10.0.0.1'], port: 8054, ports: { dns: { port: 8053, protocol: 'udp' as const } } };

async function join({ registry, clock }: Bench, server = 'one'): Promise<Membership> {
  const membership = new Membership({ registry, clock, log: silent, server, where });
  await membership.begun;
  return membership;
}

/** Servers registered in a zone. */
function serversIn({ registry }: Bench, zone: string): string[] {
  return [...registry.instances(zone, '_signpost')].map(({ id }) => id);
}

test('a server is an instance of _signpost in each zone for as long as it lives, and not after a clean stop', async () => {
  const bench = await openRegistry({ zones });
  const membership = await join(bench);
  for (const zone of zones) {
    expect(bench.registry.instance(zone, '_signpost', 'one')).toMatchObject({
      addresses: ['10.0.0.1'], port: 8054, lease: 15, registeredFrom: null, ports: [{ name: 'dns', port: 8053 }],
    });
  }
  await bench.clock.pass(120_000);
  expect(zones.flatMap((zone) => serversIn(bench, zone))).toEqual(['one', 'one']);
  expect(bench.causes().filter((cause) => cause !== 'registered one')).toEqual([]);
  await membership.leave();
  expect(zones.flatMap((zone) => serversIn(bench, zone))).toEqual([]);
  await bench.clock.pass(60_000);
  expect(bench.registry.serviceCount).toBe(0);
});

test('a server whose instance is gone comes back', async () => {
  const bench = await openRegistry();
  await join(bench);
  const ref = { zone, service: '_signpost', id: 'one' };
  await bench.registry.deregister(ref, null, { ...caller, address: null });
  await bench.clock.pass(6000);
  expect(serversIn(bench, zone)).toEqual(['one']);
});

test('what the store refuses is tried again, and a stop does not wait for it', async () => {
  class Refusing extends MemoryStore {
    isRefusing = true;
    override commit(writes: readonly StoreWrite[]): Promise<readonly number[]> {
      return this.isRefusing ? Promise.reject(new StoreError('unavailable', 'gone')) : super.commit(writes);
    }
  }
  const store = new Refusing();
  const bench = await openRegistry({ store });
  const membership = await join(bench);
  expect(serversIn(bench, zone)).toEqual([]);
  store.isRefusing = false;
  await bench.clock.pass(6000);
  expect(serversIn(bench, zone)).toEqual(['one']);
  store.isRefusing = true;
  await membership.leave();
  expect(serversIn(bench, zone)).toEqual(['one']);
});

describe('users', () => {
  test('cannot register servers, nor a service whose name would be the servers’ in DNS', async () => {
    const { registry } = await openRegistry();
    for (const service of ['_signpost', '_SIGNPOST', 'signpost', '_other']) {
      expect(await codeOf(registry.register(web('a', { service }), caller))).toBe('invalid');
    }
    await expect(registry.putService(zone, '_signpost', { ttl: 1 })).rejects.toMatchObject({ code: 'invalid' });
  });

  test('cannot change, renew or remove a server, whatever their rights', async () => {
    const bench = await openRegistry();
    await join(bench);
    const { registry } = bench;
    const operator = { ...caller, mayTakeOver: true };
    const ref = { zone, service: '_signpost', id: 'one' };
    const { generation } = registry.instance(zone, '_signpost', 'one')!;
    expect(await codeOf(registry.patch(ref, { weight: 1 }, operator))).toBe('forbidden');
    expect(await codeOf(registry.drain(ref, operator))).toBe('forbidden');
    expect(await codeOf(registry.deregister(ref, null, operator))).toBe('forbidden');
    expect(await registry.renew([{ ...ref, generation }], operator)).toMatchObject([{ error: { code: 'forbidden' } }]);
    expect(serversIn(bench, zone)).toEqual(['one']);
  });

  test('have all that the limits say for themselves', async () => {
    const bench = await openRegistry({
      settings: { mostInstances: 2, mostInstancesPerService: 2, mostServices: 1 }, zones,
    });
    await join(bench, 'one');
    await join(bench, 'two');
    await join(bench, 'three');
    expect(await codeOf(bench.registry.register(web('a'), caller))).toBe('resolved');
    expect(await codeOf(bench.registry.register(web('b'), caller))).toBe('resolved');
    expect(await codeOf(bench.registry.register(web('c'), caller))).toBe('too-many');
    expect(await codeOf(bench.registry.register(web('c', { service: 'db' }), caller))).toBe('too-many');
  });
});

describe('servers that die', () => {
  test('leave however many they are, and protect nothing', async () => {
    const bench = await openRegistry();
    for (let server = 0; server < 12; server++) await join(bench, `s${server}`);
    // Dead: their timers never ring again.
    const { registry, clock } = await openRegistry({ store: bench.store });
    await registry.register(web('a', { permanent: true }), caller);
    await clock.pass(20_000);
    expect(registry.protection()).toEqual([]);
    expect([...registry.instances(zone, '_signpost')]).toEqual([]);
  });

  test('leave while everything else is protected', async () => {
    const bench = await openRegistry();
    await join(bench);
    const { registry, clock } = await openRegistry({ store: bench.store });
    await Promise.all(Array.from({ length: 20 }, (_, i) => registry.register(web(`i${i}`, { lease: 10 }), caller)));
    await clock.pass(20_000);
    await settled();
    expect(registry.protection()).toHaveLength(1);
    expect(registry.countOf(zone, 'web').instances).toBe(20);
    expect([...registry.instances(zone, '_signpost')]).toEqual([]);
  });
});
