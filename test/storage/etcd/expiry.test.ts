/** Three registries on one etcd, whose leases end. */
import { afterEach, expect, test, vi } from 'vitest';
import { isKeptHere } from '../../../src/parts.ts';
import { Registry } from '../../../src/registry/registry.ts';
import { defaultRegistrySettings } from '../../../src/registry/settings.ts';
import type { StoreWrite } from '../../../src/registry/store.ts';
import { openLog } from '../../../src/runtime/log.ts';
import { systemClock as clock } from '../../../src/runtime/clock.ts';
import { EtcdStore } from '../../../src/storage/etcd/store.ts';
import { startEtcd } from '../../support/etcd.ts';

const log = openLog('silent', false);
const zone = 'svc.internal';
const settings = { ...defaultRegistrySettings, longestProtection: 0 };
const caller = { address: '10.0.0.9', tokenId: null, mayTakeOver: false };
const endings: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

interface Node {
  readonly store: EtcdStore;
  readonly registry: Registry;
  /** Ids whose removal it tried. */
  readonly removed: string[];
}

async function openNode(endpoints: readonly string[]): Promise<Node> {
  const tls = { ca: null, cert: null, key: null };
  const store = await EtcdStore.open({ endpoints, user: null, password: null, prefix: '/expiry/', tls }, clock, log);
  const removed: string[] = [];
  const commit = store.commit.bind(store);
  store.commit = (writes: readonly StoreWrite[]) => {
    for (const write of writes) if (write.kind === 'remove-instance') removed.push(write.value.id);
    return commit(writes);
  };
  const publish = (): Promise<{ heldFor: number }> => Promise.resolve({ heldFor: 0 });
  const isOurs = (instance: Parameters<typeof isKeptHere>[1]): boolean => isKeptHere(store, instance);
  const registry = await Registry.open({ store, clock, log, zones: [zone], settings, publish, isOurs });
  endings.push(async () => {
    await registry.close();
    await store.close();
  });
  return { store, registry, removed };
}

test('each lease is ended by one server, and by another one where that one does not', async () => {
  const etcd = await startEtcd();
  endings.push(() => etcd[Symbol.asyncDispose]());
  const nodes = [await openNode(etcd.urls), await openNode(etcd.urls), await openNode(etcd.urls)] as const;
  await vi.waitFor(() => expect(nodes.map(({ store }) => store.servers.length)).toEqual([3, 3, 3]), 5000);

  const ids = Array.from({ length: 60 }, (_, index) => `i${index}`);
  const fill = (): Promise<unknown> => Promise.all(ids.map((id) => nodes[0].registry.register(
    { zone, service: 'web', id, address: '10.0.0.7', port: 80, lease: 2 }, caller,
  )));
  const allGone = (): Promise<void> => vi.waitFor(
    () => expect(nodes.slice(0, 2).map(({ registry }) => registry.instanceCount)).toEqual([0, 0]), 15_000,
  );
  await fill();
  await allGone();
  expect(nodes.flatMap(({ removed }) => removed).sort()).toEqual([...ids].sort());
  expect(nodes.every(({ removed }) => removed.length > 5)).toBe(true);

  // It beats, and so counts as alive, but does not do its share.
  await nodes[2].registry.close();
  for (const node of nodes) node.removed.length = 0;
  await fill();
  await allGone();
  expect(new Set(nodes.flatMap(({ removed }) => removed))).toEqual(new Set(ids));
  expect(nodes[2].removed).toEqual([]);
}, 60_000);
