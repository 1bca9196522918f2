/** Random numbers from a seed, so that a failing run can be had again. */

/** A source of whole numbers from 0 up to, not including, its argument (mulberry32). */
export function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A source of numbers in [0, 1), as Math.random, from a seed. */
export function uniform(seed: number): () => number {
  const below = generator(seed);
  return () => below(2 ** 32) / 2 ** 32;
}
