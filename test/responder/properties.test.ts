/**
 * Random zones, random changes, random questions: the answers are those of the reference, with the cache and without,
 * and so is for how long they may be held.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseName } from '../../src/wire/name.ts';
import { parseType } from '../../src/wire/codes.ts';
import { parseRdata } from '../../src/wire/rdata/rdata.ts';
import type { RRset } from '../../src/wire/record.ts';
import type { NameMark, ZoneChange } from '../../src/zone/change.ts';
import { DnsServer, load, printReply } from '../support/dns.ts';
import { Reference, type ReferenceReply } from '../support/reference.ts';

const apexes = ['z.', 'b.z.'];
const soa = '@ 20 SOA ns.z. host.z. 1 2 3 4 10\n@ 20 NS ns.z.\n';

/** Few labels, so that names meet; `*` and a letter of the other case among them. */
const name = fc
  .array(fc.constantFrom('a', 'b', '*', 'C'), { maxLength: 3 })
  .map((labels) => [...labels, 'z.'].join('.'));
const target = fc.oneof({ weight: 9, arbitrary: name }, { weight: 1, arbitrary: fc.constant('ns.other.') });

const rdata = fc.oneof(
  fc.record({ type: fc.constant('A'), text: fc.integer({ min: 1, max: 3 }).map((n) => `10.0.0.${n}`) }),
  fc.record({ type: fc.constant('AAAA'), text: fc.constant('fd00::1') }),
  fc.record({
    type: fc.constant('SRV'),
    text: fc.tuple(fc.integer({ min: 0, max: 2 }), target).map(([n, to]) => `${n} ${n} 80 ${to}`),
  }),
  fc.record({ type: fc.constant('MX'), text: target.map((to) => `10 ${to}`) }),
  fc.record({ type: fc.constant('CNAME'), text: target }),
  fc.record({ type: fc.constant('NS'), text: target }),
  fc.record({ type: fc.constant('DNAME'), text: target }),
);

const rrset: fc.Arbitrary<RRset> = fc
  .record({ owner: name, ttl: fc.constantFrom(5, 30), rdata })
  .map(({ owner, ttl, rdata: { type, text } }) => {
    const code = parseType(type)!;
    return { owner: parseName(owner), type: code, ttl, rdata: [parseRdata(code, text)] };
  });

const mark: fc.Arbitrary<NameMark> = fc.record({
  owner: name.map((text) => parseName(text)),
  mark: fc.constantFrom(null, {}, { existence: 'exists' as const }, { existence: 'denied' as const }),
});

/** Some of what is there goes, something comes; now and then a zone is loaded anew or dropped. */
const step = fc.record({
  zone: fc.constantFrom(...apexes),
  kind: fc.constantFrom('update', 'update', 'update', 'update', 'load', 'drop'),
  leaving: fc.array(fc.nat(), { maxLength: 3 }),
  added: fc.array(rrset, { maxLength: 4 }),
  marks: fc.array(mark, { maxLength: 1 }),
  questions: fc.array(
    fc.record({ qname: name, qtype: fc.constantFrom('A', 'AAAA', 'SRV', 'MX', 'NS', 'CNAME', 'DS', 'ANY') }),
    { minLength: 1, maxLength: 6 },
  ),
});

/** What has been added to each zone, to choose from it what leaves. */
class History {
  readonly #added = new Map<string, RRset[]>();
  #serial = 1;

  change({ zone, kind, leaving, added, marks }: typeof step extends fc.Arbitrary<infer T> ? T : never): ZoneChange {
    const apex = parseName(zone);
    const inside = <T extends { owner: string }>(list: readonly T[]): T[] =>
      list.filter(({ owner }) => owner.toLowerCase().endsWith(apex));
    const there = this.#added.get(zone);
    this.#serial += 1;
    if (there === undefined || kind === 'load') {
      const first = load(zone, soa, inside(marks));
      const all = [
        ...first.added,
        ...inside(added).filter((each) => each.type !== parseType('NS') || each.owner !== apex),
      ];
      this.#added.set(zone, all.slice(2));
      return { ...first, serial: this.#serial, added: all };
    }
    const change = { zone: apex, serial: this.#serial, removed: [], added: [], marks: [] };
    if (kind === 'drop') {
      this.#added.delete(zone);
      return { ...change, kind: 'drop' };
    }
    const removed = there.length === 0 ? [] : [...new Set(leaving.map((index) => there[index % there.length]!))];
    const coming = inside(added);
    this.#added.set(zone, [...there.filter((each) => !removed.includes(each)), ...coming]);
    return { ...change, kind: 'update', removed, added: coming, marks: inside(marks) };
  }
}

/** In small letters: compression gives names those of the question, which is another test's concern. */
function folded({ rcode, flags, ...sections }: ReturnType<typeof printReply> | ReferenceReply): unknown {
  const { answer, authority, additional } = sections;
  const fold = (lines: string[]): string[] => lines.map((line) => line.toLowerCase()).sort();
  return { rcode, flags, answer: fold(answer), authority: fold(authority), additional: fold(additional) };
}

describe('a responder under random changes', () => {
  it('answers as the reference does, from the cache or not', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const reference = new Reference();
        const cached = new DnsServer();
        // Here answers crowd each other out of the cache.
        const crowded = new DnsServer([], { cache: { answers: 16, octets: 4000 } });
        const uncached = new DnsServer([], { cache: { answers: 0, octets: 0 } });
        const servers = [cached, crowded, uncached];
        const history = new History();
        const asked: { qname: string; qtype: string }[] = [];
        for (const each of steps) {
          const change = history.change(each);
          reference.apply(change);
          const heldFor = servers.map((server) => server.apply(change));
          expect(heldFor).toEqual(servers.map(() => heldFor[0]));
          for (const server of servers) server.clock.milliseconds += 3000;
          asked.push(...each.questions);
          // All questions so far, again: their answers may have been kept.
          for (const { qname, qtype } of asked) {
            const expected = folded(reference.answer(parseName(qname), qtype));
            for (const server of servers) {
              expect(folded(printReply(server.ask(qname, qtype, { transport: 'tcp' }))), `${qname} ${qtype}`).toEqual(
                expected,
              );
            }
          }
        }
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 150) },
    );
  });
});
