/** Rate limits: a bucket of tokens for each key, which fills at a steady rate and never beyond the burst. */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../runtime/clock.ts';

interface Bucket {
  level: number;
  /** Monotonic milliseconds of the last look. */
  at: number;
}

/** How many keys are remembered; the one unused for the longest time is forgotten first, and starts full again. */
const rememberedKeys = 10_000;

export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Clock;
  readonly #buckets = new LRUCache<string, Bucket>({ max: rememberedKeys });

  /** `perSecond` 0: no limit. */
  constructor(perSecond: number, burst: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#clock = clock;
  }

  /** Takes one from the key's bucket. Returns 0, or the whole seconds until there is one again when there is none. */
  take(key: string): number {
    if (this.#perSecond === 0) return 0;
    const now = this.#clock.now();
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = { level: this.#burst, at: now };
      this.#buckets.set(key, bucket);
    }
    bucket.level = Math.min(this.#burst, bucket.level + ((now - bucket.at) / 1000) * this.#perSecond);
    bucket.at = now;
    if (bucket.level < 1) return Math.ceil((1 - bucket.level) / this.#perSecond);
    bucket.level -= 1;
    return 0;
  }
}
