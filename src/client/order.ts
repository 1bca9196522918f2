/** The order in which a client tries SRV records (RFC 2782, "Usage rules"). */

/** What of a record decides its place. */
export interface Preference {
  /** 0 to 65535; lower is tried first. */
  readonly priority: number;
  /** 0 to 65535; the share of its priority. */
  readonly weight: number;
}

export interface OrderOptions {
  /** Uniform in [0, 1); `Math.random` unless set. */
  readonly random?: () => number;
  /**
   * Follow the text of RFC 2782 to the letter, with its bias: weights 1 and 1 are then picked 67 to 33. False unless
   * set.
   */
  readonly strict2782?: boolean;
}

/**
 * Orders records for one attempt to connect: by priority, and within a priority at random by weight.
 *
 * Departs from the text of RFC 2782, because drawing an integer from 0 to the sum *inclusive* favours the first record;
 * here each record is first with exactly weight / sum. A record of weight 0 comes after the others of its priority.
 */
export function orderSrv<Item extends Preference>(records: readonly Item[], options: OrderOptions = {}): Item[] {
  const random = options.random ?? Math.random;
  const order = options.strict2782 ? literalOrder : exponentialOrder;
  return tiersOf(records).flatMap((tier) => order(tier, random));
}

/** The records by priority, best first; within one priority in the order they came. */
export function tiersOf<Item extends Preference>(records: readonly Item[]): Item[][] {
  const tiers = new Map<number, Item[]>();
  for (const record of records) {
    const tier = tiers.get(record.priority);
    if (tier) tier.push(record);
    else tiers.set(record.priority, [record]);
  }
  return [...tiers].sort(([left], [right]) => left - right).map(([, tier]) => tier);
}

/**
 * Gives each record the key -ln(U) / weight and sorts: a race of exponential clocks, in which each one of those left
 * comes next with its share of their weights. Weight 0 never rings, so those are shuffled behind.
 */
function exponentialOrder<Item extends Preference>(tier: readonly Item[], random: () => number): Item[] {
  const keyed = tier.map((record) => {
    const key = -Math.log(1 - random()); // of (0, 1], so that the logarithm is finite
    return { record, key: record.weight === 0 ? key : key / record.weight };
  });
  keyed.sort(
    (left, right) => Number(left.record.weight === 0) - Number(right.record.weight === 0) || left.key - right.key,
  );
  return keyed.map(({ record }) => record);
}

/**
 * RFC 2782: weight 0 first, running sums, a whole number from 0 to the sum inclusive, the first sum that reaches it.
 */
function literalOrder<Item extends Preference>(tier: readonly Item[], random: () => number): Item[] {
  const left = [...tier.filter(({ weight }) => weight === 0), ...tier.filter(({ weight }) => weight !== 0)];
  const ordered: Item[] = [];
  while (left.length > 0) {
    const sum = left.reduce((total, { weight }) => total + weight, 0);
    const drawn = Math.floor(random() * (sum + 1));
    let running = 0;
    const index = left.findIndex(({ weight }) => (running += weight) >= drawn);
    ordered.push(...left.splice(index, 1));
  }
  return ordered;
}
