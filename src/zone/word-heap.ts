/**
 * Memory for blocks of words of 32 bits, all in one array: a block is no object, so that millions of them are nothing to
 * the garbage collector, and what is read together stands together. A block that was freed is given again for the same
 * room. There are few sizes of rooms, so that blocks that grow, as services do, leave rooms that others can use.
 */

const leastRoom = 6;
/** So many words can be read behind the last block. */
const overrun = 4;
/**
 * How many times the memory grows, tried in this order. Where systems give memory only as it is written to, a large step
 * costs nothing, and leaves few arrays behind that are nearly as large, until the garbage collector comes by.
 */
const growths = [8, 2, 1.25] as const;
const mostWords = 2 ** 29;

export class WordHeap {
  words = new Int32Array(0);
  /** The same memory. */
  octets = new Uint8Array(this.words.buffer);
  readonly #most: number;
  /** Where what was never given begins. Position 0 is never given, so that it can mean none. */
  #end = leastRoom;
  /** By room the first free block, 0 without; its first word leads to the next. */
  readonly #free = new Map<number, number>();

  /** Of at most so many words. */
  constructor(most = mostWords) {
    this.#most = most;
  }

  /**
   * The position of a block of `length` words, 1 or more, in which anything may stand; 0 when there is no memory for it.
   * `words` and `octets` may be others after it.
   */
  allocate(length: number): number {
    const room = roomFor(length);
    const freed = this.#free.get(room) ?? 0;
    if (freed > 0) {
      this.#free.set(room, this.words[freed]!);
      return freed;
    }
    const position = this.#end;
    const needed = position + room + overrun;
    if (needed > this.words.length && !this.#grow(needed)) return 0;
    this.#end += room;
    return position;
  }

  /** Takes back the block at `position`, which was given for `length` words. */
  free(position: number, length: number): void {
    const room = roomFor(length);
    this.words[position] = this.#free.get(room) ?? 0;
    this.#free.set(room, position);
  }

  /** False when there is no memory for so many words. */
  #grow(needed: number): boolean {
    for (const growth of needed > this.#most ? [] : growths) {
      const grown = allocated(Math.min(Math.ceil(growth * needed), this.#most));
      if (grown === null) continue;
      grown.set(this.words);
      this.words = grown;
      this.octets = new Uint8Array(grown.buffer);
      return true;
    }
    return false;
  }
}

/** So many words, all 0; null when the system refuses. */
export function allocated(length: number): Int32Array<ArrayBuffer> | null {
  try {
    return new Int32Array(length);
  } catch {
    return null;
  }
}

/** The words that a block of `length` words gets: a power of two or three quarters of one. */
function roomFor(length: number): number {
  const power = 2 ** (32 - Math.clz32(Math.max(length, leastRoom) - 1));
  return length <= 0.75 * power ? 0.75 * power : power;
}
