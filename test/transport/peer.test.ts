import { describe, expect, it } from 'vitest';
import { clientOf, writeAddress } from '../../src/transport/peer.ts';

function octetsOf(text: string): Uint8Array {
  const octets = new Uint8Array(16);
  writeAddress(text, octets);
  return octets;
}

describe('writeAddress', () => {
  it.each([
    ['192.0.2.1', '00000000000000000000ffffc0000201'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
    ['2001:db8::1', '20010db8000000000000000000000001'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
  ])('writes %s', (text, octets) => {
    expect(Buffer.from(octetsOf(text)).toString('hex')).toBe(octets);
  });

  it.each(['', 'localhost', '1.2.3', '1.2.3.4.5', ':::'])("refuses '%s'", (text) => {
    expect(() => octetsOf(text)).toThrow(`found '${text}', wanted an IPv4 or IPv6 address`);
  });
});

describe('clientOf', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['2001:db8:0:1::1', '2001:db8:0:1:ffff::2', true],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
    ['::1', '127.0.0.1', false],
  ])('takes %s and %s for one client: %s', (one, other, isSame) => {
    expect(clientOf(octetsOf(one)) === clientOf(octetsOf(other))).toBe(isSame);
  });
});
