import { describe, expect, it } from 'vitest';
import { OptionCode } from '../../src/wire/codes.ts';
import { findOption } from '../../src/wire/edns.ts';
import { decodeMessage } from '../support/message.ts';
import type { Octets } from '../../src/wire/octets.ts';
import { DnsServer, type Query, encodeQuery, load } from '../support/dns.ts';

const zone = load('example.', '@ 300 SOA ns1 host 1 3600 600 86400 60\n@ 300 NS ns1\nwww 300 A 192.0.2.2');

function limited(slip: number): DnsServer {
  return new DnsServer([zone], { trusted: ['127.0.0.0/8'], rateLimit: { responsesPerSecond: 10, burst: 20, slip } });
}

/** Asks so often and counts what came: whole replies, empty ones with TC, and none. */
function flood(server: DnsServer, times: number, query: Query & { readonly qname?: string } = {}) {
  const counts = { whole: 0, slipped: 0, dropped: 0 };
  for (let i = 0; i < times; i++) {
    const octets = server.exchange(encodeQuery(query.qname ?? 'www.example.', 'A', query), {
      peer: '192.0.2.77',
      ...query,
    });
    if (octets === null) {
      counts.dropped += 1;
      continue;
    }
    const reply = decodeMessage(octets);
    if (reply.truncated) {
      expect([reply.answers, reply.authorities, reply.additionals]).toEqual([[], [], []]);
      expect(reply.questions).toHaveLength(1);
      counts.slipped += 1;
    } else counts.whole += 1;
  }
  return counts;
}

describe('response rate limiting', () => {
  it('answers a burst, then sends each reply empty with TC (slip 1)', () => {
    expect(flood(limited(1), 50)).toEqual({ whole: 20, slipped: 30, dropped: 0 });
  });

  it('drops all but each n-th (slip n), or all (slip 0)', () => {
    expect(flood(limited(3), 50)).toEqual({ whole: 20, slipped: 10, dropped: 20 });
    expect(flood(limited(0), 50)).toEqual({ whole: 20, slipped: 0, dropped: 30 });
  });

  it('answers again at its rate', () => {
    const server = limited(0);
    flood(server, 50);
    server.clock.milliseconds += 1000;
    expect(flood(server, 50).whole).toBe(10);
    server.clock.milliseconds += 60_000;
    expect(flood(server, 50).whole).toBe(20);
  });

  it('counts a /24 as one client, another as another', () => {
    const server = limited(0);
    flood(server, 50);
    expect(flood(server, 5, { peer: '192.0.2.1' }).whole).toBe(0);
    expect(flood(server, 5, { peer: '192.0.3.1' }).whole).toBe(5);
  });

  it('has less for errors and negative answers, in a bucket of their own', () => {
    const server = limited(0);
    expect(flood(server, 50, { qname: 'missing.example.' }).whole).toBe(8);
    expect(flood(server, 50, { qname: 'www.other.' }).whole).toBe(0);
    expect(flood(server, 50).whole).toBe(20);
  });

  it('leaves trusted networks and TCP alone', () => {
    expect(flood(limited(0), 50, { peer: '127.0.0.1' }).whole).toBe(50);
    expect(flood(limited(0), 50, { transport: 'tcp' }).whole).toBe(50);
  });

  it('leaves clients alone that prove by a cookie where they are', () => {
    const server = limited(0);
    const option = (data: Octets): Query => ({ edns: { options: [{ code: OptionCode.COOKIE, data }] } });
    const first = server.ask('www.example.', 'A', { peer: '192.0.2.77', ...option('12345678' as Octets) });
    const cookie = findOption(first.edns!.options, OptionCode.COOKIE)!;
    flood(server, 50);
    expect(flood(server, 50, option(cookie)).whole).toBe(50);
    expect(flood(server, 50, option('12345678' as Octets)).whole).toBe(0);
    expect(flood(server, 50, { ...option(cookie), peer: '192.0.2.78' }).whole).toBe(0);
  });

  it('counts what it does', () => {
    const server = limited(2);
    flood(server, 50);
    expect(server.counters.read()).toMatchObject({ limited: 15, slipped: 15 });
  });
});
