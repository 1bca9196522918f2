/** Subsetting: a client keeps to n targets of many, so that n clients times m targets do not all hold connections. */
import type { Candidate } from './policy.ts';
import { hashText, placeOf } from './rendezvous.ts';

/**
 * The `size` targets that rank highest for this client; all of them where `size` is 0 or there are no more. In the
 * order given.
 */
export function subsetOf<Target extends Candidate>(
  targets: readonly Target[],
  size: number,
  client: number,
): readonly Target[] {
  if (size === 0 || targets.length <= size) return targets;
  const ranked = targets.map((target) => ({ target, place: placeOf(client, hashText(target.id)) }));
  ranked.sort((left, right) => right.place - left.place);
  const kept = new Set(ranked.slice(0, size).map(({ target }) => target));
  return targets.filter((target) => kept.has(target));
}
