/** The sleep of a loop. A call ends it; a call while the loop is awake has it sleep no more than once around. */
import type { Clock, Timer } from '../runtime/clock.ts';

export class Alarm {
  readonly #clock: Clock;
  /** Null while the loop is awake. */
  #timer: Timer | null = null;
  #wake: () => void = () => undefined;
  /** True when it was called while the loop was awake. */
  #isCalled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `milliseconds`, or when it is called; at once where that has happened since `awake`. */
  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = this.#clock.after(this.#isCalled ? 0 : milliseconds, resolve);
      this.#wake = resolve;
      this.#isCalled = false;
    });
  }

  /** To be called by the loop when it is about to see what there is to do. */
  awake(): void {
    this.#timer = null;
  }

  /** Lets the loop act now, or again as soon as it has done what it does. */
  call(): void {
    this.#isCalled = this.#timer === null;
    this.#timer?.cancel();
    this.#wake();
  }
}
