/**
 * When a registration comes again: at the pace of its lease while it is answered, slower and slower while it is not.
 */

const firstRetryMs = 250;
const mostRetryMs = 30_000;
const nextServerMs = 50;
/** Until a reply says otherwise. */
const usualMs = 5000;

export class Pace {
  readonly #random: () => number;
  #renewMs = usualMs;
  #retryMs = firstRetryMs;
  #isAnswered = true;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds between renewals, before jitter. */
  get renewMs(): number {
    return this.#renewMs;
  }

  /** False from the first silence to the next answer. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** Takes in an answer and, where it says so, after how many seconds the server wants the next renewal. */
  answered(renewAfter: number | undefined): void {
    if (renewAfter !== undefined) this.#renewMs = renewAfter * 1000;
    this.#retryMs = firstRetryMs;
    this.#isAnswered = true;
  }

  /**
   * The first renewal comes at any moment of the period, so that instances that start together do not renew together.
   */
  firstRenewal(): number {
    return this.#renewMs * this.#random();
  }

  nextRenewal(): number {
    return this.#jittered(this.#renewMs);
  }

  /** After no answer of one server, where there is another. */
  nextServer(): number {
    this.#isAnswered = false;
    return this.#jittered(nextServerMs);
  }

  /** After no answer: 250 ms, doubling up to the time of a renewal. */
  retry(): number {
    this.#isAnswered = false;
    const waitMs = Math.min(this.#retryMs, this.#renewMs);
    this.#retryMs = Math.min(this.#retryMs * 2, mostRetryMs);
    return this.#jittered(waitMs);
  }

  /** After a refusal, which asking again does not change. */
  slowRetry(): number {
    return this.#jittered(mostRetryMs);
  }

  /** Between looks whether another holder of the id is gone: two to three renewals. */
  look(): number {
    return this.#renewMs * (2 + this.#random());
  }

  #jittered(milliseconds: number): number {
    return milliseconds * (0.9 + 0.2 * this.#random());
  }
}
