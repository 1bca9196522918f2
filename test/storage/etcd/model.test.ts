/**
 * The model of two registries on one etcd: as in `test/registry/model.test.ts`, but every commit and every beat takes
 * its time, so fewer steps are made and more happens in each.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/runtime/clock.ts';
import { openLog } from '../../../src/runtime/log.ts';
import { EtcdStore } from '../../../src/storage/etcd/store.ts';
import { runModel, type Tally } from '../../registry/model.ts';
import { settled } from '../../support/clock.ts';
import { startEtcd, type TestEtcd } from '../../support/etcd.ts';

let etcd: TestEtcd;

beforeAll(async () => {
  etcd = await startEtcd();
}, 30_000);
afterAll(() => etcd[Symbol.asyncDispose]());

/** Stores in real time, for registries in fake time: that waits until they have done what they were told. */
class Stores {
  readonly #prefix: string;
  readonly #commits = new Set<Promise<unknown>>();
  readonly #open = new Set<EtcdStore>();
  /** Those that are not yet known to follow. */
  #opened: EtcdStore[] = [];

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  async open(): Promise<EtcdStore> {
    const tls = { ca: null, cert: null, key: null };
    const settings = { endpoints: etcd.urls, user: null, password: null, prefix: this.#prefix, tls };
    const store = await EtcdStore.open(settings, systemClock, openLog('silent', false));
    const commit = store.commit.bind(store);
    store.commit = (writes) => {
      const committed = commit(writes);
      this.#commits.add(committed);
      void committed.catch(() => undefined).finally(() => this.#commits.delete(committed));
      return committed;
    };
    const close = store.close.bind(store);
    store.close = () => {
      this.#open.delete(store);
      return close();
    };
    this.#open.add(store);
    this.#opened.push(store);
    return store;
  }

  async settle(): Promise<void> {
    for (const store of this.#opened.splice(0)) await vi.waitFor(() => store.catchUp());
    do {
      await Promise.allSettled(this.#commits);
      await settled();
    } while (this.#commits.size > 0 || !this.#isLevel());
  }

  /** True when all know of all commits, and none is about to stop its sweeps because it hears of nothing. */
  #isLevel(): boolean {
    const stores = [...this.#open];
    return new Set(stores.map(({ revision }) => revision)).size === 1 && stores.every(({ silence }) => silence < 1.2);
  }
}

function run(seed: number, minutes: number): Promise<Tally> {
  const stores = new Stores(`/model/${seed}/`);
  return runModel({
    seed,
    owners: 20,
    duration: minutes * 60_000,
    haste: 60,
    servers: 2,
    openStore: () => stores.open(),
    kill: (store) => store.close(),
    settle: () => stores.settle(),
  });
}

test('no live instance is lost and no dead one is kept on etcd, whatever happens', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const { registrations, renewals, expiries } = await run(seed, 3);
  expect(Math.min(registrations, renewals, expiries)).toBeGreaterThan(0);
});
