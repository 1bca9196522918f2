import { expect, it } from 'vitest';
import { nearest } from '../../src/runtime/nearest.ts';

it.each<[word: string, candidates: string[], most: number, meant: string | null]>([
  ['lsiten', ['port', 'listen', 'list'], 1, 'listen'],
  ['listn', ['port', 'listen', 'list'], 2, 'listen'],
  ['PORT', ['port'], 0, 'port'],
  ['xyz', ['port'], 2, null],
  ['xyz', [], Infinity, null],
  ['ab', ['ac', 'ad'], 1, 'ac'],
])('%s among %j with at most %d slips is %s', (word, candidates, most, meant) => {
  expect(nearest(word, candidates, most)).toBe(meant);
});
