/**
 * Leases: an instance stays for as long as its owner renews. Renewals live in memory only; after a restart each lease gets one
 * full period. Lease time is monotonic and does not count what the server slept through, so that no lease ends because of it.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Instance } from './instance.ts';

/** Seconds for which an answer may outlive the lease of what it names. */
export const grace = 5;

/** Share of a lease after which its owner is asked to renew, and the largest share to which a loaded server may stretch that. */
export const usualRenewal = 1 / 3;
export const longestRenewal = 0.6;

/**
 * The TTL to publish where `wanted` is configured, in seconds. A resolver may hold an answer for its whole TTL, so it must
 * not exceed what is left of the lease plus grace: of a lease that is renewed in time at least 1 - `longestRenewal` is
 * left, and of one that is not (`late`), nothing may be promised.
 */
export function publishedTtl(wanted: number, instance: Pick<Instance, 'lease' | 'late'>): number {
  if (instance.lease === null) return wanted;
  return Math.min(wanted, instance.late ? grace : Math.floor(instance.lease * (1 - longestRenewal)) + grace);
}

/** Milliseconds between sweeps of the leases. */
export const sweepPeriod = 250;

/**
 * Time as leases see it, in milliseconds from the start. From one sweep to the next it goes at most a second forward: whatever
 * the process was stopped, stalled or asleep beyond that has not happened. After such a gap it stands still for as long again,
 * at most 10 s, because owners who found nobody home back off before they come again.
 */
export class LeaseTime {
  readonly #clock: Clock;
  /** Clock time from which lease time runs on, and lease time then. */
  #from: number;
  #base = 0;
  /** Milliseconds of gaps that were not counted, since the start. */
  stalled = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#from = clock.now();
  }

  now(): number {
    return this.#base + Math.min(Math.max(0, this.#clock.now() - this.#from), mostCounted);
  }

  /** To be called by each sweep; returns the milliseconds of a gap that ended with this call, 0 where all went well. */
  tick(): number {
    const elapsed = this.#clock.now() - this.#from;
    if (elapsed < 0) return 0;
    this.#base = this.now();
    const gap = Math.max(0, elapsed - mostCounted);
    this.#from = this.#clock.now() + Math.min(gap, mostHeld);
    this.stalled += gap;
    return gap;
  }
}

const mostCounted = 1000;
const mostHeld = 10_000;
