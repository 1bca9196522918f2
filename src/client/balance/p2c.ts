/** Policy `p2c`: the power of two choices, by weight. Wants callers that say when they are done. */
import type { Candidate, Choose } from './policy.ts';
import { createWeighted } from './weighted.ts';

/** Draws two by weight and takes the one with the lower (inflight + 1) / weight. */
export function createP2c(random: () => number): Choose {
  const draw = createWeighted(random);
  return (targets, key) => {
    const first = draw(targets, key);
    if (targets.length === 1) return first;
    let second = draw(targets, key);
    if (second === first) second = draw(targets, key);
    // Two idle targets differ in weight only, and the draw has honoured that already: comparing would starve the
    // lighter.
    if (first.inflight === 0 && second.inflight === 0) return first;
    return load(second) < load(first) ? second : first;
  };
}

/** Weight 0 is drawn only where all have it; then they count as equal. */
function load({ inflight, weight }: Candidate): number {
  return (inflight + 1) / (weight || 1);
}
