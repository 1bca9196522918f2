/** Moving everything that one store holds into another that is empty, while no server uses either. */
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

/**
 * Copies what is at `from`; returns how many instances that were. Rejects with StoreError, `in-use` where `to` is not
 * empty.
 */
export async function migrate(
  from: Place,
  to: Exclude<Place, { readonly kind: 'backup' }>,
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
    if (to.kind === 'level') await createLevelStore(to.directory, { revision, batches: counted() });
    else await createEtcdStore(to.settings, clock, { revision, batches: counted() });
  } finally {
    await close();
  }
  return instances;
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
