/**
 * A wheel of deadlines: what is due at a time stands in the slot of that time. Adding costs O(1), and a pass costs what
 * is due. Nothing is ever taken out: what no longer matters is let go of when its slot comes.
 */
export class Wheel<T> {
  readonly #slots = new Map<number, T[]>();
  readonly #slotWidth: number;
  /** The last slot that was emptied. */
  #passed: number;

  /** `slotWidth` in milliseconds: nothing comes early, and nothing later than that. */
  constructor(slotWidth: number, now: number) {
    this.#slotWidth = slotWidth;
    this.#passed = Math.floor(now / slotWidth);
  }

  add(item: T, due: number): void {
    const slot = Math.max(this.#passed + 1, Math.ceil(due / this.#slotWidth));
    const items = this.#slots.get(slot);
    if (items === undefined) this.#slots.set(slot, [item]);
    else items.push(item);
  }

  /** Takes out all that is due at `now`. What is added meanwhile waits for the next slot at least, due or not. */
  *due(now: number): Iterable<T> {
    const last = Math.floor(now / this.#slotWidth);
    while (this.#passed < last) {
      const slot = ++this.#passed;
      const items = this.#slots.get(slot);
      if (items === undefined) continue;
      this.#slots.delete(slot);
      yield* items;
    }
  }
}
