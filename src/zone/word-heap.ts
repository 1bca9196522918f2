/**
 * Memory for blocks of words of 32 bits, all in one array: a block is no object, so that millions of them are nothing to
 * the garbage collector, and what is read together stands together. Lengths are rounded up, and a block that was freed
 * is given again for the same rounded length.
 */

/** Lengths are multiples of so many words. */
const step = 8;
const initialLength = 64 * step;

export class WordHeap {
  words = new Int32Array(initialLength);
  /** The same memory. */
  octets = new Uint8Array(this.words.buffer);
  /** Where what was never given begins. Position 0 is never given, so that it can mean none. */
  #end = step;
  /** By length in steps the first free block, 0 without; its first word leads to the next. */
  readonly #free: number[] = [];

  /**
   * The position of a block of `length` words, 1 or more, in which anything may stand; `words` and `octets` may be
   * others after it. A step more can be read behind the last block.
   */
  allocate(length: number): number {
    const steps = Math.ceil(length / step);
    const freed = this.#free[steps] ?? 0;
    if (freed > 0) {
      this.#free[steps] = this.words[freed]!;
      return freed;
    }
    const position = this.#end;
    this.#end += steps * step;
    if (this.#end + step > this.words.length) this.#grow();
    return position;
  }

  /** Takes back the block at `position`, which was given for `length` words. */
  free(position: number, length: number): void {
    const steps = Math.ceil(length / step);
    this.words[position] = this.#free[steps] ?? 0;
    this.#free[steps] = position;
  }

  #grow(): void {
    const grown = new Int32Array(2 * (this.#end + step));
    grown.set(this.words);
    this.words = grown;
    this.octets = new Uint8Array(grown.buffer);
  }
}
