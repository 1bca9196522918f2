/** The small things that presentation form is made of: codes, addresses, numbers, escapes, words. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIpv4, parseIpv6, printIpv4, printIpv6 } from '../../src/wire/address.ts';
import {
  isMetaType,
  parseClass,
  parseType,
  printClass,
  printRcode,
  printType,
  RRType,
} from '../../src/wire/codes.ts';
import { quoteText, unescapeText } from '../../src/wire/escape.ts';
import { parseNumber, parsePeriod } from '../../src/wire/number.ts';
import { type Octets, uint32At, uint32Octets, utf8Octets } from '../../src/wire/octets.ts';
import { printRecord } from '../../src/wire/record.ts';
import { tokensOf } from '../../src/wire/tokens.ts';
import { parseName } from '../../src/wire/name.ts';
import { octets } from './arbitrary.ts';

describe('codes', () => {
  it('have a mnemonic or a number, in either case (RFC 3597 section 5)', () => {
    expect(printType(33)).toBe('SRV');
    expect(printType(731)).toBe('TYPE731');
    expect([parseType('srv'), parseType('TYPE33'), parseType('type731'), parseType('NSAP-PTR')]).toEqual([
      33, 33, 731, 23,
    ]);
    expect([parseClass('in'), parseClass('CLASS32'), printClass(32), printClass(1)]).toEqual([1, 32, 'CLASS32', 'IN']);
    expect([printRcode(3), printRcode(200)]).toEqual(['NXDOMAIN', 'RCODE200']);
  });

  it.each(['', 'SRVX', 'TYPE', 'TYPE65536', 'TYPE-1', 'constructor', '__proto__'])('do not come from %j', (text) => {
    expect(parseType(text)).toBeNull();
  });

  it('print and parse every type', () => {
    for (let type = 0; type <= 0xffff; type++) if (parseType(printType(type)) !== type) expect.fail(`type ${type}`);
  });

  it('tell types of which there are no records', () => {
    expect([RRType.OPT, RRType.ANY, RRType.AXFR, RRType.TSIG].every(isMetaType)).toBe(true);
    expect([RRType.A, RRType.URI, RRType.EUI64, 731].some(isMetaType)).toBe(false);
  });
});

describe('addresses', () => {
  it.each([
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8::', '2001:db8::'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['0:0:0:0:0:0:0:0', '::'],
  ])('%s is %s (RFC 5952)', (text, canonical) => {
    const address = parseIpv6(text)!;
    expect(address).toHaveLength(16);
    expect(printIpv6(address)).toBe(canonical);
    expect(parseIpv6(canonical)).toBe(address);
  });

  it.each([
    '',
    ':',
    ':::',
    '1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '12345::',
    '::g',
    '1:2:3:4:5:6:7::8',
    '::1.2.3',
    '1.2.3.4::',
    'fe80::1%eth0',
    '1.2.3.4',
  ])('%j is no IPv6 address', (text) => {
    expect(parseIpv6(text)).toBeNull();
  });

  it.each(['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4 ', '1..2.3', '0x1.2.3.4', '1.2.3.4.'])(
    '%j is no IPv4 address',
    (text) => {
      expect(parseIpv4(text)).toBeNull();
    },
  );

  it('print as what they parse from', () => {
    fc.assert(
      fc.property(octets({ minLength: 16, maxLength: 16 }), (address) => parseIpv6(printIpv6(address)) === address),
    );
    fc.assert(
      fc.property(octets({ minLength: 4, maxLength: 4 }), (address) => parseIpv4(printIpv4(address)) === address),
    );
    fc.assert(fc.property(fc.ipV6(), (text) => parseIpv6(text)?.length === 16));
  });
});

describe('numbers', () => {
  it('keep to their range', () => {
    expect(parseNumber('0', 5)).toBe(0);
    expect(() => parseNumber('6', 5)).toThrow('found "6", wanted a number from 0 to 5');
    expect(() => parseNumber('0', 5, 1)).toThrow('from 1 to 5');
    for (const text of ['', ' 1', '1.0', '-0', '1e3', '0x1']) expect(() => parseNumber(text, 5000)).toThrow('a number');
  });

  it.each([
    ['0', 0],
    ['3600', 3600],
    ['1h', 3600],
    ['1H30m', 5400],
    ['1w2d3h4m5s', 788_645],
    ['', null],
    ['h', null],
    ['1x', null],
    ['1m1h', 3660],
    ['1h 1m', null],
    ['1hm', null],
    ['-1', null],
  ])('the period %j is %j seconds', (text, seconds) => {
    expect(parsePeriod(text)).toBe(seconds);
  });

  it('of 32 bits keep all of them', () => {
    fc.assert(fc.property(fc.nat(0xffffffff), (value) => uint32At(uint32Octets(value), 0) === value));
  });
});

describe('escapes', () => {
  it('quoted text reads back as the same octets', () => {
    fc.assert(
      fc.property(
        octets({ minLength: 0, maxLength: 50 }),
        (text) => unescapeText(quoteText(text).slice(1, -1)) === text,
      ),
    );
  });

  it('text from outside is UTF-8', () => {
    expect(utf8Octets('ü€')).toBe('\xc3\xbc\xe2\x82\xac');
    expect(quoteText(utf8Octets('ü'))).toBe('"\\195\\188"');
  });
});

describe('tokensOf', () => {
  it('divides words at blanks and keeps what quotes and backslashes hold together', () => {
    const tokens = tokensOf(' a "b c" "" d\\ e alpn="h2, h3"  ');
    const list = [];
    while (!tokens.done) list.push(tokens.next('a word'));
    expect(list).toEqual([
      { text: 'a', quoted: false },
      { text: 'b c', quoted: true },
      { text: '', quoted: true },
      { text: 'd\\ e', quoted: false },
      { text: 'alpn="h2, h3"', quoted: false },
    ]);
    expect(() => tokens.next('a word')).toThrow('found nothing more, wanted a word');
  });

  it.each(['a "b', 'a\\'])('refuses %j', (text) => {
    expect(() => tokensOf(text)).toThrow('quotes in pairs');
  });
});

describe('printRecord', () => {
  it('prints a line of a zone file', () => {
    expect(
      printRecord({ owner: parseName('a\\.b.example.'), type: 1, ttl: 300, rdata: '\xc0\0\x02\x01' as Octets }),
    ).toBe('a\\.b.example. 300 IN A 192.0.2.1');
  });
});
