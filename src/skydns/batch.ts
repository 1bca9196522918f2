/** Batch: what some keys have come to say, collected by zone, to be taken in and published together. */
import type { Octets } from '../wire/octets.ts';
import { type Entry, isSameEntry } from './entry.ts';
import { SkydnsError } from './error.ts';
import type { KeyChange, SkydnsZone } from './zone.ts';

export class Batch {
  /** The first of the keys that are left out, and why, for people. */
  readonly refused: { readonly key: string; readonly reason: string }[] = [];
  /** How many there are. */
  refusedCount = 0;
  readonly #changes = new Map<SkydnsZone, Map<Octets, Entry | null>>();
  /** How many more keys may be taken in. */
  #room: number;
  readonly #isWhole: boolean;

  /** `isWhole`: the batch will have all the keys that there are; otherwise those of the zones stay beside it. */
  constructor(room: number, isWhole: boolean) {
    this.#room = room;
    this.#isWhole = isWhole;
  }

  /** Null: the key says nothing any more. */
  changesOf(zone: SkydnsZone): Map<Octets, Entry | null> {
    let changes = this.#changes.get(zone);
    if (changes === undefined) this.#changes.set(zone, (changes = new Map<Octets, Entry | null>()));
    return changes;
  }

  /** Throws SkydnsError `limit` where there is no room for one more. */
  put(zone: SkydnsZone, entry: Entry): void {
    const changes = this.changesOf(zone);
    const isNew = !changes.has(entry.key) && (this.#isWhole || zone.entryOf(entry.key) === null);
    if (isNew && this.#room <= 0) throw new SkydnsError('limit', 'found more keys than skydns.keys allows');
    if (isNew) this.#room -= 1;
    changes.set(entry.key, entry);
  }

  /** Notes that a key is left out. */
  refuse(key: Octets, reason: string): void {
    this.refusedCount += 1;
    if (this.refused.length < mostNamed) this.refused.push({ key: shortened(key), reason: shortened(reason) });
  }

  /** The changes without those that change nothing. */
  differing(zone: SkydnsZone): KeyChange[] {
    const changes: KeyChange[] = [];
    for (const [key, after] of this.changesOf(zone)) {
      const before = zone.entryOf(key);
      if (before === null || after === null ? before !== after : !isSameEntry(before, after)) changes.push({ key, after });
    }
    return changes;
  }
}

/** etcd takes keys of a megabyte and more, which are of no use in a log. */
function shortened(text: string): string {
  return text.length <= mostShown ? text : `${text.slice(0, mostShown)}...`;
}

/** Keys that one line of the log names. */
export const mostNamed = 5;
/** Characters. */
const mostShown = 300;
