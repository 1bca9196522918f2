/** What makes a prefix on etcd a store of ours: it is claimed where nothing is, or filled out of another store. */
import type { ICompare, IRequestOp } from 'etcd3';
import { StoreError, type StoreSnapshot } from '../../registry/store.ts';
import type { Clock } from '../../runtime/clock.ts';
import { encodeInstance, encodeService, encodeTombstone, formatVersion } from '../entry.ts';
import { EtcdKeys } from './keys.ts';
import { put, unchanged } from './requests.ts';
import { EtcdServers, type EtcdSettings } from './servers.ts';
import { grantTombstoneLease } from './tombstone-lease.ts';

/** Claims the prefix for this format where it holds nothing; rejects with `format` where it holds something else. */
export async function claim(servers: EtcdServers, keys: EtcdKeys): Promise<void> {
  // Writing nothing where nothing is to be written, a server also starts while etcd has no space.
  const { kvs } = await servers.call((client, options) => client.kv.range({ key: keys.format }, options));
  if (kvs[0]?.value.toString() === String(formatVersion)) return;
  const transaction = {
    compare: [isEmpty(keys)],
    success: claimed(keys),
    failure: [{ request_range: { key: keys.format } }],
  };
  const { succeeded, responses } = await servers.call((client, options) => client.kv.txn(transaction, options));
  const format = succeeded ? String(formatVersion) : responses[0]!.response_range.kvs[0]?.value.toString();
  if (format !== String(formatVersion)) {
    const found = `the store on etcd has format ${format ?? 'none'}`;
    throw new StoreError('format', `${found}, and this server reads ${formatVersion}: take a newer one`);
  }
}

/**
 * Makes a store of a snapshot, below a prefix that holds nothing; `in-use` otherwise. It is no store before it is
 * whole. Instances keep their generations, and get etcd's revisions.
 */
export async function createEtcdStore(settings: EtcdSettings, clock: Clock, { batches }: StoreSnapshot): Promise<void> {
  const servers = await EtcdServers.load(settings, clock);
  const keys = new EtcdKeys(settings.prefix);
  const commit = async (compare: ICompare[], success: IRequestOp[]): Promise<boolean> => {
    const { succeeded } = await servers.call((client, options) => client.kv.txn({ compare, success }, options));
    return succeeded;
  };
  try {
    if (!(await commit([isEmpty(keys)], []))) {
      throw new StoreError('in-use', `${settings.prefix} on etcd holds something already`);
    }
    const lease = await grantTombstoneLease(servers);
    for await (const { services, instances, tombstones } of batches) {
      const operations = [
        ...services.map((service) => put(keys.service(service), encodeService(service))),
        ...instances.map((instance) => put(keys.instance(instance), encodeInstance(instance))),
        ...tombstones.map((tombstone) => put(keys.tombstone(tombstone), encodeTombstone(tombstone), lease)),
      ];
      for (let from = 0; from < operations.length; from += mostOperations) {
        await commit([], operations.slice(from, from + mostOperations));
      }
    }
    await commit([], claimed(keys));
  } finally {
    servers.close();
  }
}

function isEmpty(keys: EtcdKeys): ICompare {
  const { key, range_end } = keys.range();
  return { ...unchanged(key, 0), range_end };
}

function claimed(keys: EtcdKeys): IRequestOp[] {
  return [put(keys.format, String(formatVersion)), put(keys.revision, '')];
}

/** In one transaction, of the 128 that etcd takes. */
const mostOperations = 100;
