/**
 * The one writer of the registry, with group commit. A write decides on what is committed when its turn comes; while one
 * batch is made durable the next gathers, so that any number of writes share a sync. Only when a batch is durable does
 * memory change, are the changes published, and does each caller get its outcome; if it cannot be made durable, nothing changed.
 */
import type { Logger } from '../runtime/log.ts';
import type { Change } from './change.ts';
import { RegistryError } from './error.ts';
import { type Store, StoreError, type StoreWrite } from './store.ts';

/** What a write comes to when its turn comes. */
export type Decision<T> =
  | { readonly kind: 'nothing'; readonly outcome: T }
  | {
      readonly kind: 'write';
      /** Null: nothing to store, a change of memory alone. */
      readonly write: StoreWrite | null;
      /** The change that the write is, at the revision it was given; null: none that anybody sees. */
      change(revision: number): Change | null;
      outcome(change: Change | null, revision: number, published: Published): T;
      /** Called when the write could not be made durable. */
      failed?(): void;
    };

export interface Published {
  /** Seconds for which a resolver may still hold what the batch removed. */
  readonly heldFor: number;
}

export interface WriterParts {
  readonly store: Store;
  readonly log: Logger;
  /** How many writes may wait; further ones are refused with `store-unavailable`. */
  readonly mostWaiting: number;
  /** Changes memory; must not fail. */
  readonly apply: (changes: readonly Change[]) => void;
  /** Resolves when everyone who answers queries answers with the changes. */
  readonly publish: (changes: readonly Change[]) => Promise<Published>;
}

interface Job {
  readonly key: string;
  /** Resolves the caller at once and returns null, or returns what to write. */
  decide(): (Decision<unknown> & { kind: 'write' }) | null;
  resolve(outcome: unknown): void;
  reject(error: unknown): void;
}

interface Pending {
  readonly job: Job;
  readonly decision: Decision<unknown> & { kind: 'write' };
}

const mostInBatch = 1000;

export class Writer {
  readonly #parts: WriterParts;
  #waiting: Job[] = [];
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /** Writes of callers that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Queues a write about the entry `key`; writes about one entry never share a batch, so `decide` sees what is committed.
   * Rejects with what `decide` throws, or with `store-full` or `store-unavailable`.
   */
  write<T>(key: string, decide: () => Decision<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new RegistryError('store-unavailable', 'the registry is closing'));
    if (this.#waiting.length >= this.#parts.mostWaiting) {
      return Promise.reject(new RegistryError('store-unavailable', `${this.#waiting.length} writes are waiting already`));
    }
    return this.#enqueue(key, decide);
  }

  /** As `write`, for what the registry does by itself: not refused for waiting writes. */
  writeOwn<T>(key: string, decide: () => Decision<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new RegistryError('store-unavailable', 'the registry is closing'));
    return this.#enqueue(key, decide);
  }

  /** Refuses further writes and waits for those that are queued. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #enqueue<T>(key: string, decide: () => Decision<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const job: Job = {
        key,
        resolve,
        reject,
        decide() {
          const decision = decide();
          if (decision.kind === 'write') return decision;
          resolve(decision.outcome);
          return null;
        },
      };
      this.#waiting.push(job);
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // writes of the same tick share the first batch
    while (this.#waiting.length > 0) await this.#commit(this.#gather());
    this.#running = null;
  }

  /** Lets waiting writes decide, in order; those about an entry that the batch already touches stay for the next one. */
  #gather(): Pending[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    const batch: Pending[] = [];
    const touched = new Set<string>();
    let next = 0;
    for (; next < waiting.length && batch.length < mostInBatch; next++) {
      const job = waiting[next]!;
      if (touched.has(job.key)) {
        this.#waiting.push(job);
        continue;
      }
      try {
        const decision = job.decide();
        if (decision === null) continue;
        touched.add(job.key);
        batch.push({ job, decision });
      } catch (error) {
        job.reject(error);
      }
    }
    for (; next < waiting.length; next++) this.#waiting.push(waiting[next]!);
    return batch;
  }

  async #commit(batch: readonly Pending[]): Promise<void> {
    if (batch.length === 0) return;
    const { store, log, apply, publish } = this.#parts;
    const writes = batch.flatMap(({ decision }) => decision.write ?? []);
    let revisions: readonly number[];
    try {
      revisions = writes.length === 0 ? [] : await store.commit(writes);
    } catch (error) {
      // One lost race must not fail the others of the batch.
      if (error instanceof StoreError && error.code === 'conflict' && batch.length > 1) {
        for (const pending of batch) await this.#commit([pending]);
        return;
      }
      for (const { job, decision } of batch) {
        decision.failed?.();
        job.reject(refusalOf(error));
      }
      return;
    }
    let stored = 0;
    const settled = batch.map(({ job, decision }) => {
      const revision = decision.write === null ? store.revision : revisions[stored++]!;
      return { job, decision, revision, change: decision.change(revision) };
    });
    const changes = settled.flatMap(({ change }) => change ?? []);
    apply(changes);
    let published: Published;
    try {
      published = changes.length === 0 ? { heldFor: 0 } : await publish(changes);
    } catch (error) {
      log.error({ err: error, changes: changes.length }, 'durable changes could not be published');
      for (const { job } of settled) job.reject(error);
      return;
    }
    for (const { job, decision, revision, change } of settled) job.resolve(decision.outcome(change, revision, published));
  }
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  switch (error.code) {
    case 'full':
      return new RegistryError('store-full', error.message, null, { cause: error });
    case 'conflict':
      return new RegistryError('conflict', error.message, null, { cause: error });
    case 'failed':
    case 'unavailable':
    case 'in-use':
    case 'format':
      return new RegistryError('store-unavailable', error.message, null, { cause: error });
  }
}
