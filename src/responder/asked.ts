/**
 * Questions that were asked lately: most of many names are asked once, and what is asked again is worth the memory of an
 * answer that is ready.
 */
import { homeOf } from '../runtime/hash.ts';

/** Questions that are remembered; a power of two. */
const count = 65_536;

export class AskedLately {
  /** Hashes of questions, each where `homeOf` says. */
  readonly #hashes = new Int32Array(count);

  /** True when the question with this hash was asked lately; from now on it was. */
  again(hash: number): boolean {
    const place = homeOf(hash) & (count - 1);
    if (this.#hashes[place] === hash) return true;
    this.#hashes[place] = hash;
    return false;
  }
}
