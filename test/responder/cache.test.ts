/** What is answered from the cache, and when that ends. */
import { describe, expect, it } from 'vitest';
import { parseName } from '../../src/wire/name.ts';
import { DnsServer, encodeQuery, load, printRecords, update } from '../support/dns.ts';

const text = `
@          20 SOA   ns host 1 2 3 4 10
@          20 NS    ns
ns         20 A     10.0.0.1
web        5  A     10.0.0.2
a.web      30 A     10.0.0.3
_web._tcp  5  SRV   1 1 80 a.web
alias      5  CNAME web
*.wild     5  A     10.0.0.4
sub        5  NS    ns
old        5  DNAME web`;

function aServer(zone = load('z.', text)): DnsServer {
  return new DnsServer([zone]);
}

/** Asks until the answer is kept, if it will be. */
function keep(server: DnsServer, qname: string, qtype: string): void {
  server.ask(qname, qtype);
  server.ask(qname, qtype);
}

/** True when asking makes no lookup. */
function isKept(server: DnsServer, qname: string, qtype: string): boolean {
  const before = server.counters.read();
  server.ask(qname, qtype);
  const after = server.counters.read();
  expect(after.cacheHits + after.cacheMisses - before.cacheHits - before.cacheMisses).toBe(1);
  return after.cacheHits > before.cacheHits;
}

describe('the answer cache', () => {
  it.each([
    ['web.z.', 'A'],
    ['_web._tcp.z.', 'SRV'],
    ['alias.z.', 'A'],
    ['z.', 'NS'],
    ['web.z.', 'ANY'],
  ])('keeps what is made of names that exist, once it is asked again: %s %s', (qname, qtype) => {
    const server = aServer();
    expect(isKept(server, qname, qtype)).toBe(false);
    server.ask(qname, qtype);
    // SRV records are kept in several orders, each made once.
    for (let times = 0; times < 4; times++) server.ask(qname, qtype);
    expect(isKept(server, qname, qtype)).toBe(true);
  });

  it.each([
    ['web.z.', 'AAAA'],
    ['missing.z.', 'A'],
    ['x.wild.z.', 'A'],
    ['x.sub.z.', 'A'],
    ['x.old.z.', 'A'],
    ['x.other.', 'A'],
    ['z.', 'SOA'],
  ])('keeps nothing that others could make without end, nor what has the serial: %s %s', (qname, qtype) => {
    const server = aServer();
    for (let times = 0; times < 6; times++) expect(isKept(server, qname, qtype)).toBe(false);
  });

  it('gives an answer to any case of letters, with the question as it was asked', () => {
    const server = aServer();
    keep(server, 'web.z.', 'A');
    const request = encodeQuery('wEb.Z.', 'A', { id: 99 });
    const reply = server.exchange(request)!;
    expect(reply.subarray(12, request.length)).toEqual(request.subarray(12));
    expect(reply.readUInt16BE(0)).toBe(99);
    expect(server.counters.read().cacheHits).toBe(1);
  });

  it('copies RD and answers with and without OPT', () => {
    const server = aServer();
    keep(server, 'web.z.', 'A');
    expect(server.ask('web.z.', 'A', { recursionDesired: true })).toMatchObject({ recursionDesired: true, edns: null });
    expect(server.ask('web.z.', 'A', { edns: {} })).toMatchObject({ recursionDesired: false, edns: { options: [] } });
    expect(server.counters.read().cacheHits).toBe(2);
  });

  it.each([
    ['a record of the name itself', 'web.z.', 'A', 'web.z. 5 A 10.9.9.9', 'answers'],
    ['the address of a target', '_web._tcp.z.', 'SRV', 'a.web.z. 30 A 10.9.9.9', 'additionals'],
    ['the end of an alias', 'alias.z.', 'A', 'web.z. 5 A 10.9.9.9', 'answers'],
  ] as const)('forgets an answer with %s', (_, qname, qtype, added, section) => {
    const server = aServer();
    keep(server, qname, qtype);
    server.apply(update('z.', 2, '', added));
    expect(printRecords(server.ask(qname, qtype)[section])).toContain(added.replace(' A', ' IN A'));
  });

  it('keeps all other answers when a name changes', () => {
    const server = aServer();
    keep(server, 'ns.z.', 'A');
    server.apply(update('z.', 2, '', 'new.web.z. 5 A 10.9.9.9\nweb.z. 5 A 10.9.9.9'));
    expect(isKept(server, 'ns.z.', 'A')).toBe(true);
  });

  it('forgets answers below a new zone cut, and those of a zone that is dropped or loaded anew', () => {
    const server = aServer();
    keep(server, 'a.web.z.', 'A');
    server.apply(update('z.', 2, '', 'web.z. 5 NS ns.z.'));
    expect(server.ask('a.web.z.', 'A').authoritative).toBe(false);
    server.apply(update('z.', 3, 'web.z. 5 NS ns.z.', ''));
    keep(server, 'a.web.z.', 'A');
    server.apply(load('web.z.', '@ 20 SOA ns host 1 2 3 4 10\na 5 A 10.8.8.8'));
    expect(printRecords(server.ask('a.web.z.', 'A').answers)).toEqual(['a.web.z. 5 IN A 10.8.8.8']);
    keep(server, 'a.web.z.', 'A');
    server.apply({ ...update('web.z.', 4, '', ''), kind: 'drop' });
    expect(printRecords(server.ask('a.web.z.', 'A').answers)).toEqual(['a.web.z. 30 IN A 10.0.0.3']);
  });

  it('forgets an answer when its target ceases to exist and a wildcard takes its place', () => {
    const server = aServer(
      load('z.', `${text}\n_t._tcp 5 SRV 1 1 80 t\nx.t 5 A 10.0.0.5\n* 5 A 10.7.7.7`, [
        { owner: parseName('t.z.'), mark: {} },
      ]),
    );
    for (let times = 0; times < 3; times++) expect(server.ask('_t._tcp.z.', 'SRV').additionals).toEqual([]);
    server.apply(update('z.', 2, 'x.t.z. 5 A 10.0.0.5', ''));
    expect(printRecords(server.ask('_t._tcp.z.', 'SRV').additionals)).toEqual(['t.z. 5 IN A 10.7.7.7']);
  });

  it('does not give an answer made for more room', () => {
    const addresses = Array.from({ length: 40 }, (_, index) => `big 5 A 10.0.1.${index}`).join('\n');
    const server = aServer(load('z.', `${text}\n${addresses}`));
    for (let times = 0; times < 6; times++) {
      expect(server.ask('big.z.', 'A', { edns: {} })).toMatchObject({ truncated: false });
      expect(server.ask('big.z.', 'A')).toMatchObject({ truncated: true });
    }
  });

  it('gives no order that was not made, where some would leave out more than others', () => {
    // Into 512 octets go 25 of the addresses: those of targets 0 and 2, or those of target 1 alone.
    const lines = [12, 14, 13].flatMap((size, target) => [
      `_some._tcp 5 SRV 0 1 80 t${target}`,
      ...Array.from({ length: size }, (_, address) => `t${target} 5 A 10.0.${target}.${address}`),
    ]);
    const wanted = [0, 1, 2].map((target) => `_some._tcp.z. 5 IN SRV 0 1 80 t${target}.z.`);
    // Which order is the first is left to chance.
    for (let servers = 0; servers < 20; servers++) {
      const server = aServer(load('z.', `${text}\n${lines.join('\n')}`));
      for (let times = 0; times < 8; times++) {
        const reply = server.ask('_some._tcp.z.', 'SRV');
        expect(printRecords(reply.answers)).toEqual(wanted);
        expect([14, 25]).toContain(reply.additionals.length);
      }
    }
  });

  it('has room for so many octets', () => {
    const names = Array.from({ length: 200 }, (_, index) => `n${index} 5 TXT "${'x'.repeat(200)}"`).join('\n');
    const server = new DnsServer([load('z.', `${text}\n${names}`)], { cache: { answers: 1024, octets: 20_000 } });
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < 200; index++) expect(isKept(server, `n${index}.z.`, 'TXT')).toBe(false);
    }
    expect(isKept(server, 'n199.z.', 'TXT')).toBe(true);
  });

  it('gives up the answer that was not used for longest', () => {
    const names = Array.from({ length: 8 }, (_, index) => `n${index} 5 A 10.0.1.${index}`).join('\n');
    const server = new DnsServer([load('z.', `${text}\n${names}`)], { cache: { answers: 8, octets: 2 ** 20 } });
    for (let index = 0; index < 8; index++) {
      keep(server, `n${index}.z.`, 'A');
      server.clock.milliseconds += 1000;
    }
    server.ask('n0.z.', 'A');
    keep(server, 'web.z.', 'A');
    expect(isKept(server, 'n0.z.', 'A')).toBe(true);
    expect(isKept(server, 'n1.z.', 'A')).toBe(false);
  });
});
