/** Finds what someone probably meant: the known word with the fewest typing slips between it and what was written. */

/**
 * The candidate nearest to `word`, or null when there are no candidates or all are more than `most` slips away.
 * Letter case counts for nothing; of equally near ones the first wins.
 */
export function nearest(word: string, candidates: Iterable<string>, most = Infinity): string | null {
  let best: string | null = null;
  let bestSlips = Infinity;
  for (const candidate of candidates) {
    const slips = slipsBetween(word.toLowerCase(), candidate.toLowerCase());
    if (slips < bestSlips && slips <= most) [best, bestSlips] = [candidate, slips];
  }
  return best;
}

/** Letters inserted, left out, replaced, or swapped with their neighbour (optimal string alignment distance). */
function slipsBetween(a: string, b: string): number {
  let twoAbove: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let least = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        least = Math.min(least, twoAbove[column - 2]! + 1);
      }
      current.push(least);
    }
    [twoAbove, above] = [above, current];
  }
  return above[b.length]!;
}
