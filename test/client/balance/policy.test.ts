import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, type Choose, policies, type PolicyName } from '../../../src/client/balance/policy.ts';
import { uniform } from '../../support/random.ts';
import { chiSquare, criticalAt999 } from '../../support/statistics.ts';

interface Server extends Candidate {
  inflight: number;
}

function servers(...weights: readonly number[]): Server[] {
  return weights.map((weight, index) => ({ id: `h${index}.test:80`, weight, inflight: 0 }));
}

/** How often each target is chosen; `key` gives the key of each call. */
function count(
  choose: Choose,
  targets: readonly Server[],
  times: number,
  key: (call: number) => string | undefined = () => undefined,
): number[] {
  const counts = new Map(targets.map((target) => [target, 0]));
  for (let call = 0; call < times; call++) {
    const target = choose(targets, key(call));
    counts.set(target, counts.get(target)! + 1);
  }
  return [...counts.values()];
}

function expectShares(observed: readonly number[], weights: readonly number[]): void {
  const times = observed.reduce((sum, number) => sum + number, 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const { statistic, freedom } = chiSquare(
    observed,
    weights.map((weight) => (weight / total) * times),
  );
  expect(statistic).toBeLessThan(criticalAt999(freedom));
}

describe.each(Object.keys(policies) as PolicyName[])('policy %s', (name) => {
  it.each([
    [
      [1, 1],
      [1, 1],
    ],
    [
      [0, 1, 1],
      [0, 1, 1],
    ],
    [
      [0, 0, 0],
      [1, 1, 1],
    ],
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
    [
      [1, 65_535],
      [1, 65_535],
    ],
  ])('gives idle targets of weights %j the shares %j', (weights, shares) => {
    const choose = policies[name](uniform(42));
    expectShares(
      count(choose, servers(...weights), 262_144, (call) => `key ${call}`),
      shares,
    );
  });

  it('chooses one of the targets, whatever they are, and never weight 0 beside others', () => {
    const server = fc.record({ weight: fc.integer({ min: 0, max: 65_535 }), inflight: fc.nat(1000) });
    fc.assert(
      fc.property(
        fc.array(server, { minLength: 1, maxLength: 20 }),
        fc.option(fc.string(), { nil: undefined }),
        fc.integer(),
        (list, key, seed) => {
          const targets = list.map((target, index) => ({ ...target, id: `h${index}` }));
          const chosen = policies[name](uniform(seed))(targets, key);
          expect(targets).toContain(chosen);
          if (targets.some(({ weight }) => weight > 0)) expect(chosen.weight).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('policy p2c', () => {
  it('keeps calls in flight in proportion to weights', () => {
    const targets = servers(100, 100, 50);
    const choose = policies.p2c(uniform(1));
    for (let call = 0; call < 250; call++) choose(targets, undefined).inflight += 1;
    expect(targets.map(({ inflight }) => inflight)).toEqual([
      expect.closeTo(100, -1),
      expect.closeTo(100, -1),
      expect.closeTo(50, -1),
    ]);
  });

  it('avoids a target on which calls pile up', () => {
    const targets = servers(100, 100, 100);
    targets[0]!.inflight = 50;
    const counts = count(policies.p2c(uniform(1)), targets, 10_000);
    expect(counts[0]).toBeLessThan(10_000 * 0.05);
  });
});

describe('policy roundRobin', () => {
  it('spreads a heavy target smoothly', () => {
    const targets = servers(5, 1, 1);
    const choose = policies.roundRobin();
    const round = Array.from({ length: 7 }, () => choose(targets, undefined).id.slice(1, 2)).join('');
    expect(round).toBe('0010200');
  });

  it('goes on where it was when the set changes', () => {
    const choose = policies.roundRobin();
    const targets = servers(1, 1, 1);
    choose(targets, undefined);
    expect(choose([...targets], undefined)).toBe(targets[1]);
  });
});

describe('policy sticky', () => {
  it('sends a key to the same target, also after the others have changed', () => {
    const targets = servers(3, 1, 2, 2);
    const choose = policies.sticky(uniform(1));
    for (let call = 0; call < 1000; call++) {
      const key = `user ${call}`;
      const chosen = choose(targets, key);
      expect(choose([...targets].reverse(), key)).toBe(chosen);
      const other = targets.find((target) => target !== chosen)!;
      expect(
        choose(
          targets.filter((target) => target !== other),
          key,
        ),
      ).toBe(chosen);
    }
  });

  it('moves only the keys of a target that left, to the others by their weights', () => {
    const targets = servers(1, 1, 2);
    const choose = policies.sticky(uniform(1));
    const keys = Array.from({ length: 40_000 }, (_, index) => `key ${index}`).filter(
      (key) => choose(targets, key) === targets[1],
    );
    const left = [targets[0]!, targets[2]!];
    const moved = keys.map((key) => choose(left, key));
    expectShares(
      left.map((target) => moved.filter((to) => to === target).length),
      [1, 2],
    );
  });
});
