/** SVCB and HTTPS: the test vectors of RFC 9460 appendix D and the rules around them. */
import { describe, expect, it } from 'vitest';
import { RRType } from '../../../src/wire/codes.ts';
import { PresentationError } from '../../../src/wire/error.ts';
import type { Octets } from '../../../src/wire/octets.ts';
import { isRdata, parseRdata, printRdata } from '../../../src/wire/rdata/rdata.ts';

const fooCom = '03666f6f 07657861 6d706c65 03636f6d 00';
const fooOrg = '03666f6f 07657861 6d706c65 036f7267 00';

/** RFC 9460 appendices D.1 and D.2. */
const vectors: [text: string, wire: string][] = [
  ['0 foo.example.com.', `0000 ${fooCom}`],
  ['1 .', '0001 00'],
  ['16 foo.example.com. port=53', `0010 ${fooCom} 0003 0002 0035`],
  ['1 foo.example.com. key667=hello', `0001 ${fooCom} 029b 0005 68656c6c6f`],
  ['1 foo.example.com. key667="hello\\210qoo"', `0001 ${fooCom} 029b 0009 68656c6c6fd2716f6f`],
  [
    '1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"',
    `0001 ${fooCom} 0006 0020 20010db8000000000000000000000001 20010db8000000000000000000530001`,
  ],
  [
    '1 example.com. ipv6hint="2001:db8:122:344::192.0.2.33"',
    '0001 07657861 6d706c65 03636f6d 00 0006 0010 20010db8012203440000 0000 c0000221',
  ],
  [
    '16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1',
    `0010 ${fooOrg} 0000 0004 0001 0004 0001 0009 02 6832 05 68332d3139 0004 0004 c0000201`,
  ],
  ['16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"', `0010 ${fooOrg} 0001 000c 08 665c6f6f2c626172 02 6832`],
  ['16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2', `0010 ${fooOrg} 0001 000c 08 665c6f6f2c626172 02 6832`],
];

describe('RFC 9460 appendix D', () => {
  it.each(vectors)('%s', (text, wire) => {
    const rdata = parseRdata(RRType.SVCB, text);
    expect(Buffer.from(rdata, 'latin1').toString('hex')).toBe(wire.replaceAll(' ', ''));
    expect(parseRdata(RRType.HTTPS, printRdata(RRType.HTTPS, rdata))).toBe(rdata);
  });

  it.each([
    'key123=abc key123=def',
    'mandatory',
    'alpn',
    'port',
    'ipv4hint',
    'ipv6hint',
    'no-default-alpn=abc alpn=h2',
    'mandatory=key123',
    'mandatory=mandatory',
    'mandatory=key123,key123 key123=abc',
  ])('D.3: refuses %s', (parameters) => {
    expect(() => parseRdata(RRType.SVCB, `1 foo.example.com. ${parameters}`)).toThrow(PresentationError);
  });
});

describe('service parameters', () => {
  it.each([
    ['alpn=h2,', 'protocols divided by commas'],
    ['alpn=a\\\\b', 'protocols divided by commas'],
    ['port=65536', 'a port from 0 to 65535'],
    ['ipv4hint=1.2.3', 'IPv4 addresses'],
    ['ech=***', 'base64'],
    ['ech', 'base64'],
    ['ohttp=1', 'no value'],
    ['dohpath=/dns-query', 'a URI template'],
    ['no-default-alpn', 'alpn'],
    ['color=red', 'key0 to key65534'],
    ['key65535=x', 'key0 to key65534'],
    ['key01=x', 'key0 to key65534'],
    ['key3=x', 'a port'],
  ])('refuse %s', (parameter, message) => {
    expect(() => parseRdata(RRType.SVCB, `1 . ${parameter}`)).toThrow(message);
  });

  it.each([
    ['no-default-alpn alpn=h3', 'alpn="h3" no-default-alpn'],
    ['dohpath=/dns-query{?dns} ohttp', 'dohpath="/dns-query{?dns}" ohttp'],
    ['ech="AEj+DQ=="', 'ech="AEj+DQ=="'],
    ['key1=\\002h2', 'alpn="h2"'],
    ['key667=', 'key667'],
    ['key667="a \\"b\\""', 'key667="a \\"b\\""'],
  ])('%s', (parameters, printed) => {
    expect(printRdata(RRType.SVCB, parseRdata(RRType.SVCB, `1 . ${parameters}`))).toBe(`1 . ${printed}`);
  });

  it.each([
    ['the same key twice', '0003 0002 0001 0003 0002 0001'],
    ['descending keys', '0003 0002 0001 0001 0003 026832'],
    ['a value longer than the rdata', '0003 0003 0001'],
    ['a port of one octet', '0003 0001 01'],
    ['an empty protocol', '0001 0001 00'],
    ['a mandatory key that is missing', '0000 0002 0003'],
    ['mandatory keys out of order', '0000 0004 0004 0003 0003 0002 0001 0004 0004 01020304'],
  ])('are malformed on the wire with %s', (_, wire) => {
    expect(
      isRdata(RRType.SVCB, `\0\x01\0${Buffer.from(wire.replaceAll(' ', ''), 'hex').toString('latin1')}` as Octets),
    ).toBe(false);
  });
});
