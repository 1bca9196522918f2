/** Time as leases see it: monotonic, and without what the server slept through, so that no lease ends because of it. */
import type { Clock } from '../runtime/clock.ts';

/** Milliseconds between sweeps of the leases. */
export const sweepPeriod = 250;

/**
 * Milliseconds of lease time since `begin`; until then it stands still. From one sweep to the next it goes at most a
 * second forward: whatever the process was stopped, stalled or asleep beyond that has not happened. After such a gap it
 * stands still for as long again, at most 4 s, because owners who found nobody home back off before they come again; a
 * lease that begins then ends within its grace.
 */
export class LeaseTime {
  readonly #clock: Clock;
  /** Clock time from which lease time runs on, and lease time then. */
  #from = Infinity;
  #base = 0;
  #lastTick = 0;
  #lag = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#base + Math.min(Math.max(0, this.#clock.now() - this.#from), mostCounted);
  }

  /**
   * How late sweeps come, as a share of their period, smoothed: the measure of the server's load. 0 when they are in
   * time.
   */
  get lag(): number {
    return this.#lag;
  }

  begin(): void {
    this.#from = this.#clock.now();
    this.#lastTick = this.#from;
  }

  /** To be called by each sweep; returns the milliseconds of a gap that ends with this call, 0 where all went well. */
  tick(): number {
    const now = this.#clock.now();
    const sinceTick = now - this.#lastTick;
    this.#lastTick = now;
    this.#lag += (Math.max(0, sinceTick / sweepPeriod - 1) - this.#lag) / smoothing;

    this.#base = this.now();
    const gap = Math.max(0, sinceTick - mostCounted);
    this.#from = Math.max(this.#from, now + Math.min(gap, mostHeld));
    return gap;
  }
}

/** Milliseconds. */
const mostCounted = 1000;
const mostHeld = 4000;
/** Sweeps over which the lag is averaged. */
const smoothing = 8;
