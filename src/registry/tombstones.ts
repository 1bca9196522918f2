/** Which ids were deregistered or expired not long ago: what is still on its way to them is told that they are gone. */
import { type InstanceRef, keyOf } from './registration.ts';
import type { Tombstone } from './store.ts';

export class Tombstones {
  readonly #tombstones = new Map<string, Tombstone>();
  readonly #most: number;

  /** Keeps the latest `most`. */
  constructor(most: number) {
    this.#most = most;
  }

  add(tombstone: Tombstone): void {
    const key = keyOf(tombstone);
    this.#tombstones.delete(key);
    this.#tombstones.set(key, tombstone);
    if (this.#tombstones.size <= this.#most) return;
    for (const oldest of this.#tombstones.keys()) {
      this.#tombstones.delete(oldest);
      break;
    }
  }

  /** The tombstone of a folded ref, at wall-clock milliseconds `wall`; null where there is none any more. */
  find(ref: InstanceRef, wall: number): Tombstone | null {
    const tombstone = this.#tombstones.get(keyOf(ref));
    return tombstone === undefined || tombstone.until < wall ? null : tombstone;
  }
}
