/** Keys and the names that they are of. */
import { expect, test } from 'vitest';
import { nameOfKey } from '../../src/skydns/key.ts';
import { printName } from '../../src/wire/name.ts';
import type { Octets } from '../../src/wire/octets.ts';

const prefix = '/skydns/' as Octets;

test.each([
  ['/skydns/local/skydns/east/rails', 'rails.east.skydns.local.', false],
  ['/skydns/local/skydns/', 'skydns.local.', true],
  ['/skydns/Local/SkyDNS/A', 'a.skydns.local.', false],
  ['/skydns/org/example/*/1a2b', '1a2b.*.example.org.', false],
  ['/skydns/org/_tcp/x_y', 'x_y._tcp.org.', false],
])('%s is the key of %s', (key, name, isBelow) => {
  const found = nameOfKey(key as Octets, prefix);
  expect([printName(found.name), found.isBelow]).toEqual([name, isBelow]);
});

test.each([
  ['the prefix alone', '/skydns/'],
  ['two slashes in a row', '/skydns/local//a'],
  ['two slashes at the end', '/skydns/local//'],
  ['a dot', '/skydns/local/a.b'],
  ['a backslash', '/skydns/local/a\\b'],
  ['a space', '/skydns/local/a b'],
  ['a control character', '/skydns/local/a\0'],
  ['octets beyond ASCII', '/skydns/local/\xc3\xa4'],
  ['a label of 64 octets', `/skydns/local/${'a'.repeat(64)}`],
  ['a name of more than 255 octets', `/skydns/${'a/'.repeat(128)}a`],
])('a key with %s is no name', (_, key) => {
  expect(() => nameOfKey(key as Octets, prefix)).toThrow(expect.objectContaining({ code: 'name' }) as Error);
});
