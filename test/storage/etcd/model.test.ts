/**
 * The model of a registry on etcd: as in `test/registry/model.test.ts`, but every commit and every beat takes its time,
 * so fewer steps are made and more happens in each.
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

/** Stores that are opened one after the other, in real time. */
class Stores {
  readonly #prefix: string;
  readonly #commits = new Set<Promise<unknown>>();
  /** The one that was opened last, until it is known to follow. */
  #opened: EtcdStore | null = null;

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
    this.#opened = store;
    return store;
  }

  async settle(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    if (opened !== null) await vi.waitFor(() => opened.catchUp());
    while (this.#commits.size > 0) {
      await Promise.allSettled(this.#commits);
      await settled();
    }
  }
}

function run(seed: number, minutes: number): Promise<Tally> {
  const stores = new Stores(`/model/${seed}/`);
  return runModel({
    seed,
    owners: 20,
    duration: minutes * 60_000,
    haste: 60,
    openStore: () => stores.open(),
    kill: (store) => store.close(),
    settle: () => stores.settle(),
  });
}

test('no live instance is lost and no dead one is kept on etcd, whatever happens', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const { registrations, renewals, expiries } = await run(seed, 5);
  expect(Math.min(registrations, renewals, expiries)).toBeGreaterThan(0);
});
