import { expect, test } from 'vitest';
import { ownerOf } from '../../src/checks/owner.ts';

const keys = Array.from({ length: 3000 }, (_, index) => `i${index}.web.svc.internal`);

test('one server owns everything', () => {
  expect(ownerOf('a', ['one'])).toBe('one');
});

test('the order in which servers are known does not matter', () => {
  for (const key of keys) expect(ownerOf(key, ['b', 'c', 'a'])).toBe(ownerOf(key, ['a', 'b', 'c']));
});

test('servers share about evenly', () => {
  for (const server of ['a', 'b', 'c']) {
    const share = keys.filter((key) => ownerOf(key, ['a', 'b', 'c']) === server).length / keys.length;
    expect(Math.abs(share - 1 / 3)).toBeLessThan(0.05);
  }
});

test('when a server goes, only what it owned moves', () => {
  for (const key of keys) {
    const before = ownerOf(key, ['a', 'b', 'c']);
    if (before !== 'b') expect(ownerOf(key, ['a', 'c'])).toBe(before);
  }
});
