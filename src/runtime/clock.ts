/**
 * Time, handed in. Leases and timeouts run on monotonic time, which no operator and no NTP step can move;
 * wall time is only printed. Tests hand in a clock that they turn themselves.
 */

/** A pending call of `Clock.after`; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Monotonic milliseconds since an arbitrary start; never goes back, stands still while the machine sleeps or not. */
  now(): number;
  /** Wall-clock milliseconds since 1970, for timestamps that people read; may jump. */
  wall(): number;
  /** Calls `run` once, `milliseconds` from now; does not keep the process alive. */
  after(milliseconds: number, run: () => void): Timer;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
