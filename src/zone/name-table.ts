/**
 * Finds what stands at a name by the hash of the name: open addressing with linear probing, where a removal closes its
 * gap. Beside a tree of Maps, one for each name that has children, it is smaller, and a name is found in one step.
 */
import { homeOf } from '../runtime/hash.ts';
import type { FoldedName } from '../wire/folded-name.ts';

export interface Named {
  /** True when it stands at the name that begins with label `label` of `name`. */
  isAt(name: FoldedName, label: number): boolean;
}

const initialSize = 16;

export class NameTable<Entry extends Named> {
  /** The hash of each entry's name, 0 where there is none. Half of them at least are, so that searches are short. */
  #hashes = new Int32Array(initialSize);
  #entries = new Array<Entry | null>(initialSize).fill(null);
  #size = 0;

  /** The entry of the name that begins with label `label` of `name`; null without. */
  find(name: FoldedName, label: number): Entry | null {
    const place = this.#placeOf(name, label);
    return place < 0 ? null : this.#entries[place]!;
  }

  /** Adds the entry of the name that begins with label `label` of `name`, which has none. */
  add(name: FoldedName, label: number, entry: Entry): void {
    if (2 * (this.#size + 1) > this.#hashes.length) this.#grow();
    this.#size += 1;
    this.#put(name.hashes[label]!, entry);
  }

  delete(name: FoldedName, label: number): void {
    const hashes = this.#hashes;
    const mask = hashes.length - 1;
    let gap = this.#placeOf(name, label);
    if (gap < 0) return;
    this.#size -= 1;
    for (let place = (gap + 1) & mask; hashes[place] !== 0; place = (place + 1) & mask) {
      const distance = (place - homeOf(hashes[place]!)) & mask;
      // What has its home behind the gap stays: a search for it would not come by the gap.
      if (distance < ((place - gap) & mask)) continue;
      hashes[gap] = hashes[place]!;
      this.#entries[gap] = this.#entries[place]!;
      gap = place;
    }
    hashes[gap] = 0;
    this.#entries[gap] = null;
  }

  *values(): Generator<Entry> {
    for (const entry of this.#entries) if (entry !== null) yield entry;
  }

  #placeOf(name: FoldedName, label: number): number {
    const hashes = this.#hashes;
    const hash = name.hashes[label]!;
    const mask = hashes.length - 1;
    for (let place = homeOf(hash) & mask; hashes[place] !== 0; place = (place + 1) & mask) {
      if (hashes[place] === hash && this.#entries[place]!.isAt(name, label)) return place;
    }
    return -1;
  }

  #put(hash: number, entry: Entry): void {
    const mask = this.#hashes.length - 1;
    let place = homeOf(hash) & mask;
    while (this.#hashes[place] !== 0) place = (place + 1) & mask;
    this.#hashes[place] = hash;
    this.#entries[place] = entry;
  }

  #grow(): void {
    const hashes = this.#hashes;
    const entries = this.#entries;
    this.#hashes = new Int32Array(2 * hashes.length);
    this.#entries = new Array<Entry | null>(2 * hashes.length).fill(null);
    for (let place = 0; place < hashes.length; place++) {
      if (hashes[place] !== 0) this.#put(hashes[place]!, entries[place]!);
    }
  }
}
