/** How often each of a few numbers is there: enough to keep the least of many without looking at all of them. */

/** A multiset of numbers, as sorted pairs in one array: nearly every one holds a single TTL or priority. */
export class Tally {
  // value, count, value, count, ... by rising value
  readonly #pairs: number[] = [];

  /** The least value; undefined when there is none. */
  get least(): number | undefined {
    return this.#pairs[0];
  }

  /** One `value` more, or one less of those that are there. */
  count(value: number, by: 1 | -1): void {
    let at = 0;
    while (at < this.#pairs.length && this.#pairs[at]! < value) at += 2;
    if (this.#pairs[at] !== value) {
      if (by === -1) throw new Error(`${value} is not in the tally`);
      this.#pairs.splice(at, 0, value, 0);
    }
    this.#pairs[at + 1]! += by;
    if (this.#pairs[at + 1] === 0) this.#pairs.splice(at, 2);
  }
}
