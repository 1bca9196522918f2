/**
 * Until when resolvers may hold answers of a service with an instance that has left them: it may have done so before it
 * is drained or deregistered, when a check failed.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Catalog, Entry } from './catalog.ts';
import type { Change } from './change.ts';
import { isAnswerable } from './instance.ts';
import { publishedTtl } from './lease.ts';

export class Held {
  readonly #catalog: Catalog;
  readonly #clock: Clock;
  readonly #longestDefaultTtl: number;
  readonly #startedAt: number;
  /** Milliseconds of the clock. */
  readonly #heldUntil = new WeakMap<Entry, number>();

  /** `longestDefaultTtl`: in seconds, of answers where neither instance nor service sets a TTL. */
  constructor(catalog: Catalog, clock: Clock, longestDefaultTtl: number) {
    this.#catalog = catalog;
    this.#clock = clock;
    this.#longestDefaultTtl = longestDefaultTtl;
    this.#startedAt = clock.now();
  }

  /** Remembers that the changes were published now, and that what they took away may be held for so many seconds. */
  note(changes: readonly Change[], heldFor: number): void {
    const until = this.#clock.now() + heldFor * 1000;
    for (const { kind, before, after } of changes) {
      if (kind !== 'instance' || before === null || after === null) continue;
      // A change of what stays in answers does not count. A drain does in any case, for `#sinceStart` knows no better.
      const leaves = isAnswerable(before) && !isAnswerable(after);
      const drains = after.declared === 'draining' && before.declared !== 'draining';
      const entry = this.#catalog.entry(after.zone, after.service, after.id);
      if (entry === undefined || !(leaves || drains)) continue;
      this.#heldUntil.set(entry, Math.max(this.#heldUntil.get(entry) ?? 0, until));
    }
  }

  /** Seconds for which answers that name the entry, which are given no more, may still be held. */
  heldFor(entry: Entry): number {
    const until = this.#heldUntil.get(entry) ?? this.#sinceStart(entry);
    return Math.max(0, until - this.#clock.now()) / 1000;
  }

  /** Drained before the server started, which then has never answered with it; at worst it did so right before. */
  #sinceStart({ instance, service }: Entry): number {
    if (instance.declared !== 'draining') return 0;
    const ttl = instance.ttl ?? service.settings?.ttl ?? this.#longestDefaultTtl;
    return this.#startedAt + publishedTtl(ttl, instance) * 1000;
  }
}
