/** A budget for retries, so that a service in trouble is not asked twice as often as one that is well. */
import type { Clock } from '../../runtime/clock.ts';

const windowSeconds = 10;

/** Allows retries up to a share of the calls of the last ten seconds, and some a second besides. */
export class RetryBudget {
  readonly #share: number;
  readonly #perSecond: number;
  readonly #clock: Clock;
  readonly #calls = new Array<number>(windowSeconds).fill(0);
  readonly #retries = new Array<number>(windowSeconds).fill(0);
  #second: number;

  constructor(share: number, perSecond: number, clock: Clock) {
    this.#share = share;
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#second = Math.floor(clock.now() / 1000);
  }

  /** Counts a call, which earns its share of a retry. */
  call(): void {
    this.#calls[this.#turn()]! += 1;
  }

  /** Takes one retry out of the budget; false when it is spent. */
  retry(): boolean {
    const slot = this.#turn();
    if (sum(this.#retries) >= this.#share * sum(this.#calls) + this.#perSecond * windowSeconds) return false;
    this.#retries[slot]! += 1;
    return true;
  }

  /** Forgets the seconds that have left the window; returns the slot of this second. */
  #turn(): number {
    const second = Math.floor(this.#clock.now() / 1000);
    for (let passed = Math.min(second - this.#second, windowSeconds); passed > 0; passed--) {
      const slot = (second - passed + 1) % windowSeconds;
      this.#calls[slot] = 0;
      this.#retries[slot] = 0;
    }
    this.#second = second;
    return second % windowSeconds;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
