import { describe, expect, it } from 'vitest';
import { OptionCode, Rcode } from '../../src/wire/codes.ts';
import {
  decodeEdns,
  decodeExtendedError,
  decodeOptions,
  encodeOption,
  findOption,
  optTtl,
} from '../../src/wire/edns.ts';
import type { Octets } from '../../src/wire/octets.ts';

const octets = (text: string): Octets => text as Octets;
const zeros = (count: number): Octets => octets('\0'.repeat(count));

describe('decodeEdns', () => {
  it('takes the TTL apart', () => {
    expect(decodeEdns(1232, optTtl(Rcode.BADVERS, 3, true), zeros(0))).toEqual({
      payloadSize: 1232,
      extendedRcode: 1,
      version: 3,
      dnssecOk: true,
      options: [],
    });
  });

  it('lists the options in their order, repeated ones too', () => {
    const rdata = octets(
      encodeOption(OptionCode.NSID, zeros(0)) + encodeOption(65001, octets('ab')) + encodeOption(65001, octets('c')),
    );
    expect(decodeOptions(rdata)).toEqual([
      { code: 3, data: '' },
      { code: 65001, data: 'ab' },
      { code: 65001, data: 'c' },
    ]);
    expect(findOption(decodeOptions(rdata), 65001)).toBe('ab');
    expect(findOption(decodeOptions(rdata), 9)).toBeUndefined();
  });

  it.each([
    ['a code cut in half', '\0', 0],
    ['no length', '\0\x03\0', 0],
    ['a length beyond the record', '\0\x03\0\x02a', 0],
    ['octets after the last option', '\0\x03\0\0\0', 4],
  ])('refuses %s', (_, rdata, offset) => {
    expect(() => decodeOptions(octets(rdata))).toThrow(expect.objectContaining({ code: 'bad-option', offset }));
  });
});

describe('decodeExtendedError', () => {
  it.each([
    ['a code and UTF-8 text', '\0\x0egr\xc3\xb6\xc3\x9fer', { infoCode: 14, text: 'größer' }],
    ['text that ends with a zero octet', '\0\x12no\0', { infoCode: 18, text: 'no' }],
    ['no text', '\0\x12', { infoCode: 18, text: '' }],
    ['half a code', '\0', null],
  ])('reads %s', (_, data, error) => {
    expect(decodeExtendedError(octets(data))).toEqual(error);
  });
});
