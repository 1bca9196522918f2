/** Tests of goodness of fit, so that "distributed as wanted" is a figure. */

/** Pearson's statistic of what was observed against what was expected; a class that was never expected must stay empty. */
export function chiSquare(
  observed: readonly number[],
  expected: readonly number[],
): { statistic: number; freedom: number } {
  let statistic = 0;
  let classes = 0;
  observed.forEach((count, index) => {
    const wanted = expected[index]!;
    if (wanted === 0) {
      statistic += count === 0 ? 0 : Infinity;
    } else {
      statistic += (count - wanted) ** 2 / wanted;
      classes += 1;
    }
  });
  return { statistic, freedom: Math.max(classes - 1, 0) };
}

/** Above this a statistic of so many degrees of freedom comes about by chance once in a thousand times (p = 0.001). */
export function criticalAt999(freedom: number): number {
  if (freedom === 0) return 1e-9; // one class only: all of it is there
  // Wilson and Hilferty's approximation, within 0.5 % of the tables and exact enough above two degrees.
  const table = [10.828, 13.816, 16.266];
  const spread = 2 / (9 * freedom);
  return table[freedom - 1] ?? freedom * (1 - spread + 3.0902 * Math.sqrt(spread)) ** 3;
}
