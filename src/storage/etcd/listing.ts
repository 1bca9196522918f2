/** Reading everything that is on etcd, page by page, as it was at one revision. */
import { type StoredBatch, StoreError, type StoreSnapshot } from '../../registry/store.ts';
import type { EntryReader } from '../entry.ts';
import { type EtcdKeys, readInstance, readService, readTombstone } from './keys.ts';
import { pagesOf } from './pages.ts';
import type { EtcdServers } from './servers.ts';

/** `revision` is that of the last commit; `listedAt`, which is no lower, that of etcd up to which none followed it. */
export interface Listed extends StoreSnapshot {
  readonly listedAt: number;
}

export class Listing {
  readonly #servers: EtcdServers;
  readonly #keys: EtcdKeys;
  readonly #reader: EntryReader;

  constructor(servers: EtcdServers, keys: EtcdKeys, reader: EntryReader) {
    this.#servers = servers;
    this.#keys = keys;
    this.#reader = reader;
  }

  /**
   * Rejects with `unavailable`, or with `format` where there is no store: an etcd that lost everything is not one that
   * says that nothing is registered. So do the batches, with `damaged` too.
   */
  async take(): Promise<Listed> {
    const { revision: key } = this.#keys;
    const { header, kvs } = await this.#servers.call((client, options) => client.kv.range({ key }, options));
    if (kvs.length === 0) throw noStore();
    const listedAt = Number(header.revision);
    return { revision: Number(kvs[0]!.mod_revision), listedAt, batches: this.#read(listedAt) };
  }

  async *#read(at: number): AsyncGenerator<StoredBatch> {
    const nothing: StoredBatch = { instances: [], services: [], tombstones: [] };
    const reader = this.#reader;
    // Services first, so that instances find their settings.
    for await (const kvs of pagesOf(this.#servers, this.#keys.range('service/'), at)) {
      yield { ...nothing, services: kvs.map((kv) => readService(reader, kv)) };
    }
    for await (const kvs of pagesOf(this.#servers, this.#keys.range('instance/'), at)) {
      yield { ...nothing, instances: kvs.map((kv) => readInstance(reader, kv)) };
    }
    for await (const kvs of pagesOf(this.#servers, this.#keys.range('tombstone/'), at)) {
      yield { ...nothing, tombstones: kvs.map((kv) => readTombstone(reader, kv)) };
    }
  }
}

/** What is known stays as it is until a server that starts anew makes a store there. */
export function noStore(): StoreError {
  return new StoreError('format', 'etcd holds no store below the prefix any more');
}
