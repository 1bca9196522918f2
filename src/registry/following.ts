/**
 * Following: how what other servers commit becomes changes here. It goes through the writer, in the order of revisions
 * with what this server commits, so that all servers tell the same story.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Catalog, Entry } from './catalog.ts';
import { type Change, type InstanceCause, type InstanceChange, instanceChange } from './change.ts';
import type { Expiry } from './expiry.ts';
import type { Instance } from './instance.ts';
import { keyOf } from './registration.ts';
import type { Follower, SharedRenewal, StoredChange, StoreSnapshot } from './store.ts';
import type { Tombstones } from './tombstones.ts';
import type { ForeignCommit, Writer } from './writer.ts';

export interface FollowingParts {
  readonly catalog: Catalog;
  readonly tombstones: Tombstones;
  readonly expiry: Expiry;
  readonly writer: Writer;
}

type EntryChange = Exclude<StoredChange, { readonly kind: 'tombstone' }>;

export class Following implements Follower {
  readonly #parts: FollowingParts;

  constructor(parts: FollowingParts) {
    this.#parts = parts;
  }

  changed(changes: readonly StoredChange[], revision: number): void {
    const { catalog, tombstones, writer } = this.#parts;
    const commits: ForeignCommit[] = [];
    for (const change of changes) {
      if (change.kind === 'tombstone') tombstones.add(change.tombstone);
      else if (catalog.hasZone(change.ref.zone)) commits.push(this.#commitOf(change));
    }
    void writer.takeIn([...commits, movedTo(revision)]);
  }

  committed(revision: number): void {
    this.#parts.writer.comesAt(revision);
  }

  renewed(renewals: readonly SharedRenewal[]): void {
    const { catalog, expiry } = this.#parts;
    for (const { zone, service, id, generation } of renewals) {
      const entry = catalog.entry(zone, service, id);
      if (entry?.instance.generation === generation) expiry.hear(entry);
    }
  }

  /** Takes in what differs. Renewals may have been missed, so each lease gets one full period, as after a restart. */
  async relisted({ revision, batches }: StoreSnapshot): Promise<void> {
    const { catalog, expiry, writer } = this.#parts;
    const differences: EntryChange[] = [];
    const there = new Set<string>();
    for await (const { services, instances, tombstones } of batches) {
      for (const tombstone of tombstones) this.#parts.tombstones.add(tombstone);
      for (const after of services.filter(({ zone }) => catalog.hasZone(zone))) {
        there.add(`${after.service}.${after.zone}`);
        if (catalog.service(after.zone, after.service)?.settings?.revision === after.revision) continue;
        differences.push({ kind: 'service', ref: after, revision: after.revision, after });
      }
      for (const after of instances.filter(({ zone }) => catalog.hasZone(zone))) {
        there.add(keyOf(after));
        if (catalog.entry(after.zone, after.service, after.id)?.instance.revision === after.revision) continue;
        differences.push({ kind: 'instance', ref: after, revision: after.revision, after });
      }
    }
    // What was heard of before may still be on its way into the catalog.
    await writer.writeOwn('', () => ({ kind: 'nothing', outcome: undefined }));
    for (const { zone, name, settings } of catalog.allServices()) {
      if (settings === null || there.has(`${name}.${zone}`)) continue;
      differences.push({ kind: 'service', ref: { zone, service: name }, revision, after: null });
    }
    for (const { instance } of catalog.entries()) {
      if (!there.has(keyOf(instance))) differences.push({ kind: 'instance', ref: instance, revision, after: null });
    }
    await writer.takeIn([...differences.map((change) => this.#commitOf(change)), movedTo(revision)]);
    for (const entry of catalog.entries()) expiry.hear(entry);
  }

  #commitOf(stored: EntryChange): ForeignCommit {
    const { revision } = stored;
    return { revision, change: () => (stored.kind === 'service' ? this.#service(stored) : this.#instance(stored)) };
  }

  #service({ ref, revision, after }: EntryChange & { readonly kind: 'service' }): Change | null {
    const before = this.#parts.catalog.service(ref.zone, ref.service)?.settings ?? null;
    if (before === null && after === null) return null;
    return { kind: 'service', revision, before, after };
  }

  #instance({ ref, revision, after }: EntryChange & { readonly kind: 'instance' }): InstanceChange | null {
    const { catalog, expiry } = this.#parts;
    const entry = catalog.entry(ref.zone, ref.service, ref.id);
    const before = entry?.instance ?? null;
    if (after === null) return entry === undefined ? null : instanceChange(causeOfEnd(entry), revision, before, null);
    if (entry === undefined || before?.generation !== after.generation) {
      return instanceChange('registered', revision, before, after);
    }
    expiry.adopt(entry, after);
    return instanceChange(causeOf(before, after), revision, before, { ...after, late: before.late });
  }
}

/** A commit of which nothing is to be seen here but its revision. */
function movedTo(revision: number): ForeignCommit {
  return { revision, change: () => null };
}

/** Every server hears all renewals, so what another one lets expire is late here too. */
function causeOfEnd({ state }: Entry): InstanceCause {
  return state === 'renewed' || state === 'timeless' ? 'deregistered' : 'expired';
}

function causeOf(before: Instance, after: Instance): InstanceCause {
  if (after.declared === 'draining' && before.declared !== 'draining') return 'draining';
  const { observed, revision, late } = before;
  return isDeepStrictEqual(before, { ...after, observed, revision, late }) ? 'checked' : 'updated';
}
