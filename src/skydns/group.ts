/** Groups of SkyDNS: of all keys below a name, those of the group of the topmost are answered, and those of none. */
import type { Entry } from './entry.ts';

/** The entries that count together at one name, in no order. As CoreDNS finds them, of which the order of keys is part. */
export function grouped(entries: readonly Entry[]): readonly Entry[] {
  if (entries.every(({ group }) => group === '')) return entries;
  const sorted = [...entries].sort((one, other) => (one.key < other.key ? -1 : 1));
  let leader = sorted[0]!;
  let rivals = sorted;
  for (const [index, entry] of sorted.entries()) {
    if (depthOf(entry) >= depthOf(leader)) continue;
    if (entry.group === '') {
      rivals = sorted.slice(0, index);
      break;
    }
    leader = entry;
  }
  const { group } = leader;
  const disagrees = (entry: Entry) => entry.group !== '' && entry.group !== group && depthOf(entry) === depthOf(leader);
  if (group === '' || rivals.some(disagrees)) return entries;
  return entries.filter((entry) => entry.group === '' || entry.group === group);
}

function depthOf({ key }: Entry): number {
  return key.split('/').length;
}
