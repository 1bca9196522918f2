/** Loading: what the store holds comes into memory and is published, piece by piece, before anything is written. */
import { type Change, instanceChange } from './change.ts';
import type { Committed } from './committed.ts';
import type { RegistryParts } from './parts.ts';

export interface LoadingParts extends Pick<RegistryParts, 'store' | 'publish' | 'log'> {
  readonly committed: Committed;
}

/** Resolves when all of it is published, with cause `loaded`; what is of a zone that is not served is left out. */
export async function load({ store, committed, publish, log }: LoadingParts): Promise<void> {
  const { catalog, tombstones: known } = committed;
  const { revision, batches } = await store.snapshot();
  let unserved = 0;
  for await (const { instances, services, tombstones } of batches) {
    const changes: Change[] = [
      ...services.map((after): Change => ({ kind: 'service', revision: after.revision, before: null, after })),
      ...instances.map((after) =>
        instanceChange('loaded', after.revision, null, after.late ? { ...after, late: false } : after),
      ),
    ];
    const served = changes.filter(({ after }) => catalog.hasZone(after!.zone));
    unserved += changes.length - served.length;
    for (const tombstone of tombstones) known.add(tombstone);
    committed.apply(served);
    if (served.length > 0) await publish(served, revision);
  }
  if (unserved > 0) log.warn({ entries: unserved }, 'the store holds entries of zones that are not served');
}
