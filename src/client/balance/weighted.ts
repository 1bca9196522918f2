/** Policy `weighted`: each target with its share of the weights, as the first record of `orderSrv`. */
import type { Candidate, Choose } from './policy.ts';

/**
 * Running sums and a binary search: the first of an exponential order is distributed exactly so, and one draw costs
 * nothing that grows with the number of targets.
 */
export function createWeighted(random: () => number): Choose {
  let prepared: readonly Candidate[] = [];
  let sums = new Float64Array(0);
  let total = 0;
  const prepare = (targets: readonly Candidate[]): void => {
    prepared = targets;
    sums = new Float64Array(targets.length);
    total = 0;
    for (let index = 0; index < targets.length; index++) sums[index] = total += targets[index]!.weight;
  };
  return (targets) => {
    if (targets !== prepared) prepare(targets);
    if (total === 0) return targets[Math.floor(random() * targets.length)]!;
    const drawn = random() * total;
    let low = 0;
    let high = targets.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! > drawn) high = middle;
      else low = middle + 1;
    }
    return targets[low]!;
  };
}
