/** Which targets may be picked now: those of the best priority that has any that are well (RFC 2782, "Priority"). */
import { tiersOf } from '../order.ts';
import type { EjectionReason } from './outlier.ts';

export interface Ranked {
  readonly priority: number;
  readonly weight: number;
  readonly ejected: EjectionReason | null;
}

export interface Selection<Target> {
  /** Null when there are no targets at all. */
  readonly priority: number | null;
  readonly targets: readonly Target[];
  /** True when ejected targets are among them, because too few others are left. */
  readonly panic: boolean;
  /** Milliseconds after which a better priority may be returned to; null when there is none to wait for. */
  readonly reviewInMs: number | null;
}

/** Remembers which priorities have failed, so that the return to one is not a flapping. */
export class Tiers {
  readonly #panicShare: number;
  readonly #returnAfterMs: number;
  /** Failed priorities, and since when each is well again (null: it is not). */
  readonly #failed = new Map<number, number | null>();

  constructor(panicShare: number, returnAfterMs: number) {
    this.#panicShare = panicShare;
    this.#returnAfterMs = returnAfterMs;
  }

  select<Target extends Ranked>(targets: readonly Target[], now: number): Selection<Target> {
    const tiers = tiersOf(targets);
    if (tiers.length === 0) {
      this.#failed.clear();
      return { priority: null, targets: [], panic: false, reviewInMs: null };
    }
    let reviewInMs: number | null = null;
    let waiting: Selection<Target> | null = null;
    for (const tier of tiers) {
      const priority = tier[0]!.priority;
      const { usable, panic } = this.#usable(tier);
      if (usable.length === 0) {
        this.#failed.set(priority, null);
        continue;
      }
      const waitMs = this.#waitMs(priority, now);
      if (waitMs === 0) return { priority, targets: usable, panic, reviewInMs };
      reviewInMs = Math.min(reviewInMs ?? Infinity, waitMs);
      waiting ??= { priority, targets: usable, panic, reviewInMs: null };
    }
    if (waiting) return waiting; // nothing else is left: better than to wait on
    const best = tiers[0]!;
    return { priority: best[0]!.priority, targets: best, panic: true, reviewInMs: null };
  }

  /**
   * The targets of one priority that may be picked. When too many are ejected, failures are more likely the fault of
   * something common, and those that at least accept connections are used again.
   */
  #usable<Target extends Ranked>(tier: readonly Target[]): { usable: readonly Target[]; panic: boolean } {
    const well = tier.filter(({ ejected }) => ejected === null);
    if (well.length >= tier.length * this.#panicShare) return { usable: well, panic: false };
    const reachable = tier.filter(({ ejected }) => ejected !== 'connect');
    return { usable: reachable, panic: reachable.length > well.length };
  }

  #waitMs(priority: number, now: number): number {
    const wellSince = this.#failed.get(priority);
    if (wellSince === undefined) return 0;
    if (wellSince === null) this.#failed.set(priority, now);
    const waitMs = (wellSince ?? now) + this.#returnAfterMs - now;
    if (waitMs > 0) return waitMs;
    this.#failed.delete(priority);
    return 0;
  }
}
