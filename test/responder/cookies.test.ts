/** DNS cookies (RFC 7873) in the interoperable form: the examples are those of RFC 9018, appendix A. */
import { describe, expect, it } from 'vitest';
import { OptionCode } from '../../src/wire/codes.ts';
import { findOption } from '../../src/wire/edns.ts';
import { decodeMessage } from '../support/message.ts';
import type { Octets } from '../../src/wire/octets.ts';
import { DnsServer, type Path, encodeQuery, load } from '../support/dns.ts';

const zone = load('example.', '@ 300 SOA ns1 host 1 3600 600 86400 60\n@ 300 NS ns1\nwww 300 A 192.0.2.2');
const secret = 'e5e973e5a6b2a43f48e7dc849e37bfcf';

/** The COOKIE option, in hexadecimal, of the reply to a query that has one; the rcode where there is none. */
function cookieFor(
  cookie: string,
  seconds: number,
  { peer = '198.51.100.100', ...path }: Path = {},
  secrets: readonly string[] = [secret],
): string {
  const server = new DnsServer([zone], { cookieSecrets: secrets });
  server.clock.milliseconds = seconds * 1000 - 1_700_000_000_000;
  const data = Buffer.from(cookie, 'hex').latin1Slice() as Octets;
  const request = encodeQuery('www.example.', 'A', { edns: { options: [{ code: OptionCode.COOKIE, data }] } });
  const reply = decodeMessage(server.exchange(request, { peer, ...path })!);
  const answered = findOption(reply.edns?.options ?? [], OptionCode.COOKIE);
  return answered === undefined ? `rcode ${reply.rcode}` : Buffer.from(answered, 'latin1').toString('hex');
}

describe('a server cookie', () => {
  it('is learned (RFC 9018 A.1)', () => {
    expect(cookieFor('2464c4abcf10c957', 1559731985)).toBe('2464c4abcf10c957010000005cf79f111f8130c3eee29480');
  });

  it('is kept for half an hour, then renewed (A.2)', () => {
    const cookie = '2464c4abcf10c957010000005cf79f111f8130c3eee29480';
    expect(cookieFor(cookie, 1559731985 + 1800)).toBe(cookie);
    expect(cookieFor(cookie, 1559734385)).toBe('2464c4abcf10c957010000005cf7a871d4a564a1442aca77');
  });

  it('is renewed when it is too old, whatever its reserved octets are (A.3)', () => {
    const renewed = cookieFor('fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5', 1559734700, {
      peer: '203.0.113.203',
    });
    expect(renewed).toBe('fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e');
  });

  it('of a secret before is replaced, also for IPv6 (A.4)', () => {
    const secrets = ['445536bcd2513298075a5d379663c962', 'dd3bdf9344b678b185a6f5cb60fca715'];
    const renewed = cookieFor(
      '22681ab97d52c298010000005cf7c57926556bd0934c72f8',
      1559741961,
      { peer: '2001:db8:220:1:59de:d0f4:8769:82b8' },
      secrets,
    );
    expect(renewed).toBe('22681ab97d52c298010000005cf7c609a6bb79d16625507a');
  });

  it.each([
    ['another version', '2464c4abcf10c957020000005cf79f111f8130c3eee29480'],
    ['a changed time', '2464c4abcf10c957010000005cf79f121f8130c3eee29480'],
    ['a changed hash', '2464c4abcf10c957010000005cf79f111f8130c3eee29481'],
    ['another length', '2464c4abcf10c957010000005cf79f111f8130c3eee2948000'],
  ])('with %s is replaced', (_, cookie) => {
    expect(cookieFor(cookie, 1559731985)).toBe('2464c4abcf10c957010000005cf79f111f8130c3eee29480');
  });

  it.each(['', '24', '2464c4abcf10c9', '2464c4abcf10c95701', `2464c4abcf10c957${'00'.repeat(33)}`])(
    'in an option of a length that is none is FORMERR: %j',
    (cookie) => {
      expect(cookieFor(cookie, 1559731985)).toBe('rcode 1');
    },
  );
});
