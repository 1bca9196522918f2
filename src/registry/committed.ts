/**
 * What is committed, as it stands in memory: writes are decided on it, and nothing but a commit changes it. With an
 * instance that comes its lease begins, and with one that leaves a tombstone stays.
 */
import type { Catalog, Entry, ServiceEntry } from './catalog.ts';
import type { Change, InstanceCause, InstanceChange } from './change.ts';
import { RegistryError } from './error.ts';
import type { Expiry } from './expiry.ts';
import { foldAscii } from './label.ts';
import type { Publication } from './publication.ts';
import { absence, refuseGeneration } from './refusal.ts';
import { foldRef, foldZone, type InstanceRef } from './registration.ts';
import type { Tombstones } from './tombstones.ts';

export interface CommittedParts {
  /** Zones that are served, folded. */
  readonly zones: readonly string[];
  readonly catalog: Catalog;
  readonly tombstones: Tombstones;
  readonly expiry: Pick<Expiry, 'start' | 'stop'>;
  readonly publication: Pick<Publication, 'noteEmptied'>;
}

export class Committed {
  readonly catalog: Catalog;
  readonly tombstones: Tombstones;
  /** How many changes of instances there were since the start. */
  readonly changes: Record<InstanceCause, number> = {
    registered: 0, updated: 0, deregistered: 0, expired: 0, draining: 0, checked: 0, late: 0, renewed: 0, loaded: 0,
  };
  readonly #parts: CommittedParts;

  constructor(parts: CommittedParts) {
    this.#parts = parts;
    this.catalog = parts.catalog;
    this.tombstones = parts.tombstones;
  }

  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'instance') this.#applyInstance(change);
      else this.catalog.applyService(change);
    }
  }

  /** The service of that zone and name, as callers write them. */
  service(zone: string, name: string): ServiceEntry | undefined {
    return this.catalog.service(foldZone(zone), foldAscii(name));
  }

  find(ref: InstanceRef): Entry | undefined {
    const { zone, service, id } = foldRef(ref);
    return this.catalog.entry(zone, service, id);
  }

  /** The entry, of that generation unless null; otherwise throws `not-found`, `gone` or `replaced`. */
  demand(ref: InstanceRef, generation: number | null): Entry {
    const entry = this.find(ref);
    if (entry === undefined) throw absence(ref, generation, this.tombstones.find(foldRef(ref)));
    refuseGeneration(entry.instance, generation);
    return entry;
  }

  /** The zone, folded; throws `not-found` for one that is not served. */
  demandZone(zone: string): string {
    const { zones } = this.#parts;
    const folded = foldZone(zone);
    const served = zones.find((other) => other === folded);
    if (served !== undefined) return served;
    throw new RegistryError(
      'not-found', `zone ${JSON.stringify(zone)} is not served, wanted one of ${zones.join(', ')}`, 'zone',
    );
  }

  #applyInstance(change: InstanceChange): void {
    const { before, after, cause } = change;
    const { expiry, publication } = this.#parts;
    this.changes[cause]++;
    const known = before === null ? undefined : this.find(before);
    const wasEmpty = known === undefined || known.service.answerable === 0;
    const entry = this.catalog.applyInstance(change);
    if (!wasEmpty && entry.service.answerable === 0) publication.noteEmptied(change);
    if (after === null) {
      this.tombstones.add(this.tombstones.of(entry.instance));
      expiry.stop(entry, false);
    } else if (entry !== known) {
      if (known !== undefined) expiry.stop(known, true);
      expiry.start(entry, cause === 'loaded');
    }
  }
}
