/** Moving everything that one store or a backup holds into another store that is empty, while no server uses either. */
import { existsSync } from 'node:fs';
import { type StoredBatch, StoreError, type StoreSnapshot } from '../registry/store.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import { checkBackup, readBackup } from './dump.ts';
import { createEtcdStore } from './etcd/claim.ts';
import type { EtcdSettings } from './etcd/servers.ts';
import { EtcdStore } from './etcd/store.ts';
import { createLevelStore, LevelStore } from './level.ts';

/** A place where entries are: the embedded store's own directory, etcd, or the file of a backup. */
export type Place =
  | { readonly kind: 'level'; readonly directory: string }
  | { readonly kind: 'etcd'; readonly settings: EtcdSettings }
  | { readonly kind: 'backup'; readonly file: string };

/** A place where a server keeps its entries. */
export type StorePlace = Exclude<Place, { readonly kind: 'backup' }>;

/**
 * Copies what is at `from`; returns how many instances that were. Rejects with StoreError, `in-use` where `to` is not
 * empty.
 */
export async function migrate(
  from: Place,
  to: StorePlace,
  clock: Clock,
  log: Logger,
): Promise<number> {
  const { snapshot, close } = await open(from, clock, log);
  let instances = 0;
  const counted = async function* (): AsyncGenerator<StoredBatch> {
    for await (const batch of snapshot.batches) {
      instances += batch.instances.length;
      yield batch;
    }
  };
  const { revision } = snapshot;
  try {
    await create(to, { revision, batches: counted() }, clock);
  } finally {
    await close();
  }
  return instances;
}

/**
 * Makes a store of the backup in `file`, and returns its revision. Rejects with `damaged` or `format` for a file that is
 * no whole backup, before anything is written; with `in-use` where `to` is not empty.
 */
export async function restore(file: string, to: StorePlace, clock: Clock): Promise<number> {
  await checkBackup(file);
  const snapshot = await readBackup(file);
  await create(to, snapshot, clock);
  return snapshot.revision;
}

function create(to: StorePlace, snapshot: StoreSnapshot, clock: Clock): Promise<void> {
  return to.kind === 'level'
    ? createLevelStore(to.directory, snapshot)
    : createEtcdStore(to.settings, clock, snapshot);
}

interface Opened {
  readonly snapshot: StoreSnapshot;
  readonly close: () => Promise<void>;
}

async function open(from: Place, clock: Clock, log: Logger): Promise<Opened> {
  if (from.kind === 'backup') {
    await checkBackup(from.file);
    return { snapshot: await readBackup(from.file), close: () => Promise.resolve() };
  }
  if (from.kind === 'level' && !existsSync(from.directory)) {
    throw new StoreError('failed', `${from.directory} is no store`);
  }
  const store =
    from.kind === 'level'
      ? await LevelStore.open(from.directory, clock)
      : await EtcdStore.open(from.settings, clock, log);
  return { snapshot: await store.snapshot(), close: () => store.close() };
}
