/**
 * Memory for records of different lengths that come and go: a ring in one buffer, where each new record takes the place
 * of the oldest. What ends before its time leaves a hole until the ring has come round, so nothing is ever searched or
 * moved. It comes round sooner where it is mostly holes, so that it does not touch all of its memory for a few records
 * that change all the time. Lengths and positions are counted in words of 32 bits; the first two words of a record are
 * the ring's own.
 */

/** Words of a record that belong to the ring: its length, and 1 + its owner, or 0 once it has ended. */
export const ownWords = 2;

/** The ring comes round when what stands in it, so many times, is behind it; but not before so many words. */
const roominess = 4;
const leastRound = 2 ** 18;

/** Position 0 is never given, so that it can mean none. */
const first = 1;

export class Ring {
  readonly words: Int32Array;
  readonly octets: Uint8Array;
  readonly #end: (owner: number) => void;
  /** Where the next record goes. */
  #head = first;
  /** Where the oldest record stands that is still ahead of the head, and where the last of these ends. */
  #oldest = first;
  #last = first;
  /** Words of the records that have not ended. */
  #standing = 0;

  /** Of so many octets; `end` is called with the owner of each record whose place another takes. */
  constructor(octets: number, end: (owner: number) => void) {
    this.words = new Int32Array(Math.floor(octets / 4));
    this.octets = new Uint8Array(this.words.buffer);
    this.#end = end;
  }

  /** The position of a new record of `length` words, all told; 0 where that is more than an eighth of the ring. */
  add(length: number, owner: number): number {
    const { words } = this;
    if (length > words.length >> 3) return 0;
    const round = Math.max(leastRound, roominess * (this.#standing + length));
    if (this.#head + length > Math.min(round, words.length)) {
      this.#makeRoom(words.length);
      this.#last = this.#head;
      this.#head = this.#oldest = first;
    }
    const position = this.#head;
    this.#head += length;
    this.#makeRoom(this.#head);
    words[position] = length;
    words[position + 1] = owner + 1;
    this.#standing += length;
    return position;
  }

  /** Says that a record has ended; said again, it does nothing. */
  remove(position: number): void {
    if (this.words[position + 1] === 0) return;
    this.#standing -= this.words[position]!;
    this.words[position + 1] = 0;
  }

  /** Ends the records that stand between the head and `limit`. */
  #makeRoom(limit: number): void {
    while (this.#oldest < limit && this.#oldest < this.#last) {
      const owner = this.words[this.#oldest + 1]!;
      this.remove(this.#oldest);
      if (owner > 0) this.#end(owner - 1);
      this.#oldest += this.words[this.#oldest]!;
    }
  }
}
