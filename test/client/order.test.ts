import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderSrv } from '../../src/client/order.ts';
import { chiSquare, criticalAt999 } from '../support/statistics.ts';
import { uniform } from '../support/random.ts';

const draws = 1_000_000;

/**
 * Shares that each index should have as first, and the pairs as first and second: drawn by weight, without going back.
 */
function expectedFirst(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => (total === 0 ? 1 / weights.length : weight / total));
}

function expectedSecond(weights: readonly number[]): number[] {
  const shares = weights.map(() => 0);
  expectedFirst(weights).forEach((share, first) => {
    const left = weights.map((weight, index) => ({ weight, index })).filter(({ index }) => index !== first);
    expectedFirst(left.map(({ weight }) => weight)).forEach(
      (next, place) => (shares[left[place]!.index]! += share * next),
    );
  });
  return shares;
}

describe('orderSrv', () => {
  it.each([[[1, 1]], [[0, 1, 1]], [[0, 0, 0]], [[1, 2, 3]], [[100, 100]], [[1, 65535]]])(
    'gives weights %j their shares of the first and of the second place',
    (weights) => {
      const records = weights.map((weight, index) => ({ priority: 0, weight, index }));
      const first = weights.map(() => 0);
      const second = weights.map(() => 0);
      const random = uniform(20_260_101);
      for (let draw = 0; draw < draws; draw++) {
        const ordered = orderSrv(records, { random });
        first[ordered[0]!.index]! += 1;
        second[ordered[1]!.index]! += 1;
      }
      for (const [observed, shares] of [
        [first, expectedFirst(weights)],
        [second, expectedSecond(weights)],
      ] as const) {
        const { statistic, freedom } = chiSquare(
          observed,
          shares.map((share) => share * draws),
        );
        expect(statistic).toBeLessThan(criticalAt999(freedom));
      }
    },
  );

  it('puts every lower priority before every higher one, and loses and invents nothing', () => {
    const record = fc.record({ priority: fc.integer({ min: 0, max: 3 }), weight: fc.integer({ min: 0, max: 65535 }) });
    fc.assert(
      fc.property(fc.array(record), fc.boolean(), (records, strict2782) => {
        const ordered = orderSrv(records, { strict2782 });
        expect(new Set(ordered)).toEqual(new Set(records));
        expect(ordered).toHaveLength(records.length);
        expect(ordered.map(({ priority }) => priority)).toEqual(
          records.map(({ priority }) => priority).sort((left, right) => left - right),
        );
      }),
    );
  });

  it('puts weight 0 behind the other weights of its priority', () => {
    const records = [
      { priority: 1, weight: 0 },
      { priority: 1, weight: 1 },
      { priority: 0, weight: 0 },
    ];
    for (let draw = 0; draw < 100; draw++) {
      expect(orderSrv(records)).toEqual([
        { priority: 0, weight: 0 },
        { priority: 1, weight: 1 },
        { priority: 1, weight: 0 },
      ]);
    }
  });

  it('is not thrown off by the largest sums', () => {
    const records = Array.from({ length: 500 }, (_, index) => ({ priority: 65535, weight: 65535, index }));
    expect(new Set(orderSrv(records)).size).toBe(500);
  });

  it('with strict2782 has the bias of the text: weights 1 and 1 are first 2 to 1', () => {
    const records = [
      { priority: 0, weight: 1, index: 0 },
      { priority: 0, weight: 1, index: 1 },
    ];
    const random = uniform(7);
    let first = 0;
    for (let draw = 0; draw < 90_000; draw++)
      first += orderSrv(records, { random, strict2782: true })[0]!.index === 0 ? 1 : 0;
    const { statistic, freedom } = chiSquare([first, 90_000 - first], [60_000, 30_000]);
    expect(statistic).toBeLessThan(criticalAt999(freedom));
  });
});
