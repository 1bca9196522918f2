/** For how long resolvers may hold what a change takes away: the promise behind a drain's `safeToStopAt`. */
import { describe, expect, it } from 'vitest';
import { RRClass } from '../../src/wire/codes.ts';
import { parseName } from '../../src/wire/name.ts';
import { DnsServer, load, update } from '../support/dns.ts';

const text = `
@          20 SOA   ns host 1 2 3 4 10
@          20 NS    ns
web        5  A     10.0.0.2
web        5  A     10.0.0.3
a.web      30 A     10.0.0.3
_web._tcp  7  SRV   1 1 80 a.web
*.wild     9  A     10.0.0.4`;

/** In a zone with a cut nothing is compiled, so that answers come from the cache. */
const cut = 'sub 5 NS ns.elsewhere.';

/** Seconds that a removal of `record` reports, `seconds` after the last of `questions` was asked. */
function heldAfter(record: string, seconds: number, ...questions: (readonly [string, string])[]): number {
  const server = new DnsServer([load('z.', text)]);
  for (const [qname, qtype] of questions) server.ask(qname, qtype);
  server.clock.milliseconds += seconds * 1000;
  return server.apply(update('z.', 2, record, ''));
}

describe('what was removed', () => {
  it('is held by nobody when nobody was told', () => {
    expect(heldAfter('web.z. 5 A 10.0.0.2', 0)).toBe(0);
    expect(heldAfter('web.z. 5 A 10.0.0.2', 0, ['a.web.z.', 'A'], ['web.z.', 'AAAA'], ['x.web.z.', 'A'])).toBe(0);
  });

  it('is held for its TTL after the last answer, and less with each second', () => {
    // A second more: whole seconds are noted, and an answer may have been given at the end of one.
    expect(heldAfter('web.z. 5 A 10.0.0.2', 0, ['web.z.', 'A'])).toBe(6);
    expect(heldAfter('web.z. 5 A 10.0.0.2', 4, ['web.z.', 'A'])).toBe(2);
    expect(heldAfter('web.z. 5 A 10.0.0.2', 60, ['web.z.', 'A'])).toBe(0);
  });

  it.each([
    ['compiled', ''],
    ['cacheHits', cut],
  ] as const)('is held as long after answers that are copied: %s', (event, more) => {
    const server = new DnsServer([load('z.', `${text}\n${more}`)]);
    for (let times = 0; times < 20; times++) {
      server.ask('web.z.', 'A');
      server.clock.milliseconds += 1000;
    }
    expect(server.counters.read()[event]).toBeGreaterThan(10);
    expect(server.apply(update('z.', 2, 'web.z. 5 A 10.0.0.2', ''))).toBe(5);
  });

  it('is held as long when nothing is cached', () => {
    const server = new DnsServer([load('z.', text)], { cache: { answers: 0, octets: 0 } });
    server.ask('_web._tcp.z.', 'SRV');
    expect(server.apply(update('z.', 2, 'a.web.z. 30 A 10.0.0.3', ''))).toBe(31);
  });

  it('is held as long after an answer that others have crowded out of the cache', () => {
    const names = Array.from({ length: 60 }, (_, index) => `n${index} 5 TXT "${'x'.repeat(200)}"`).join('\n');
    const server = new DnsServer([load('z.', `${text}\n${names}\n${cut}`)], { cache: { answers: 1024, octets: 10_000 } });
    for (let times = 0; times < 3; times++) {
      server.clock.milliseconds += 1000;
      server.ask('a.web.z.', 'A');
    }
    expect(server.counters.read().cacheHits).toBe(1);
    for (let index = 0; index < 60; index++) {
      for (let times = 0; times < 2; times++) server.ask(`n${index}.z.`, 'TXT');
    }
    expect(server.apply(update('z.', 2, 'a.web.z. 30 A 10.0.0.3', ''))).toBe(31);
  });

  it('is held as long after a question of any class', () => {
    const server = new DnsServer([load('z.', text)]);
    server.ask('web.z.', 'A', { class: RRClass.ANY });
    expect(server.apply(update('z.', 2, 'web.z. 5 A 10.0.0.2', ''))).toBe(6);
  });

  it('is held for the TTL of its own records, not of those beside them in the answer', () => {
    expect(heldAfter('_web._tcp.z. 7 SRV 1 1 80 a.web.z.', 0, ['_web._tcp.z.', 'SRV'])).toBe(8);
    expect(heldAfter('a.web.z. 30 A 10.0.0.3', 0, ['_web._tcp.z.', 'SRV'])).toBe(31);
    expect(heldAfter('*.wild.z. 9 A 10.0.0.4', 0, ['x.wild.z.', 'A'])).toBe(10);
  });

  it('is held on when another record of the name goes after it', () => {
    const server = new DnsServer([load('z.', text)]);
    server.ask('web.z.', 'A');
    server.apply(update('z.', 2, 'web.z. 5 A 10.0.0.2', 'web.z. 5 A 10.0.0.9'));
    expect(server.apply(update('z.', 3, 'web.z. 5 A 10.0.0.3', ''))).toBe(6);
    expect(server.apply(update('z.', 4, 'web.z. 5 A 10.0.0.9', 'web.z. 5 A 10.0.0.8'))).toBe(6);
    expect(server.apply(update('z.', 5, 'web.z. 5 A 10.0.0.8', ''))).toBe(6);
  });

  it('is held on when it comes again, and when its zone is loaded after that', () => {
    const server = new DnsServer([load('z.', text)]);
    server.ask('a.web.z.', 'A');
    const record = 'a.web.z. 30 A 10.0.0.3';
    expect(server.apply(update('z.', 2, record, ''))).toBe(31);
    server.clock.milliseconds += 10_000;
    server.apply(update('z.', 3, '', `${record}\nb.web.z. 30 A 10.0.0.4`));
    expect(server.apply(update('z.', 4, 'b.web.z. 30 A 10.0.0.4', ''))).toBe(0);
    expect(server.apply(update('z.', 5, record, ''))).toBe(21);
    expect(server.apply(load('z.', text))).toBe(21);
    expect(server.apply(update('z.', 6, record, ''))).toBe(21);
  });

  it('counts also what a mark takes away, and a zone that is dropped or loaded anew', () => {
    const asked = (): DnsServer => {
      const server = new DnsServer([load('z.', text)]);
      server.ask('web.z.', 'A');
      return server;
    };
    expect(
      asked().apply(update('z.', 2, '', '', [{ owner: parseName('web.z.'), mark: { existence: 'denied' } }])),
    ).toBe(6);
    expect(asked().apply({ ...update('z.', 2, '', ''), kind: 'drop' })).toBe(6);
    const reloaded = asked();
    expect(reloaded.apply(load('z.', text))).toBe(6);
    expect(reloaded.apply(update('z.', 2, 'web.z. 5 A 10.0.0.2', ''))).toBe(6);
  });
});
