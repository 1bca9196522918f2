/** Until when resolvers may hold answers that name a drained instance: for those who ask once more. */
import type { Clock } from '../runtime/clock.ts';
import type { Entry } from './catalog.ts';
import { publishedTtl } from './lease.ts';

export class Drained {
  readonly #clock: Clock;
  readonly #longestDefaultTtl: number;
  readonly #startedAt: number;
  /** Milliseconds of the clock. */
  readonly #heldUntil = new WeakMap<Entry, number>();

  /** `longestDefaultTtl`: in seconds, of answers where neither instance nor service sets a TTL. */
  constructor(clock: Clock, longestDefaultTtl: number) {
    this.#clock = clock;
    this.#longestDefaultTtl = longestDefaultTtl;
    this.#startedAt = clock.now();
  }

  /** Remembers that an entry was drained now, and may be held for so many seconds. */
  note(entry: Entry, heldFor: number): void {
    this.#heldUntil.set(entry, this.#clock.now() + heldFor * 1000);
  }

  /** Seconds for which answers that name the entry may still be held; 0 where it is not drained. */
  heldFor(entry: Entry): number {
    const { instance, service } = entry;
    if (instance.declared !== 'draining') return 0;
    // Drained before the server started, which then has never answered with it; at worst it did so right before.
    const ttl = instance.ttl ?? service.settings?.ttl ?? this.#longestDefaultTtl;
    const until = this.#heldUntil.get(entry) ?? this.#startedAt + publishedTtl(ttl, instance) * 1000;
    return Math.max(0, until - this.#clock.now()) / 1000;
  }
}
