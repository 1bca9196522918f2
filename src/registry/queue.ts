/**
 * The writes that wait for their turn. Those of callers go first, so that a hundred thousand leases that end keep
 * nobody waiting; a part of each batch is for the registry's own, which must not wait for ever either.
 */
import type { Commitment, Decision } from './decision.ts';
import { entriesOf } from './store.ts';

export interface Job {
  /** Of the entry that it is about. */
  readonly key: string;
  readonly decide: () => Decision<unknown>;
  readonly resolve: (outcome: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A job that decided to commit. */
export interface Pending {
  readonly job: Job;
  readonly commitment: Commitment<unknown>;
}

export class Queue {
  #called: Job[] = [];
  #own: Job[] = [];

  /** How many writes of callers wait. */
  get called(): number {
    return this.#called.length;
  }

  get isEmpty(): boolean {
    return this.#called.length + this.#own.length === 0;
  }

  add(job: Job, from: 'caller' | 'registry'): void {
    (from === 'caller' ? this.#called : this.#own).push(job);
  }

  /** Lets writes decide whose commitments touch no entry twice, and no more than `mostOfStore` in all. */
  nextBatch(mostOfStore: number): readonly Pending[] {
    const most = Math.min(mostOfStore, mostInBatch);
    const batch: Batch = { writes: [], touched: new Set(), entries: 0 };
    const kept = Math.min(this.#own.length, Math.floor(most * ownShare));
    this.#called = gather(this.#called, batch, most - kept);
    this.#own = gather(this.#own, batch, most);
    return batch.writes;
  }
}

interface Batch {
  readonly writes: Pending[];
  /** Keys of the entries that it is about. */
  readonly touched: Set<string>;
  entries: number;
}

/** Entries; bounds the size of one commit, and with it how long later writes wait for it. */
const mostInBatch = 2000;
const mostOfOneWrite = 2;
const ownShare = 1 / 3;

/**
 * Lets waiting writes decide, in order, until the batch is full with `most` entries; those about an entry that it
 * already touches stay for the next one. Returns what goes on waiting.
 */
function gather(waiting: Job[], batch: Batch, most: number): Job[] {
  const deferred: Job[] = [];
  let next = 0;
  for (; next < waiting.length && batch.entries + mostOfOneWrite <= most; next++) {
    const job = waiting[next]!;
    if (batch.touched.has(job.key)) {
      deferred.push(job);
      continue;
    }
    try {
      const decision = job.decide();
      if (decision.kind === 'nothing') {
        job.resolve(decision.outcome);
      } else {
        batch.touched.add(job.key);
        batch.writes.push({ job, commitment: decision });
        batch.entries += decision.write === null ? 1 : entriesOf(decision.write);
      }
    } catch (error) {
      job.reject(error);
    }
  }
  return deferred.concat(waiting.slice(next));
}
