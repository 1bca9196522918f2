/** Which entries count together. */
import { expect, test } from 'vitest';
import { grouped } from '../../src/skydns/group.ts';
import { entry } from './support.ts';

test.each<[string, Record<string, string>, string[]]>([
  ['no group: all', { a: '', b: '', 'c/d': '' }, ['a', 'b', 'c/d']],
  ['one group: all', { a: 'g', 'c/d': 'g' }, ['a', 'c/d']],
  ['the topmost key sets the group', { a: 'g', 'c/d': 'h' }, ['a']],
  ['also when it comes later', { 'a/b': 'h', c: 'g' }, ['c']],
  ['who is in no group counts in any', { a: 'g', 'c/d': 'h', 'c/e': '' }, ['a', 'c/e']],
  ['also at the top', { a: 'g', b: '', 'c/d': 'h' }, ['a', 'b']],
  ['topmost keys that disagree: all', { a: 'g', b: 'h', 'c/d': 'h' }, ['a', 'b', 'c/d']],
  ['a first key in no group, at the top: all', { a: '', 'c/d': 'h', 'c/e': 'g' }, ['a', 'c/d', 'c/e']],
  ['a key in no group above the first: the first sets the group', { 'a/b': 'g', b: '', 'c/d': 'h' }, ['a/b', 'b']],
])('%s', (_, groups, counted) => {
  const entries = Object.entries(groups).map(([key, group]) => entry(`/skydns/test/${key}`, { host: '10.0.0.1', group }));
  const found = grouped(entries).map(({ key }) => key.slice('/skydns/test/'.length));
  expect(found.sort()).toEqual(counted);
  expect(grouped([...entries].reverse())).toHaveLength(counted.length);
});
