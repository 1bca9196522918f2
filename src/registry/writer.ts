/**
 * The one writer of the registry, with group commit. A write decides on what is committed when its turn comes; while
 * one batch is made durable the next gathers, so that any number of writes share a sync. Only when a batch is durable
 * does memory change, are the changes published, and does each caller get its outcome; if it cannot be made durable,
 * nothing changed.
 */
import { setImmediate } from 'node:timers/promises';
import type { Logger } from '../runtime/log.ts';
import type { Change } from './change.ts';
import type { Decision, Published } from './decision.ts';
import { RegistryError } from './error.ts';
import { type Job, type Pending, Queue } from './queue.ts';
import { refusalOf } from './refusal.ts';
import { isShared, LostRace, type Store, type StoreWrite } from './store.ts';

/** What another server has committed. */
export interface ForeignCommit {
  readonly revision: number;
  /** What it makes of that which is in memory when its turn comes; null: nothing, but that the revision moves. */
  readonly change: () => Change | null;
}

export interface WriterParts {
  readonly store: Store;
  readonly log: Logger;
  /** How many writes may wait; further ones are refused with `store-unavailable`. */
  readonly mostWaiting: number;
  /** Changes memory; must not fail. */
  readonly apply: (changes: readonly Change[]) => void;
  /**
   * Resolves when everyone who answers queries answers with the changes. `revision`: of the last commit that is in them,
   * whether anybody sees that in a change or not.
   */
  readonly publish: (changes: readonly Change[], revision: number) => Promise<Published>;
}

export class Writer {
  readonly #parts: WriterParts;
  readonly #queue = new Queue();
  /** What other servers committed, in the order of revisions. */
  #foreign: Taken[] = [];
  /** Lets go of what others committed before the commit that is under way, while that takes its time. */
  #meanwhile: Promise<void> | null = null;
  #isCommitting = false;
  /** Revision of the commit that is under way; null while that is not known, and while there is none. */
  #comesAt: number | null = null;
  #running: Promise<void> | null = null;
  /** Why the store refused the last commit; null where it took it. */
  #refusal: Error | null = null;
  #closed = false;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /**
   * Queues a write about the entry `key`; writes about one entry never share a batch, so `decide` sees all that came
   * before. Rejects with what `decide` throws, with `store-full`, `store-unavailable`, or `conflict`.
   */
  write<T>(key: string, decide: () => Decision<T>): Promise<T> {
    const waiting = this.#queue.called;
    if (waiting < this.#parts.mostWaiting) return this.#wait('caller', key, decide);
    return Promise.reject(new RegistryError('store-unavailable', `${waiting} writes are waiting already`));
  }

  /** As `write`, for what the registry does by itself: not refused for how many wait, and after those of callers. */
  writeOwn<T>(key: string, decide: () => Decision<T>): Promise<T> {
    return this.#wait('registry', key, decide);
  }

  /** Takes in what other servers committed; resolves when it is published. */
  takeIn(commits: readonly ForeignCommit[]): Promise<void> {
    if (commits.length === 0 || this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const last = commits.length - 1;
      this.#foreign.push(...commits.map((commit, index) => ({ ...commit, taken: index === last ? resolve : null })));
      if (this.#isCommitting) this.#meanwhile ??= this.#publishMeanwhile();
      else this.#running ??= this.#run();
    });
  }

  /** The commit that is under way got this revision; what is taken in from now on comes after it. */
  comesAt(revision: number): void {
    this.#comesAt = revision;
  }

  /** Refuses further writes and waits for those that are queued. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #wait<T>(from: 'caller' | 'registry', key: string, decide: () => Decision<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new RegistryError('store-unavailable', 'the registry is closing'));
    return new Promise<T>((resolve, reject) => {
      this.#queue.add({ key, decide, resolve, reject } as Job, from);
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    await setImmediate(); // writes that came in the same turn of the event loop share the first batch
    while (!this.#queue.isEmpty || this.#foreign.length > 0) {
      // First, so that decisions are made on it.
      if (this.#foreign.length > 0) await this.#publish([], []);
      await this.#commit(this.#queue.nextBatch(this.#parts.store.mostEntries ?? Infinity));
    }
    this.#running = null;
  }

  async #commit(batch: readonly Pending[]): Promise<void> {
    const writes = batch.flatMap(({ commitment }) => commitment.write ?? []);
    let revisions: readonly number[];
    try {
      revisions = writes.length === 0 ? [] : await this.#store(writes);
    } catch (error) {
      await this.#goOnWithout(batch, error);
      return;
    }
    await this.#publish(batch, revisions);
  }

  /** Commits; when it resolves or rejects, all that is known to come before is published. */
  async #store(writes: readonly StoreWrite[]): Promise<readonly number[]> {
    this.#isCommitting = true;
    try {
      const revisions = await this.#parts.store.commit(writes);
      this.#note(null);
      return revisions;
    } finally {
      this.#isCommitting = false;
      await this.#meanwhile;
      this.#comesAt = null;
    }
  }

  async #publishMeanwhile(): Promise<void> {
    await Promise.resolve(); // what is taken in at once is published at once
    while (this.#foreign.some((commit) => this.#isNext(commit))) await this.#publish([], []);
    this.#meanwhile = null;
  }

  #isNext({ revision }: ForeignCommit): boolean {
    return this.#comesAt === null || revision < this.#comesAt;
  }

  /** The store refused: what needs it is rejected, the rest happens all the same. */
  async #goOnWithout(batch: readonly Pending[], error: unknown): Promise<void> {
    // A race that was lost to another server must not fail the rest of the batch.
    if (error instanceof LostRace) {
      const stored = batch.filter(({ commitment }) => commitment.write !== null);
      const losers = new Set(stored.filter((_, place) => error.lost.has(place)));
      for (const { job, commitment } of losers) {
        commitment.failed?.();
        job.reject(refusalOf(error));
      }
      await this.#commit(batch.filter((pending) => !losers.has(pending)));
      return;
    }
    this.#note(error as Error);
    const unstored: Pending[] = [];
    for (const { job, commitment } of batch) {
      const isOptional = commitment.evenUnstored === true && !isShared(this.#parts.store);
      if (commitment.write === null || isOptional) {
        unstored.push({ job, commitment: { ...commitment, write: null } });
      } else {
        commitment.failed?.();
        job.reject(refusalOf(error));
      }
    }
    await this.#publish(unstored, []);
  }

  /** Logs when the store begins to refuse, for another reason than before, and when it takes commits again. */
  #note(refusal: Error | null): void {
    if (refusal === null && this.#refusal !== null) this.#parts.log.info('the store takes commits again');
    if (refusal !== null && refusal.message !== this.#refusal?.message) {
      this.#parts.log.error({ err: refusal }, 'the store refuses commits');
    }
    this.#refusal = refusal;
  }

  /**
   * Changes memory, also by what others committed meanwhile, and lets the world know. `revisions`: those of the
   * commitments that have a write, in order.
   */
  async #publish(batch: readonly Pending[], revisions: readonly number[]): Promise<void> {
    const { store, log, apply, publish } = this.#parts;
    const foreign = this.#foreign.filter((commit) => this.#isNext(commit));
    this.#foreign = this.#foreign.filter((commit) => !this.#isNext(commit));
    let stored = 0;
    const settled = batch.map(({ job, commitment }) => {
      const revision = commitment.write === null ? store.revision : revisions[stored++]!;
      return { job, commitment, revision, change: null as Change | null };
    });
    const others = foreign.map(({ revision, change }) => ({ revision, make: change }));
    const own = settled.map((one) => ({
      revision: one.revision,
      make: () => (one.change = one.commitment.change(one.revision)),
    }));
    const inOrder = [...others, ...own].sort((one, other) => one.revision - other.revision);
    const changes: Change[] = [];
    try {
      for (const { make } of inOrder) {
        const change = make();
        if (change === null) continue;
        // One by one: what a foreign commit changes depends on what came before it.
        apply([change]);
        changes.push(change);
      }
      const last = inOrder.at(-1);
      const published = last === undefined ? { heldFor: 0 } : await publish(changes, last.revision);
      for (const { job, commitment, revision, change } of settled) {
        job.resolve(commitment.outcome(change, revision, published));
      }
    } catch (error) {
      log.error({ err: error, changes: changes.length }, 'durable changes could not be published');
      for (const { job } of settled) job.reject(error);
    }
    for (const { taken } of foreign) taken?.();
  }
}

interface Taken extends ForeignCommit {
  readonly taken: (() => void) | null;
}
