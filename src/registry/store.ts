/** What the registry needs of a store. Each is a file or a folder in `src/storage`, judged by one contract suite. */
import type { Instance } from './instance.ts';
import type { Service } from './service.ts';

/** Remembers a deregistered id's generation, so that what was on its way (a renew, an old DELETE) revives nothing. */
export interface Tombstone {
  readonly zone: string;
  readonly service: string;
  readonly id: string;
  readonly generation: number;
  /** Wall-clock milliseconds after which it may be forgotten. */
  readonly until: number;
}

/**
 * One write. `expect` is the revision that the stored entry must have (0: none must be there); a store shared with
 * other servers refuses the write with `conflict` otherwise. A lone server's store may take it as given.
 */
export type StoreWrite =
  | { readonly kind: 'instance'; readonly value: Instance; readonly expect: number }
  /** Expects the revision of `value`; where it goes because its lease has ended, also that no renewal is unheard of. */
  | {
    readonly kind: 'remove-instance'; readonly value: Instance; readonly tombstone: Tombstone;
    readonly hasEnded: boolean;
  }
  | { readonly kind: 'service'; readonly value: Service; readonly expect: number }
  | { readonly kind: 'remove-service'; readonly value: Service }
  /** Takes a revision and keeps nothing: a zone file changed, and the zone's serial must move. */
  | { readonly kind: 'revision' };

/** Everything a store holds, in pieces of bounded size so that a million instances never stand in memory twice. */
export interface StoredBatch {
  readonly instances: readonly Instance[];
  readonly services: readonly Service[];
  readonly tombstones: readonly Tombstone[];
}

/** All entries as they were at one revision, whatever is written while they are read. */
export interface StoreSnapshot {
  readonly revision: number;
  /** Yields all entries, once. */
  readonly batches: AsyncIterable<StoredBatch>;
}

export interface Store {
  /** Most entries that one commit may touch; an instance that comes or goes and its tombstone are two. None: no limit. */
  readonly mostEntries?: number;
  /** Highest revision that was ever committed; never goes back, also after a restart. */
  readonly revision: number;
  /** What is stored now; to be read to its end, or the snapshot is held open until `close`. */
  snapshot(): Promise<StoreSnapshot>;
  /**
   * Makes all writes durable or none, gives each its revision, and resolves with these, in order (several writes may
   * share one). No two writes are about the same entry. Rejects with `StoreError`. What is stored carries its revision:
   * `stamped`.
   */
  commit(writes: readonly StoreWrite[]): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** A store that several servers write to, each of which must learn of what the others do. */
export interface SharedStore extends Store {
  /** Name of this server among those of the store. */
  readonly server: string;
  /** The servers that are alive as far as this one knows, itself included. */
  readonly servers: readonly string[];
  /** Seconds since this server last knew that it had missed nothing; 0 while it follows. */
  readonly stale: number;
  /** As `stale`, but also while it follows; about a second then. */
  readonly silence: number;
  /**
   * Begins with what was committed after the last `snapshot`. From then on `commit` resolves once all that was
   * committed before has been handed to `follower`, so that everybody sees everything in the order of revisions.
   */
  follow(follower: Follower): void;
  /**
   * Lets all servers know of a renewal; resolves when this one knows of all that came before. Rejects with
   * `StoreError`.
   */
  renew(renewal: SharedRenewal): Promise<void>;
  /** Resolves when `follower` was handed all that was committed before the call. Rejects with `StoreError`. */
  catchUp(): Promise<void>;
}

export interface Follower {
  /**
   * What was committed, but for what `commit` of this very store resolves with, in the order of revisions; all of it up
   * to `revision`, of which nothing may be left to see.
   */
  changed(changes: readonly StoredChange[], revision: number): void;
  /** What `commit` is about to resolve with; what `changed` brings from now on comes after it. */
  committed(revision: number): void;
  /** Renewals that any server took, this one too. */
  renewed(renewals: readonly SharedRenewal[]): void;
  /** Everything anew, because something may have been missed; nothing can be committed until it resolves. */
  relisted(snapshot: StoreSnapshot): Promise<void>;
}

/** What became of an entry; null: it was removed. */
export type StoredChange =
  | { readonly kind: 'instance'; readonly ref: StoredRef; readonly revision: number; readonly after: Instance | null }
  | {
    readonly kind: 'service'; readonly ref: Omit<StoredRef, 'id'>; readonly revision: number;
    readonly after: Service | null;
  }
  | { readonly kind: 'tombstone'; readonly tombstone: Tombstone };

export type StoredRef = Pick<Instance, 'zone' | 'service' | 'id'>;
export type SharedRenewal = Pick<Instance, 'zone' | 'service' | 'id' | 'generation'>;

/** How many entries a write touches: whether a tombstone forbids it matters to what is registered anew. */
export function entriesOf(write: StoreWrite): number {
  return write.kind === 'remove-instance' || (write.kind === 'instance' && write.expect === 0) ? 2 : 1;
}

export function isShared(store: Store): store is SharedStore {
  return 'follow' in store;
}

/**
 * The value as committed at `revision`. A registration comes with generation 0 and takes the revision, which no other
 * ever has.
 */
export function stamped(instance: Instance, revision: number): Instance {
  return { ...instance, revision, generation: instance.generation === 0 ? revision : instance.generation };
}

export type StoreErrorCode =
  | 'full' // no space: reads go on, writes may work later
  | 'failed' // a write or sync failed: nothing can be promised until the server restarts
  | 'unavailable' // the store cannot be reached now
  | 'conflict' // another server changed the entry
  | 'in-use' // another process has it open
  | 'format' // written by a newer version, or no store of ours
  | 'damaged'; // what is stored cannot be read

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

/** Another server was first, so that none of a commit's writes was made. */
export class LostRace extends StoreError {
  /** Places of the writes that it was about. */
  readonly lost: ReadonlySet<number>;
  constructor(lost: ReadonlySet<number>) {
    super('conflict', 'another server changed the entry first');
    this.name = 'LostRace';
    this.lost = lost;
  }
}
