/**
 * Names that have left a zone while resolvers held answers with their records. A name that comes again, and goes again
 * before anybody asks, is still held from the first time.
 */
import type { Name } from '../wire/name.ts';

/** Beyond so many the one that left first is forgotten, and its time is that of all names. */
const mostNames = 10_000;

export class Departed {
  /** Until when an answer of each may be held, in seconds of the responder's clock; in the order in which they left. */
  readonly #heldUntil = new Map<Name, number>();
  #latestForgotten: number;

  /** `heldBefore`: until when an answer may be held that is older than the zone. */
  constructor(heldBefore: number) {
    this.#latestForgotten = heldBefore;
  }

  /** Notes that a name leaves at `now`. */
  leave(name: Name, heldUntil: number, now: number): void {
    if (heldUntil <= now) return;
    this.#heldUntil.set(name, heldUntil);
    for (const [first, firstUntil] of this.#heldUntil) {
      if (firstUntil > now && this.#heldUntil.size <= mostNames) return;
      this.#heldUntil.delete(first);
      this.#latestForgotten = Math.max(this.#latestForgotten, firstUntil);
    }
  }

  /** Until when an answer may be held of a name that comes, perhaps again. */
  comeBack(name: Name): number {
    // While a zone is loaded, none of its many names has left.
    const heldUntil = this.#heldUntil.size === 0 ? undefined : this.#heldUntil.get(name);
    if (heldUntil === undefined) return this.#latestForgotten;
    this.#heldUntil.delete(name);
    return Math.max(heldUntil, this.#latestForgotten);
  }

  /** Until when an answer of any of them may be held. */
  latest(): number {
    let latest = this.#latestForgotten;
    for (const heldUntil of this.#heldUntil.values()) latest = Math.max(latest, heldUntil);
    return latest;
  }
}
