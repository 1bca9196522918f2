/** Which ids were deregistered or expired not long ago: what is still on its way to them is told that they are gone. */
import type { Clock } from '../runtime/clock.ts';
import type { Instance } from './instance.ts';
import { type InstanceRef, keyOf } from './registration.ts';
import type { Tombstone } from './store.ts';

/** Keeps the latest of them. */
export class Tombstones {
  readonly #tombstones = new Map<string, Tombstone>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The tombstone of an instance that leaves now. */
  of({ zone, service, id, generation }: Instance): Tombstone {
    return { zone, service, id, generation, until: this.#clock.wall() + life };
  }

  add(tombstone: Tombstone): void {
    const key = keyOf(tombstone);
    this.#tombstones.delete(key);
    this.#tombstones.set(key, tombstone);
    if (this.#tombstones.size <= mostKept) return;
    for (const oldest of this.#tombstones.keys()) {
      this.#tombstones.delete(oldest);
      break;
    }
  }

  /** The tombstone of a folded ref; null where there is none any more. */
  find(ref: InstanceRef): Tombstone | null {
    const tombstone = this.#tombstones.get(keyOf(ref));
    return tombstone === undefined || tombstone.until < this.#clock.wall() ? null : tombstone;
  }
}

const mostKept = 100_000;
/** Milliseconds. */
const life = 3_600_000;
