import fc from 'fast-check';
import { expect, test } from 'vitest';
import { enclosingApex, addressOfReverseName, reverseName, reverseZones } from '../../src/publish/reverse.ts';
import { parseIpv6, printIpv6 } from '../../src/wire/address.ts';
import { isAtOrBelow, type Name, parseName, printName } from '../../src/wire/name.ts';

test.each([
  ['10.0.0.7', '7.0.0.10.in-addr.arpa.'],
  ['255.1.20.0', '0.20.1.255.in-addr.arpa.'],
  ['2001:db8::567:89ab', 'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.'],
  ['::1', `1.${'0.'.repeat(31)}ip6.arpa.`],
])('%s has the reverse name %s', (address, name) => {
  expect(printName(reverseName(address))).toBe(name);
  expect(addressOfReverseName(parseName(name))).toBe(address);
});

test('every address comes back from its reverse name', () => {
  const canonical = (text: string) => (text.includes(':') ? printIpv6(parseIpv6(text)!) : text);
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
    expect(addressOfReverseName(reverseName(canonical(address)))).toBe(canonical(address));
  }));
});

test.each([
  '0.0.10.in-addr.arpa.', '7.0.0.256.in-addr.arpa.', '07.0.0.10.in-addr.arpa.', 'x.0.0.10.in-addr.arpa.',
  '1.7.0.0.10.in-addr.arpa.',
  'in-addr.arpa.', '7.0.0.10.ip6.arpa.', '7.0.0.10.svc.internal.', `g.${'0.'.repeat(31)}ip6.arpa.`,
  `1a.${'0.'.repeat(31)}ip6.arpa.`,
])('%s is the reverse name of no address', (name) => {
  expect(addressOfReverseName(parseName(name))).toBeNull();
});

test.each([
  ['10.0.0.0/8', ['10.in-addr.arpa.']],
  ['192.168.0.0/16', ['168.192.in-addr.arpa.']],
  ['10.1.2.3/32', ['3.2.1.10.in-addr.arpa.']],
  ['0.0.0.0/0', ['in-addr.arpa.']],
  ['10.1.2.0/23', ['2.1.10.in-addr.arpa.', '3.1.10.in-addr.arpa.']],
  ['fd00::/8', ['d.f.ip6.arpa.']],
  ['fc00::/7', ['c.f.ip6.arpa.', 'd.f.ip6.arpa.']],
  ['2001:db8::/32', ['8.b.d.0.1.0.0.2.ip6.arpa.']],
  ['::/0', ['ip6.arpa.']],
])('%s has the reverse zones %o', (prefix, zones) => {
  expect(reverseZones(prefix).map(printName)).toEqual(zones);
});

test('the zones of a prefix hold the addresses of the prefix and no others', () => {
  const apexes = new Map(reverseZones('172.16.0.0/12').map((apex) => [apex, apex]));
  expect(apexes.size).toBe(16);
  const inside = (address: string) => enclosingApex(reverseName(address), apexes) !== null;
  expect(['172.16.0.0', '172.24.1.2', '172.31.255.255'].every(inside)).toBe(true);
  expect(['172.15.255.255', '172.32.0.0', '10.0.0.1', '::1'].some(inside)).toBe(false);
});

test.each([
  '10.0.0.0', '10.0.0.1/8', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', 'fd00::/129', 'fd00::1/64', 'ten/8',
  '172.17.0.0/12', '',
])('%s is refused as a prefix', (prefix) => {
  expect(() => reverseZones(prefix)).toThrow(/found .* wanted /);
});

test('the deepest of several apexes encloses a name', () => {
  const apexes = new Map<Name, string>([[parseName('arpa.'), 'arpa'], [parseName('10.in-addr.arpa.'), 'ten']]);
  expect(enclosingApex(parseName('1.0.0.10.in-addr.arpa.'), apexes)).toBe('ten');
  expect(enclosingApex(parseName('1.0.0.11.in-addr.arpa.'), apexes)).toBe('arpa');
  expect(enclosingApex(parseName('110.in-addr.arpa.'), apexes)).toBe('arpa');
  expect(enclosingApex(parseName('example.'), apexes)).toBeNull();
  expect(isAtOrBelow(parseName('110.in-addr.arpa.'), parseName('10.in-addr.arpa.'))).toBe(false);
});
