/**
 * The additional section of one service while the targets of its records go, come and change: nodes that were found once
 * are not searched again, and must not be taken for what they no longer are.
 */
import { describe, expect, it } from 'vitest';
import { foldName, parseName } from '../../src/wire/name.ts';
import { type ZoneChange } from '../../src/zone/change.ts';
import { DnsServer, load, printRecords, update } from '../support/dns.ts';

const text = `
@          20 SOA   ns host 1 2 3 4 10
@          20 NS    ns
_web._tcp  5  SRV   1 1 80 a.hosts
_web._tcp  5  SRV   1 1 80 b.hosts
a.hosts    5  A     10.0.0.1
b.hosts    5  A     10.0.0.2
*.hosts    5  A     10.0.0.9`;

const a = 'a.hosts.z. 5 IN A 10.0.0.1';
const b = 'b.hosts.z. 5 IN A 10.0.0.2';
const ofWildcard = 'a.hosts.z. 5 IN A 10.0.0.9';
const marked = (existence: 'exists' | 'denied' | null): ZoneChange =>
  update('z.', 2, '', '', [{ owner: parseName('a.hosts.z.'), mark: existence === null ? null : { existence } }]);
const leaves = update('z.', 2, 'a.hosts.z. 5 A 10.0.0.1', '');
const comes = (record: string): ZoneChange => update('z.', 3, '', record);

/** Each change with what stands in the additional section after it. */
const histories: Record<string, readonly (readonly [ZoneChange, ...string[]])[]> = {
  'that leaves gives its place to the wildcard': [[leaves, ofWildcard, b]],
  'that leaves and comes again has what it came with': [
    [leaves, ofWildcard, b],
    [comes('a.hosts.z. 5 A 10.0.0.7'), 'a.hosts.z. 5 IN A 10.0.0.7', b],
  ],
  'that is denied has no addresses until it no longer is': [
    [marked('denied'), b],
    [marked(null), a, b],
  ],
  'without records of its own that exists hides the wildcard': [
    [marked('exists'), a, b],
    [leaves, b],
    [marked(null), ofWildcard, b],
  ],
  'below a zone cut has no addresses until the cut is gone': [
    [comes('hosts.z. 5 NS ns.z.')],
    [update('z.', 4, 'hosts.z. 5 NS ns.z.', ''), a, b],
  ],
  'of a record that takes the place of another keeps its addresses': [
    [update('z.', 2, '_web._tcp.z. 5 SRV 1 1 80 a.hosts.z.', ''), b],
    [comes('_web._tcp.z. 5 SRV 1 1 80 a.hosts.z.'), a, b],
  ],
  'in other letters is shown in those of its record': [
    [update('z.', 2, '_web._tcp.z. 5 SRV 1 1 80 a.hosts.z.', '_web._tcp.z. 5 SRV 1 1 80 A.hosts.z.'), `A${a.slice(1)}`, b],
  ],
  'of two records stands there once': [[comes('_web._tcp.z. 5 SRV 1 1 81 a.hosts.z.'), a, b]],
  'of a zone that is loaded anew has what it was loaded with': [
    [load('z.', text.replace('10.0.0.1', '10.0.0.8')), 'a.hosts.z. 5 IN A 10.0.0.8', b],
  ],
};

describe('a target', () => {
  it.each(Object.entries(histories))('%s', (_, history) => {
    const server = new DnsServer([load('z.', text)]);
    const addresses = (): string[] => printRecords(server.ask('_web._tcp.z.', 'SRV').additionals);
    // Often enough for all that is remembered to be in use.
    const wants = (wanted: readonly string[]): void => {
      for (let times = 0; times < 5; times++) expect(addresses()).toEqual(wanted);
    };
    wants([a, b]);
    for (const [change, ...wanted] of history) {
      server.apply(change);
      wants(wanted);
    }
  });

  it('has the address of its own node wherever in a long reply it stands', () => {
    const instances = Array.from({ length: 1100 }, (_, i) => ({ host: `H${i}.hosts.z.`, address: `10.1.${i >> 8}.${i & 255}` }));
    const lines = instances.map(({ host, address }) => `_big._tcp 5 SRV 1 1 80 ${host}\n${host} 5 A ${address}`);
    const server = new DnsServer([load('z.', `${text}\n${lines.join('\n')}`)]);
    const wanted = instances.map(({ host, address }) => `${host} 5 IN A ${address}`).sort();
    // Once with every target searched for, then with the nodes that were found.
    for (let times = 0; times < 2; times++) {
      const reply = server.ask('_BIG._tcp.z.', 'SRV', { transport: 'tcp' });
      expect(reply.answers).toHaveLength(instances.length);
      expect(printRecords(reply.additionals)).toEqual(wanted);
      expect(new Set(reply.answers.map(({ owner }) => owner))).toEqual(new Set([parseName('_BIG._tcp.z.')]));
    }
  });

  it('of a service at the root has addresses', () => {
    const server = new DnsServer([load('.', '@ 20 SOA ns host 1 2 3 4 10\n@ 5 SRV 1 1 80 a\n@ 5 SRV 1 1 80 .\na 5 A 10.0.0.1')]);
    for (let times = 0; times < 4; times++) {
      const reply = server.ask('.', 'SRV');
      expect(printRecords(reply.answers)).toEqual(['. 5 IN SRV 1 1 80 .', '. 5 IN SRV 1 1 80 a.']);
      expect(printRecords(reply.additionals)).toEqual(['a. 5 IN A 10.0.0.1']);
    }
  });
});

describe('an answer that is copied', () => {
  it.each([
    ['compiled', ''],
    // In a zone with a cut nothing is compiled.
    ['cacheHits', 'sub 5 NS ns.elsewhere.'],
  ] as const)('has the letters of each question where it points to it: %s', (event, more) => {
    const server = new DnsServer([load('z.', `${text}\n${more}`)]);
    for (const qname of ['_web._tcp.z.', '_web._tcp.z.', '_WEB._tcp.Z.', '_web._TCP.z.', '_wEb._tCp.z.']) {
      const { answers, additionals } = server.ask(qname, 'SRV');
      expect(answers.map(({ owner }) => owner)).toEqual([parseName(qname), parseName(qname)]);
      expect(additionals.map(({ owner }) => foldName(owner))).toEqual(additionals.map(({ owner }) => owner));
    }
    expect(server.counters.read()[event]).toBeGreaterThan(0);
  });
});
