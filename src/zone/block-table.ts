/** Finds compiled rrsets by the hash of name and type: the blocks of one place of the table are chained. */
import { homeOf } from '../runtime/hash.ts';
import type { FoldedName } from '../wire/folded-name.ts';
import { Word, keyOf, recordsEnd, wordsOf } from './block.ts';
import { type WordHeap, allocated } from './word-heap.ts';

const initialPlaces = 16;

export class BlockTable {
  readonly #heap: WordHeap;
  /** By the lower bits of their hash the first of the blocks; 0 without. */
  #places: Int32Array = new Int32Array(initialPlaces);
  #count = 0;

  constructor(heap: WordHeap) {
    this.#heap = heap;
  }

  /** The position of the block for a name and a type, of which `hash` is the hash; 0 without. */
  find(name: FoldedName, type: number, hash: number): number {
    const { words } = this.#heap;
    const key = keyOf(name, type);
    let block = this.#places[homeOf(hash) & (this.#places.length - 1)]!;
    for (; block > 0; block = words[block + Word.next]!) {
      if (words[block + Word.hash] === hash && words[block + Word.key] === key && this.#isOf(block, name)) break;
    }
    return block;
  }

  /** Makes room for one block more; false when there is no memory for it. */
  reserve(): boolean {
    return this.#count < this.#places.length || this.#grow();
  }

  /** Takes in a block, for which there must be room. */
  enter(block: number): void {
    const { words } = this.#heap;
    const place = homeOf(words[block + Word.hash]!) & (this.#places.length - 1);
    words[block + Word.next] = this.#places[place]!;
    this.#places[place] = block;
    this.#count += 1;
  }

  leave(block: number): void {
    const { words } = this.#heap;
    const place = homeOf(words[block + Word.hash]!) & (this.#places.length - 1);
    const next = words[block + Word.next]!;
    this.#count -= 1;
    if (this.#places[place] === block) {
      this.#places[place] = next;
      return;
    }
    let before = this.#places[place]!;
    while (words[before + Word.next] !== block) before = words[before + Word.next]!;
    words[before + Word.next] = next;
  }

  #grow(): boolean {
    const { words } = this.#heap;
    const smaller = this.#places;
    const larger = allocated(2 * smaller.length);
    if (larger === null) return false;
    this.#places = larger;
    this.#count = 0;
    for (const first of smaller) {
      let block = first;
      while (block > 0) {
        const next = words[block + Word.next]!;
        this.enter(block);
        block = next;
      }
    }
    return true;
  }

  #isOf(block: number, name: FoldedName): boolean {
    const { words } = this.#heap;
    const nameWords = wordsOf(name.length);
    const start = recordsEnd(words, block);
    for (let i = 0; i < nameWords; i++) if (words[start + i] !== name.words[i]) return false;
    return true;
  }
}
