import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Wheel } from '../../src/registry/wheel.ts';

const width = 250;

test('everything comes out once, not before it is due and at most a slot after', () => {
  const times = fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(times, fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 50 }), (dues, steps) => {
      const wheel = new Wheel<{ due: number; out: number | null }>(width, 0);
      const items = dues.map((due) => ({ due, out: null }));
      for (const item of items) wheel.add(item, item.due);
      let now = 0;
      for (const step of [...steps, 200_000]) {
        const before = now;
        now += step;
        for (const item of wheel.due(now)) {
          expect(item.out).toBeNull();
          expect(item.due).toBeLessThanOrEqual(now);
          expect(item.due).toBeGreaterThan(before - 2 * width);
          item.out = now;
        }
      }
      expect(items.map(({ out }) => out)).not.toContain(null);
    }),
  );
});

test('what is added while the due come out waits for the next slot, also when it is due already', () => {
  const wheel = new Wheel<number>(width, 0);
  wheel.add(1, 0);
  const out: number[] = [];
  for (const item of wheel.due(1000)) {
    out.push(item);
    wheel.add(item + 1, 0);
  }
  expect(out).toEqual([1, 2, 3, 4]);
  expect([...wheel.due(1250)]).toEqual([5]);
});
