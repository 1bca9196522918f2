/** Policy `roundRobin`: smooth weighted round robin. Weights 5, 1, 1 give a a b a c a a, not a a a a a b c. */
import type { Candidate, Choose } from './policy.ts';

/**
 * Every choice adds each target's weight to its credit, takes the target with the most, and takes the sum of weights
 * off it again. Credits outlive updates, so that a change of the set does not begin the round anew.
 */
export function createRoundRobin(): Choose {
  let prepared: readonly Candidate[] = [];
  let weights = new Float64Array(0);
  let credits = new Float64Array(0);
  let total = 0;
  const prepare = (targets: readonly Candidate[]): void => {
    const kept = new Map(prepared.map(({ id }, index) => [id, credits[index]!]));
    const equal = targets.every(({ weight }) => weight === 0);
    prepared = targets;
    weights = Float64Array.from(targets, ({ weight }) => (equal ? 1 : weight));
    credits = Float64Array.from(targets, ({ id }) => kept.get(id) ?? 0);
    total = weights.reduce((sum, weight) => sum + weight, 0);
  };
  return (targets) => {
    if (targets !== prepared) prepare(targets);
    let best = -1;
    for (let index = 0; index < weights.length; index++) {
      if (weights[index] === 0) continue;
      credits[index]! += weights[index]!;
      if (best < 0 || credits[index]! > credits[best]!) best = index;
    }
    credits[best]! -= total;
    return targets[best]!;
  };
}
