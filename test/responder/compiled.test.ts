/** What is answered from compiled rrsets, and that it is what the tree says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExtendedError } from '../../src/wire/codes.ts';
import { foldName } from '../../src/wire/name.ts';
import type { Mark } from '../../src/zone/change.ts';
import { DnsServer, encodeQuery, load, printRecords, update } from '../support/dns.ts';
import { decodeMessage } from '../support/message.ts';

const text = `
@          20 SOA   ns host 1 2 3 4 10
@          20 NS    ns
ns         20 A     10.0.0.1
web        5  A     10.0.0.2
web        5  A     10.0.0.3
web        5  TXT   "x"
a.web      30 A     10.0.0.2
b.web      30 A     10.0.0.3
b.web      30 AAAA  2001:db8::3
_web._tcp  5  SRV   1 1 80 a.web
_web._tcp  5  SRV   1 1 80 b.web
both       5  A     10.0.0.2
both       5  SRV   1 1 80 a.web
both       5  SRV   1 2 80 b.web
_self._tcp 5  SRV   1 1 80 a.web
_self._tcp 5  SRV   1 1 81 a.web
_lone._tcp 5  SRV   1 1 80 a.web
_away._tcp 5  SRV   1 1 80 host.elsewhere.
_none._tcp 5  SRV   1 1 80 missing
_text._tcp 5  SRV   1 1 80 text
_made._tcp 5  SRV   1 1 80 x.wild
_nil._tcp  5  SRV   0 0 0 .
text       5  TXT   "y"
*.wild     5  A     10.0.0.4
alias      5  CNAME web
mail       5  MX    10 web
secure     5  HTTPS 1 .
${Array.from({ length: 33 }, (_, i) => `many 5 A 10.1.0.${i}`).join('\n')}`;

/** In a zone with a cut nothing is compiled. */
const cut = 'sub 5 NS ns.elsewhere.';

function isCompiled(server: DnsServer, qname: string, qtype: string): boolean {
  const before = server.counters.read().compiled;
  server.ask(qname, qtype);
  return server.counters.read().compiled > before;
}

function sorted(list: readonly string[]): string[] {
  return [...list].sort();
}

describe('a compiled rrset', () => {
  it.each([
    ['web.z.', 'A'],
    ['b.web.z.', 'AAAA'],
    ['_web._tcp.z.', 'SRV'],
    ['_self._tcp.z.', 'SRV'],
    ['*.wild.z.', 'A'],
  ])('is there from the first question on: %s %s', (qname, qtype) => {
    expect(isCompiled(new DnsServer([load('z.', text)]), qname, qtype)).toBe(true);
  });

  it.each([
    ['_lone._tcp.z.', 'SRV'],
    ['_away._tcp.z.', 'SRV'],
    ['_nil._tcp.z.', 'SRV'],
    ['web.z.', 'TXT'],
  ])('is there once it was asked for twice, where nobody was likely to ask: %s %s', (qname, qtype) => {
    const server = new DnsServer([load('z.', text)], { cache: { answers: 0, octets: 0 } });
    expect(isCompiled(server, qname, qtype)).toBe(false);
    expect(isCompiled(server, qname, qtype)).toBe(false);
    expect(isCompiled(server, qname, qtype)).toBe(true);
  });

  it.each([
    ['a target without node', '_none._tcp.z.', 'SRV'],
    ['a target without addresses', '_text._tcp.z.', 'SRV'],
    ['a target made from a wildcard', '_made._tcp.z.', 'SRV'],
    ['names to compress', 'mail.z.', 'MX'],
    ['an owner as target', 'secure.z.', 'HTTPS'],
    ['an alias', 'alias.z.', 'A'],
    ['a wildcard', 'x.wild.z.', 'A'],
    ['too many records', 'many.z.', 'A'],
    ['the serial', 'z.', 'SOA'],
    ['another type', 'web.z.', 'ANY'],
  ])('is none where the answer needs more than that: %s', (_, qname, qtype) => {
    const server = new DnsServer([load('z.', text)]);
    for (let times = 0; times < 5; times++) expect(isCompiled(server, qname, qtype)).toBe(false);
  });

  it.each([
    ['that it exists', { existence: 'exists' }, true],
    ['that it does not', { existence: 'denied' }, false],
    ['a limit for fewer', { limit: 1 }, false],
    ['a limit for more', { limit: 2 }, true],
    ['an extended error', { extendedError: { infoCode: ExtendedError.StaleAnswer, text: '' } }, false],
  ] satisfies [string, Mark, boolean][])('is there or not where the mark says %s', (_, mark, wanted) => {
    const server = new DnsServer([load('z.', text)]);
    server.apply(update('z.', 2, '', '', [{ owner: foldName('\x03web\x01z\0' as never), mark }]));
    expect(isCompiled(server, 'web.z.', 'A')).toBe(wanted);
    server.apply(update('z.', 3, '', '', [{ owner: foldName('\x03web\x01z\0' as never), mark: null }]));
    expect(isCompiled(server, 'web.z.', 'A')).toBe(true);
  });

  it('has the addresses that its targets have now', () => {
    const server = new DnsServer([load('z.', text)]);
    const addresses = (): string[] => sorted(printRecords(server.ask('_web._tcp.z.', 'SRV').additionals));
    const [a, b, c] = ['a.web.z. 30 A 10.0.0.2', 'a.web.z. 30 A 10.0.0.9', 'a.web.z. 30 AAAA 2001:db8::9'] as const;
    const others = ['b.web.z. 30 IN A 10.0.0.3', 'b.web.z. 30 IN AAAA 2001:db8::3'];
    expect(addresses()).toEqual(['a.web.z. 30 IN A 10.0.0.2', ...others]);
    server.apply(update('z.', 2, a, b));
    expect(addresses()).toEqual(['a.web.z. 30 IN A 10.0.0.9', ...others]);
    server.apply(update('z.', 3, '', c));
    expect(addresses()).toEqual(['a.web.z. 30 IN A 10.0.0.9', 'a.web.z. 30 IN AAAA 2001:db8::9', ...others]);
    server.apply(update('z.', 4, `${b}\n${c}`, ''));
    expect(addresses()).toEqual(others);
    server.apply(update('z.', 5, '', a));
    expect(addresses()).toEqual(['a.web.z. 30 IN A 10.0.0.2', ...others]);
  });

  it('is found again after its addresses have changed', () => {
    const server = new DnsServer([load('z.', text)]);
    server.apply(update('z.', 2, 'a.web.z. 30 A 10.0.0.2', 'a.web.z. 30 A 10.0.0.9'));
    for (const qname of ['_web._tcp.z.', 'both.z.']) expect(isCompiled(server, qname, 'SRV')).toBe(false);
    server.responder.compile(Infinity);
    for (const qname of ['_web._tcp.z.', 'both.z.']) expect(isCompiled(server, qname, 'SRV')).toBe(true);
    expect(isCompiled(server, 'both.z.', 'A')).toBe(true);
  });

  it('is none while a zone cut or DNAME may send names elsewhere', () => {
    const server = new DnsServer([load('z.', text)]);
    for (const [serial, more] of ['sub.z. 5 NS ns.elsewhere.', 'old.z. 5 DNAME new.elsewhere.'].entries()) {
      server.apply(update('z.', 2 * serial + 2, '', more));
      for (let times = 0; times < 3; times++) expect(isCompiled(server, 'web.z.', 'A')).toBe(false);
      server.apply(update('z.', 2 * serial + 3, more, ''));
      expect(isCompiled(server, 'web.z.', 'A')).toBe(true);
    }
  });

  it('begins with another record in each thread', () => {
    const firsts = Array.from({ length: 40 }, () => new DnsServer([load('z.', text)]).ask('web.z.', 'A').answers[0]!.rdata);
    expect(new Set(firsts).size).toBe(2);
  });

  it('is left out where the system has no memory for it', () => {
    const server = new DnsServer();
    server.responder.apply(load('z.', text));
    const request = encodeQuery('_web._tcp.z.', 'SRV');
    const replies: Buffer[] = [];
    const { Int32Array: real } = globalThis;
    globalThis.Int32Array = function () {
      throw new RangeError('Array buffer allocation failed');
    } as never;
    try {
      server.responder.compile(Infinity);
      for (let times = 0; times < 3; times++) replies.push(server.exchange(request)!);
    } finally {
      globalThis.Int32Array = real;
    }
    for (const { answers, additionals } of replies.map((reply) => decodeMessage(reply))) expect([answers.length, additionals.length]).toEqual([2, 3]);
    server.apply(update('z.', 2, '', 'c.web.z. 5 A 10.0.0.4'));
    expect(isCompiled(server, 'c.web.z.', 'A')).toBe(true);
  });

  it('is made of what is asked for before there was time', () => {
    for (const [qname, qtype] of [
      ['_web._tcp.z.', 'SRV'],
      ['web.z.', 'A'],
      ['b.web.z.', 'AAAA'],
    ] as const) {
      const server = new DnsServer();
      server.responder.apply(load('z.', text));
      for (let times = 0; times < 2; times++) expect(isCompiled(server, qname, qtype)).toBe(false);
      expect(isCompiled(server, qname, qtype)).toBe(true);
    }
  });

  it('is made a little at a time, of every zone', () => {
    const server = new DnsServer();
    for (const zone of ['y.', 'z.']) server.responder.apply(load(zone, text));
    const nodes = new Set(load('z.', text).added.map(({ owner }) => owner)).size;
    for (let n = 0; n < 2 * nodes; n++) expect(server.responder.compile(0)).toBe(false);
    expect(server.responder.compile(0)).toBe(true);
    for (const zone of ['y.', 'z.']) expect(isCompiled(server, `_web._tcp.${zone}`, 'SRV')).toBe(true);
  });

  it('says nothing of stale records, which do say that they are stale', () => {
    const server = new DnsServer([{ ...load('z.', text), stale: true }]);
    expect(isCompiled(server, 'web.z.', 'A')).toBe(false);
    server.apply({ ...update('z.', 2, '', ''), stale: false });
    expect(isCompiled(server, 'web.z.', 'A')).toBe(true);
  });

  it('does not speak for a zone below its own', () => {
    const server = new DnsServer([load('z.', text), load('web.z.', '@ 5 SOA ns host 1 2 3 4 5\n@ 5 NS ns\n@ 5 A 10.9.9.9')]);
    expect(printRecords(server.ask('web.z.', 'A').answers)).toEqual(['web.z. 5 IN A 10.9.9.9']);
    expect(server.ask('a.web.z.', 'A').rcode).toBe(3);
  });
});

const hosts = ['a', 'b', 'c', 'long-name-of-a-host.with-more'] as const;
const owners = ['_s._tcp', 's', ...hosts] as const;

const record = fc.oneof(
  fc
    .tuple(fc.constantFrom(...owners), fc.constantFrom(5, 30), fc.constantFrom(1, 2), fc.constantFrom(0, 1, 7), fc.constantFrom(...hosts, '.', 'x.other.'))
    .map(([owner, ttl, priority, weight, target]) => {
      const name = target.endsWith('.') ? target : `${target}.z.`;
      return `${owner}.z. ${ttl} SRV ${priority} ${weight} 80 ${name}`;
    }),
  fc.tuple(fc.constantFrom(...owners), fc.nat({ max: 40 })).map(([owner, n]) => `${owner}.z. 30 A 10.0.0.${n}`),
  fc.tuple(fc.constantFrom(...owners), fc.nat({ max: 9 })).map(([owner, n]) => `${owner}.z. 30 AAAA 2001:db8::${n}`),
  fc.tuple(fc.constantFrom(...owners), fc.nat({ max: 9 })).map(([owner, n]) => `${owner}.z. 5 TXT "${'t'.repeat(20 * n)}"`),
);
const change = fc.record({ hasTime: fc.boolean(), removed: fc.array(record, { maxLength: 6 }), added: fc.array(record, { maxLength: 12 }) });
const question = fc.record({
  qname: fc.constantFrom(...owners, '_S._tCp', 'missing'),
  qtype: fc.constantFrom('SRV', 'A', 'AAAA', 'TXT', 'ANY'),
  payloadSize: fc.constantFrom(null, 512, 600, 700, 900, 1232),
});

describe('compiled answers', () => {
  it('say what the tree says, after any changes, in any room', () => {
    let compiled = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.array(question, { minLength: 1, maxLength: 12 }), (changes, questions) => {
        const base = '@ 20 SOA ns host 1 2 3 4 10\n@ 20 NS ns';
        const server = new DnsServer([load('z.', base)]);
        const plain = new DnsServer([load('z.', `${base}\n${cut}`)], { cache: { answers: 0, octets: 0 } });
        for (const [serial, { hasTime, removed, added }] of changes.entries()) {
          const next = update('z.', serial + 2, removed.join('\n'), added.join('\n'));
          expect(server.responder.apply(next).heldFor).toBe(plain.apply(next));
          if (hasTime) server.responder.compile(Infinity);
          for (const { qname, qtype, payloadSize } of questions) {
            const request = encodeQuery(`${qname}.z.`, qtype, payloadSize === null ? {} : { edns: { payloadSize } });
            const octets = server.exchange(request)!;
            const reply = decodeMessage(octets);
            const wanted = decodeMessage(plain.exchange(request)!);
            const whole = decodeMessage(plain.exchange(request, { transport: 'tcp' })!);
            expect(octets.length).toBeLessThanOrEqual(payloadSize ?? 512);
            expect({ ...reply, answers: [], additionals: [] }).toEqual({ ...wanted, answers: [], additionals: [] });
            expect(sorted(printRecords(reply.answers))).toEqual(sorted(printRecords(wanted.answers)));
            checkAdditionals(printRecords(reply.additionals), printRecords(whole.additionals), (payloadSize ?? 512) - octets.length);
          }
        }
        compiled += server.counters.read().compiled;
      }),
      { numRuns: 300 },
    );
    expect(compiled).toBeGreaterThan(500);
  });
});

/** Each target has all of its addresses or none, and none only where they would not fit into the `room` that is left. */
function checkAdditionals(found: readonly string[], all: readonly string[], room: number): void {
  const ownerOf = (line: string): string => line.split(' ')[0]!;
  for (const owner of new Set([...found, ...all].map(ownerOf))) {
    const own = (list: readonly string[]): string[] => sorted(list.filter((line) => ownerOf(line) === owner));
    if (own(found).length > 0) {
      expect(own(found)).toEqual(own(all));
      continue;
    }
    const octets = own(all).reduce((sum, line) => sum + (line.includes(' AAAA ') ? 28 : 16), 0);
    expect(octets).toBeGreaterThan(room);
  }
}
