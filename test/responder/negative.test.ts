/** Negative answers, which are copied behind the question: all their names must come out right behind any question. */
import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../support/message.ts';
import { parseName } from '../../src/wire/name.ts';
import type { Octets } from '../../src/wire/octets.ts';
import { RRType, Rcode } from '../../src/wire/codes.ts';
import { DnsServer, encodeQuery, load, update } from '../support/dns.ts';

const long = `${'l'.repeat(63)}.${'m'.repeat(63)}.${'n'.repeat(50)}`;

describe('a negative answer', () => {
  it.each([
    ['example.', 'ns1', 'host'],
    ['example.', 'ns1.elsewhere.', 'host.mail.elsewhere.'],
    ['a.b.example.', 'ns.example.', '@'],
    ['a.b.example.', '.', 'x.b.example.'],
    ['.', 'ns.', 'host.ns.'],
    ['.', '.', '.'],
  ])('of zone %s with SOA %s %s has these names behind any question', (apex, mname, rname) => {
    const server = new DnsServer([
      load(apex, `@ 300 SOA ${mname} ${rname} 1 3600 600 86400 60\nx.ent 300 A 192.0.2.1`),
    ]);
    const absolute = (name: string): string => (name === '@' ? apex : name.endsWith('.') ? name : `${name}.${apex}`);
    const soa = `${apex} 60 SOA ${absolute(mname)} ${absolute(rname)} 1 3600 600 86400 60`;
    const below = (name: string): string => (apex === '.' ? `${name}.` : `${name}.${apex}`);
    for (const name of ['a', 'ns1', 'host', 'x.y.z', long]) {
      server.check({ qname: below(name), qtype: 'A', rcode: 'NXDOMAIN', authority: [soa] });
    }
    server.check({ qname: below('ent'), qtype: 'A', authority: [soa] });
    server.check({ qname: apex, qtype: 'TXT', authority: [soa] });
  });

  it('has the letters of the question where it points to them', () => {
    const server = new DnsServer([load('example.', '@ 300 SOA ns1 host 1 3600 600 86400 60')]);
    const reply = decodeMessage(server.exchange(encodeQuery('A.eXamPLe.', 'A'))!);
    expect(reply.authorities[0]?.owner).toBe(parseName('eXamPLe.'));
  });

  it('has the serial of the last change', () => {
    const server = new DnsServer([load('example.', '@ 300 SOA ns1 host 1 3600 600 86400 60')]);
    server.check({
      qname: 'x.example.',
      qtype: 'A',
      rcode: 'NXDOMAIN',
      authority: ['example. 60 SOA ns1.example. host.example. 1 3600 600 86400 60'],
    });
    server.apply(update('example.', 7, '', ''));
    server.check({
      qname: 'x.example.',
      qtype: 'A',
      rcode: 'NXDOMAIN',
      authority: ['example. 60 SOA ns1.example. host.example. 7 3600 600 86400 60'],
    });
  });

  it('has the TTL of the SOA record where that is less than MINIMUM (RFC 2308 5)', () => {
    const server = new DnsServer([load('example.', '@ 30 SOA ns1 host 1 3600 600 86400 60')]);
    expect(server.ask('x.example.', 'A').authorities[0]?.ttl).toBe(30);
  });

  it('is truncated where its SOA record does not fit', () => {
    const label = 'a'.repeat(63);
    const name = `${label}.${label}.${label}.b.`;
    const server = new DnsServer([
      load('example.', `@ 300 SOA ${name} ${name.replaceAll('a', 'c')} 1 3600 600 86400 60`),
    ]);
    const qname = `${'d'.repeat(63)}.${'e'.repeat(63)}.${'f'.repeat(50)}.example.`;
    expect(server.ask(qname, 'A')).toMatchObject({ rcode: Rcode.NXDOMAIN, truncated: true, authorities: [] });
    expect(server.ask(qname, 'A', { edns: {} })).toMatchObject({ rcode: Rcode.NXDOMAIN, truncated: false });
  });

  it('is SERVFAIL in a zone without SOA record', () => {
    const server = new DnsServer([load('example.', '@ 300 NS ns1\nwww 300 A 192.0.2.1')]);
    expect(server.ask('x.example.', 'A')).toMatchObject({ rcode: Rcode.SERVFAIL, authoritative: false });
    expect(server.ask('www.example.', 'A').rcode).toBe(Rcode.NOERROR);
  });
});

describe('a query that meets a bug', () => {
  it('gets SERVFAIL, and the next one is none the worse', () => {
    const owner = parseName('broken.example.');
    const zone = load('example.', '@ 300 SOA ns1 host 1 3600 600 86400 60\nwww 300 A 192.0.2.1');
    const broken = { owner, type: RRType.MX, ttl: 5, rdata: ['\0\x0a\x3f' as Octets] };
    const server = new DnsServer([{ ...zone, added: [...zone.added, broken] }]);
    expect(server.ask('broken.example.', 'MX').rcode).toBe(Rcode.SERVFAIL);
    expect(server.counters.read().failures).toBe(1);
    expect(server.ask('www.example.', 'A').answers).toHaveLength(1);
  });
});
