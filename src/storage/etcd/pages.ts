/** Reading a range of keys, page by page, as it was at one revision. */
import type { IKeyValue } from 'etcd3';
import type { KeyRange } from './requests.ts';
import type { EtcdServers } from './servers.ts';

/** Reads in the order of keys. Rejects as `EtcdServers.call`, and where the history begins after `revision`. */
export async function* pagesOf(
  servers: EtcdServers, { key: first, range_end }: KeyRange, revision: number,
): AsyncGenerator<IKeyValue[]> {
  let key = first;
  for (;;) {
    const request = { key, range_end, limit: pageSize, revision };
    const { kvs, more } = await servers.call((client, options) => client.kv.range(request, options));
    yield kvs;
    if (!more) return;
    key = Buffer.concat([kvs.at(-1)!.key, Buffer.of(0)]);
  }
}

/** Entries. */
const pageSize = 1000;
