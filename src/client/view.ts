/**
 * What is known of one SRV name over time: asked again before it expires, kept through failures, shared by all services
 * of that name. It knows records; which of their targets are well is the balancer's matter.
 */
import type { Clock, Timer } from '../runtime/clock.ts';
import { SrvError, type SrvErrorCode } from './error.ts';
import type { Outcome, SrvRecord } from './lookup.ts';
import type { ResolverSettings } from './options.ts';

/** What a service is told by its view. */
export interface ViewListener {
  /** The records of a good answer, also when they are the same as before. */
  onRecords(records: readonly SrvRecord[], answer: { readonly ttlMs: number; readonly authoritative: boolean }): void;
  /** The records have outlived their answer and are kept. */
  onStale(sinceMs: number, cause: SrvError): void;
  /** A good answer came after `onStale`. */
  onFresh(): void;
  /** There are no records any more, or there never were. */
  onUnavailable(error: SrvError): void;
  /** True when somebody has used the name since the last time this was asked, or listens. */
  isWatched(): boolean;
}

/** An outcome and when it was learned, on the monotonic clock. */
export interface Learned {
  readonly outcome: Outcome;
  readonly at: number;
}

/** Asks DNS, or unless `fresh` gives what is still valid of an earlier answer. Rejects with `SrvError`. */
export type Learn = (name: string, fresh: boolean) => Promise<Learned>;

const firstRetryMs = 1000; // RFC 9520 section 3.2: a failure holds for at least one second
const lastRetryMs = 60_000;
const askAgainMs = 1000; // the least between two refreshes that services ask for
const idleRounds = 5; // refreshes without any use before the name is suspended

const absence: Readonly<Record<Exclude<Outcome['kind'], 'records'>, readonly [SrvErrorCode, string]>> = {
  unavailable: ['SRV_UNAVAILABLE', 'the service is decidedly not available here (target ".")'],
  nodata: ['SRV_NODATA', 'the name has no SRV records'],
  nxdomain: ['SRV_NXDOMAIN', 'the name does not exist'],
};

/** The error that stands for an outcome without records. */
export function absenceError(name: string, kind: Exclude<Outcome['kind'], 'records'>): SrvError {
  const [code, message] = absence[kind];
  return new SrvError(code, name, message);
}

export class View {
  readonly name: string;
  readonly #learn: Learn;
  readonly #settings: ResolverSettings;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #listeners = new Set<ViewListener>();
  #records: readonly SrvRecord[] | null = null;
  #answer = { ttlMs: 0, authoritative: false };
  /** When the last good answer came and ran out; null before the first. */
  #learnedAt: number | null = null;
  #emptySince: number | null = null;
  #failures = 0;
  #stale = false;
  #lastError: SrvError | null = null;
  #askedAt = -Infinity;
  #refreshing: Promise<void> | null = null;
  #timer: Timer | null = null;
  #idle = 0;
  #suspended = false;
  #closed = false;

  constructor(name: string, learn: Learn, settings: ResolverSettings, clock: Clock, random: () => number) {
    this.name = name;
    this.#learn = learn;
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
  }

  /** Why the last refresh gave no records; null after a good answer. */
  get lastError(): SrvError | null {
    return this.#lastError;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  add(listener: ViewListener): void {
    this.#listeners.add(listener);
    if (this.#records) listener.onRecords(this.#records, this.#answer);
    else if (this.#refreshing === null) void this.refresh();
  }

  remove(listener: ViewListener): void {
    this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#listeners.clear();
  }

  /** Wakes a suspended view; what is known may be used meanwhile. */
  wake(): void {
    if (this.#suspended) void this.refresh();
  }

  /** True when what is known ran out while nobody used it, so that a caller who can wait had better do so. */
  get isSuspended(): boolean {
    return this.#suspended;
  }

  /** Asks now, unless that was done less than a second ago: what an urgent caller wants when all targets fail. */
  refreshSoon(): void {
    if (this.#clock.now() - this.#askedAt >= askAgainMs) void this.refresh();
  }

  /** Asks now. Resolves when it is known what came of it; a failure is no rejection, but `lastError`. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    this.#timer?.cancel();
    this.#suspended = false;
    const isFirst = this.#askedAt === -Infinity;
    this.#askedAt = this.#clock.now();
    let learned: Learned | SrvError;
    try {
      learned = await this.#learn(this.name, !isFirst);
    } catch (error) {
      learned = error as SrvError;
    }
    if (this.#closed) return;
    const waitMs = learned instanceof SrvError ? this.#afterFailure(learned) : this.#afterAnswer(learned);
    this.#timer?.cancel();
    this.#timer = this.#clock.after(waitMs, () => this.#turn());
  }

  /** The time to ask again has come; asks if anybody still cares. */
  #turn(): void {
    let watched = false;
    for (const listener of this.#listeners) watched = listener.isWatched() || watched;
    this.#idle = watched ? 0 : this.#idle + 1;
    if (this.#idle < idleRounds) void this.refresh();
    else this.#suspended = true;
  }

  /** Returns after how many milliseconds to ask again. */
  #afterAnswer({ outcome, at }: Learned): number {
    this.#failures = 0;
    const now = this.#clock.now();
    if (outcome.kind !== 'records') return this.#afterAbsence(outcome, now);
    this.#emptySince = null;
    this.#lastError = null;
    this.#learnedAt = at;
    this.#records = keepAddresses(outcome.records, this.#records);
    this.#answer = { ttlMs: outcome.ttlMs, authoritative: outcome.authoritative };
    for (const listener of this.#listeners) listener.onRecords(this.#records, this.#answer);
    if (this.#stale) {
      this.#stale = false;
      for (const listener of this.#listeners) listener.onFresh();
    }
    // A source is asked again before its answer ends, so that nobody waits. A cache would give the same answer with
    // what is left of its TTL, so it is asked after the end, later by a random part so that not all clients come at
    // once.
    const share = outcome.authoritative ? 0.75 + 0.2 * this.#random() : 1 + 0.2 * this.#random();
    return Math.max(outcome.ttlMs * share - (now - at), 0);
  }

  #afterAbsence(outcome: Outcome & { readonly kind: Exclude<Outcome['kind'], 'records'> }, now: number): number {
    const error = absenceError(this.name, outcome.kind);
    this.#lastError = error;
    this.#emptySince ??= now;
    const holdLeft = this.#emptySince + this.#settings.emptyHoldMs - now;
    const again = outcome.ttlMs * (1 + 0.2 * this.#random());
    // An empty answer is more often a mistake of a deployment than the end of a service; "." is never a mistake.
    if (outcome.kind !== 'unavailable' && this.#records !== null && holdLeft > 0) {
      this.#tellStale(error);
      return Math.min(again, holdLeft);
    }
    this.#drop(error);
    return again;
  }

  #afterFailure(error: SrvError): number {
    this.#lastError = error;
    const now = this.#clock.now();
    if (this.#records === null) {
      this.#drop(error);
    } else {
      const expiredFor = now - this.#learnedAt! - this.#answer.ttlMs;
      if (expiredFor >= this.#settings.staleIfErrorMs) this.#drop(error);
      else if (expiredFor >= 0) this.#tellStale(error);
    }
    const backoff = Math.min(firstRetryMs * 2 ** Math.min(this.#failures, 30), lastRetryMs);
    this.#failures += 1;
    return backoff * (1 + 0.2 * this.#random());
  }

  #tellStale(cause: SrvError): void {
    if (this.#stale) return;
    this.#stale = true;
    const sinceMs = Math.max(this.#clock.now() - this.#learnedAt! - this.#answer.ttlMs, 0);
    for (const listener of this.#listeners) listener.onStale(sinceMs, cause);
  }

  #drop(error: SrvError): void {
    this.#records = null;
    this.#stale = false;
    for (const listener of this.#listeners) listener.onUnavailable(error);
  }
}

/**
 * The records, each without addresses given those that it had before: a target is not gone because its lookup failed.
 */
function keepAddresses(records: readonly SrvRecord[], before: readonly SrvRecord[] | null): readonly SrvRecord[] {
  return records.map((record) => {
    if (record.addresses.length > 0) return record;
    const known = before?.find(({ target, port }) => target === record.target && port === record.port);
    return known ? { ...record, addresses: known.addresses } : record;
  });
}
