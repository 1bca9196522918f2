/** Policy `sticky`: weighted rendezvous hashing on the key of the call; a call without a key gets a random one. */
import type { Candidate, Choose } from './policy.ts';
import { hashText, placeOf } from './rendezvous.ts';

/** Takes the target with the smallest -ln(place) / weight, so that each gets its share of the keys. */
export function createSticky(random: () => number): Choose {
  let prepared: readonly Candidate[] = [];
  let hashes = new Uint32Array(0);
  let weights = new Float64Array(0);
  const prepare = (targets: readonly Candidate[]): void => {
    const equal = targets.every(({ weight }) => weight === 0);
    prepared = targets;
    hashes = Uint32Array.from(targets, ({ id }) => hashText(id));
    weights = Float64Array.from(targets, ({ weight }) => (equal ? 1 : weight));
  };
  return (targets, key) => {
    if (targets !== prepared) prepare(targets);
    const hash = key === undefined ? Math.floor(random() * 2 ** 32) : hashText(key);
    let best = -1;
    let bestScore = Infinity;
    for (let index = 0; index < hashes.length; index++) {
      const weight = weights[index]!;
      if (weight === 0) continue;
      const place = placeOf(hash, hashes[index]!);
      if (1 - place >= bestScore * weight) continue; // -ln(place) is larger still: spares nearly all logarithms
      const score = -Math.log(place) / weight;
      if (score >= bestScore) continue;
      best = index;
      bestScore = score;
    }
    return targets[best]!;
  };
}
