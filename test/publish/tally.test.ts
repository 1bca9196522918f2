import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Tally } from '../../src/publish/tally.ts';

test('the least value is that of the values that came and have not left', () => {
  fc.assert(fc.property(fc.array(fc.record({ value: fc.nat(6), leaves: fc.boolean() })), (moves) => {
    const tally = new Tally();
    const there: number[] = [];
    for (const { value, leaves } of moves) {
      const at = there.indexOf(value);
      if (leaves && at >= 0) {
        there.splice(at, 1);
        tally.count(value, -1);
      } else {
        there.push(value);
        tally.count(value, 1);
      }
      expect(tally.least).toBe(there.length === 0 ? undefined : Math.min(...there));
    }
  }));
});

test('a value that is not there cannot leave', () => {
  const tally = new Tally();
  tally.count(5, 1);
  expect(() => tally.count(4, -1)).toThrow('4 is not in the tally');
});
