/**
 * Cases of the Ferret dataset (SCALE, NSDI 2022): a zone, a question, and what four mature servers answer. The dataset is not
 * part of the project: SIGNPOST_FERRET names its file, one JSON object a line, plain or as .xz.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DnsServer, load, normalise, printReply } from '../support/dns.ts';

/** Which servers (b, n, k, p), rcode, flags, answer, authority, additional. */
type Group = readonly [string, string, string, readonly string[], readonly string[], readonly string[]];

interface FerretCase {
  readonly i: number;
  readonly z: string;
  readonly q: readonly [qname: string, qtype: string];
  readonly e: readonly Group[];
}

const file = process.env['SIGNPOST_FERRET'];

it('answers the Ferret cases like BIND, NSD or Knot, and like all three where they agree', () => {
  if (file === undefined) {
    console.warn('passed over, SIGNPOST_FERRET names no file');
    return;
  }
  const text = file.endsWith('.xz') ? execFileSync('xz', ['-dc', file], { maxBuffer: 2 ** 28 }).toString() : readFileSync(file, 'utf8');
  const cases = text.trim().split('\n').map((line) => JSON.parse(line) as FerretCase);
  const wrong = cases.flatMap((each) => {
    const problem = problemOf(each);
    return problem === null ? [] : [`case ${each.i}, ${each.q.join(' ')}: ${problem}\n${each.z}`];
  });
  console.log(`${cases.length} cases, ${wrong.length} wrong`);
  expect(wrong.join('\n\n')).toBe('');
}, 120_000);

function problemOf({ z: zone, q: [qname, qtype], e: groups }: FerretCase): string | null {
  const apex = zone.split('\n').find((line) => line.includes(' SOA '))!.split(' ')[0]!;
  const server = new DnsServer([{ ...load(apex, zone), serial: 3 }]);
  const ask = () => printReply(server.ask(qname, qtype, { edns: {}, transport: 'tcp' }));
  const found = ask();
  // The second time it may come from the cache.
  expect(ask()).toEqual(found);
  const inZone = new Set(normalise(zone.split('\n')));
  const foreign = found.additional.filter((line) => !inZone.has(line));
  if (foreign.length > 0) return `found ${foreign.join(', ')} in additional, which the zone does not have`;
  const agreed = groups.filter(([servers]) => ['b', 'n', 'k'].every((server) => servers.includes(server)));
  const acceptable = agreed.length > 0 ? agreed : groups;
  const missing = inDomainGlue(found, inZone).filter((line) => !found.additional.includes(line));
  if (missing.length > 0) return `in-domain glue ${missing.join(', ')} is missing`;
  if (acceptable.some((group) => isSame(found, group))) return null;
  // In a loop any consistent part of the chain is right.
  const isLoop = found.answer.some((line) => / (CNAME|DNAME) /.test(line));
  if (isLoop && groups.some((group) => group[3].some((line) => normalise([line]).every((each) => found.answer.includes(each))))) return null;
  return `found ${JSON.stringify(found)}, wanted ${JSON.stringify(acceptable)}`;
}

type Printed = ReturnType<typeof printReply>;

function isSame(found: Printed, [, rcode, flags, answer, authority]: Group): boolean {
  if (rcode !== found.rcode || flags.includes('AA') !== found.flags.includes('AA')) return false;
  if (normalise(answer).join() !== found.answer.join()) return false;
  return answer.length > 0 || normalise(authority).join() === found.authority.join();
}

/** Addresses in the zone of name servers at and below the cut of a referral (RFC 9471). */
function inDomainGlue({ answer, authority }: Printed, inZone: ReadonlySet<string>): string[] {
  if (answer.length > 0) return [];
  return authority.filter((line) => line.includes(' NS ')).flatMap((line) => {
    const [cut, server] = [line.split(' ')[0]!, line.split(' ').at(-1)!];
    if (!`.${server}`.endsWith(`.${cut}`)) return [];
    return [...inZone].filter((each) => each.startsWith(`${server} `) && / (A|AAAA) /.test(each));
  });
}
