import { describe, expect, it } from 'vitest';
import { OptionCode, Rcode } from '../../src/wire/codes.ts';
import {
  decodeCookie,
  decodeEdns,
  decodeExtendedError,
  decodeKeepalive,
  decodeOptions,
  encodeExtendedError,
  encodeKeepalive,
  encodeOption,
  encodePadding,
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

describe('cookies', () => {
  it.each([8, 16, 40])('have %i octets', (length) => {
    expect(decodeCookie(zeros(length))).toEqual({ client: zeros(8), server: zeros(length - 8) });
  });

  it.each([0, 7, 9, 15, 41])('do not have %i octets (RFC 7873 section 5.2.2)', (length) => {
    expect(decodeCookie(zeros(length))).toBeNull();
  });
});

describe('options of servers', () => {
  it('extended errors carry a code and UTF-8 text, which may end with a zero octet', () => {
    const [option] = decodeOptions(encodeExtendedError({ infoCode: 14, text: 'not ready: größer' }));
    expect(option!.code).toBe(OptionCode.EDE);
    expect(decodeExtendedError(option!.data)).toEqual({ infoCode: 14, text: 'not ready: größer' });
    expect(decodeExtendedError(octets('\0\x12\0'))).toEqual({ infoCode: 18, text: '' });
    expect(decodeExtendedError(octets('\0'))).toBeNull();
  });

  it('keepalive counts in tenths of a second', () => {
    expect(encodeKeepalive(10)).toBe('\0\x0b\0\x02\0\x64');
    expect(decodeKeepalive(octets('\0\x64'))).toBe(10);
    expect(decodeKeepalive(octets(''))).toBeNull();
    expect(() => decodeKeepalive(octets('\0'))).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });

  it('padding is zeros', () => {
    expect(encodePadding(3)).toBe('\0\x0c\0\x03\0\0\0');
  });
});
