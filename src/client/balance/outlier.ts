/** Outlier ejection: a target that fails leaves the choice for a while, longer each time. */
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { ServiceSettings } from '../options.ts';
import type { CallResult } from '../target.ts';

/** Why a target is ejected: its calls failed again and again, or no connection to it came to be. */
export type EjectionReason = 'failures' | 'connect';

export interface Ejection {
  readonly reason: EjectionReason;
  readonly forMs: number;
}

/** How a target does; changed by `OutlierDetector` only. */
export class Health {
  ejected: EjectionReason | null = null;
  failuresInARow = 0;
  connectFailures = 0;
  ejections = 0;
  restore: Timer | null = null;
  restoredAt = -Infinity;
}

export class OutlierDetector {
  readonly #settings: ServiceSettings;
  readonly #clock: Clock;
  readonly #random: () => number;

  constructor(settings: ServiceSettings, clock: Clock, random: () => number) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Takes in how a call on a target ended; returns the ejection that this calls for, or null. `tier` gives the health
   * of all targets of its priority, itself included.
   */
  judge(health: Health, result: CallResult, tier: () => readonly Health[]): Ejection | null {
    if (result === 'success') this.#forgive(health);
    // Calls that were on their way when it was ejected say nothing new.
    if (result === 'success' || result === 'neutral' || health.ejected) return null;
    health.failuresInARow += 1;
    const { connectEjectionMs, connectEjectionMaxMs, outlierFailures, outlierBaseMs, outlierMaxMs, outlierMaxShare } =
      this.#settings;
    if (result === 'connect-failure') {
      const forMs = Math.min(connectEjectionMs * 2 ** Math.min(health.connectFailures, 30), connectEjectionMaxMs);
      health.connectFailures += 1;
      return { reason: 'connect', forMs };
    }
    if (health.failuresInARow < outlierFailures) return null;
    const others = tier();
    const ejected = others.filter((other) => other.ejected === 'failures').length;
    if (ejected + 1 > others.length * outlierMaxShare) return null;
    health.ejections += 1;
    const forMs = Math.min(outlierBaseMs * health.ejections, outlierMaxMs);
    return { reason: 'failures', forMs: forMs * (0.9 + 0.2 * this.#random()) };
  }

  /** A success ends the count of failures at once, and that of ejections when the target has been well for a while. */
  #forgive(health: Health): void {
    health.failuresInARow = 0;
    health.connectFailures = 0;
    if (this.#clock.now() - health.restoredAt >= this.#settings.outlierBaseMs) health.ejections = 0;
  }
}
