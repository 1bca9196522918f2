import { describe, expect, it } from 'vitest';
import { parseIpv6 } from '../../src/wire/address.ts';
import { Networks, isIpv4 } from '../../src/responder/networks.ts';

function octetsOf(address: string): Uint8Array {
  return Buffer.from(parseIpv6(address) ?? parseIpv6(`::ffff:${address}`)!, 'latin1');
}

describe('networks', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.1.2.3/8', '10.9.9.9', true],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1/32', '192.0.2.1', true],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '192.0.2.1', true],
    ['fd00::/8', 'fdff::1', true],
    ['fd00::/8', 'fe80::1', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['::1', '::1', true],
  ])('%s has %s: %s', (network, address, expected) => {
    expect(new Networks([network]).has(octetsOf(address), 0)).toBe(expected);
  });

  it('are a set', () => {
    const networks = new Networks(['10.0.0.0/8', 'fd00::/8']);
    expect(networks.has(octetsOf('10.1.1.1'), 0)).toBe(true);
    expect(networks.has(octetsOf('fd00::1'), 0)).toBe(true);
    expect(new Networks([]).has(octetsOf('10.1.1.1'), 0)).toBe(false);
  });

  it.each(['', 'example', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0/8', '::/129', '::/x', '10.0.0.0/-1'])(
    '%j is none',
    (text) => {
      expect(() => new Networks([text])).toThrow(`found '${text}', wanted a network`);
    },
  );
});

describe('IPv4', () => {
  it('is told from IPv6', () => {
    expect(isIpv4(octetsOf('192.0.2.1'), 0)).toBe(true);
    expect(isIpv4(octetsOf('2001:db8::1'), 0)).toBe(false);
    expect(isIpv4(octetsOf('::1'), 0)).toBe(false);
  });
});
