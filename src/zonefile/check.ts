/**
 * Whether records make a zone that can be served (RFC 1034 section 4.2.1, RFC 1035 section 5.2, RFC 2181, RFC 6672).
 * What named-checkzone refuses is an error, and so is data outside of the zone, which it would drop; what resolvers
 * only suffer from is a warning.
 */
import { printType, RRType } from '../wire/codes.ts';
import { foldName, type Name, printName, rootName } from '../wire/name.ts';
import { targetOf } from '../wire/rdata/layout.ts';
import type { ResourceRecord } from '../wire/record.ts';
import { type AddressLookup, type Node, ZoneContents } from './contents.ts';
import type { Position, Problem } from './error.ts';
import { Findings } from './findings.ts';
import type { ZoneRecord } from './parse.ts';

export interface CheckedZone {
  /** In the order they came in: each record once, with the TTL of its rrset. */
  readonly records: readonly ResourceRecord[];
  /** None: the zone can be served. */
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** Checks all records of the zone `apex`. What is missing altogether is reported at `start`. */
export function checkZone(records: readonly ZoneRecord[], apex: Name, start: Position): CheckedZone {
  const contents = new ZoneContents(apex);
  const findings = new Findings();
  const kept = records.filter((record) => admit(record, contents, findings));
  checkApex(contents, start, findings);
  for (const [owner, node] of contents.nodes) {
    checkCname(node, findings);
    checkWildcard(owner, node, findings);
    checkOcclusion(owner, node, contents, findings);
  }
  for (const record of kept) checkTarget(record, contents, findings);
  return { records: kept.map((record) => withTtlOfSet(record, contents)), ...findings.sorted() };
}

/** At most one record of these at a name (RFC 1034 sections 3.6.2 and 4.2.1, RFC 6672 section 2.4). */
const singletons = new Set<number>([RRType.SOA, RRType.CNAME, RRType.DNAME]);
/** These may stand beside a CNAME (RFC 4034 section 3, RFC 4035 section 2.5, RFC 3007 section 3.1). */
const besideCname = new Set<number>([RRType.CNAME, RRType.RRSIG, RRType.NSEC, RRType.SIG, RRType.NXT, RRType.KEY]);
/** What the parent's side of a zone cut has of its own, and glue. */
const atDelegation = new Set<number>([RRType.NS, RRType.DS, RRType.NSEC, RRType.RRSIG, RRType.A, RRType.AAAA]);
const glue = new Set<number>([RRType.A, RRType.AAAA]);

/** Puts a record into the zone; false: it is left out, being there already or having no place here. */
function admit(record: ZoneRecord, contents: ZoneContents, findings: Findings): boolean {
  const { type, ttl, position } = record;
  const apex = printName(contents.apex);
  if (!contents.isInZone(record.owner)) {
    findings.error(position, `found ${describe(record)}, wanted names in the zone ${apex} only`);
    return false;
  }
  if (type === RRType.SOA && foldName(record.owner) !== contents.apex) {
    findings.error(position, `found ${describe(record)}, wanted SOA at the apex ${apex} only`);
    return false;
  }
  const set = contents.add(record);
  if (set === null) {
    findings.warning(position, `${describe(record)} is here twice; the second is left out`);
    return false;
  }
  if (set.first === record) return true;
  if (singletons.has(type)) findings.error(position, `found a second ${describe(record)}, wanted one`);
  if (ttl !== set.first.ttl) {
    const counts = `the first of its set ${set.first.ttl}, which counts for all`;
    findings.warning(position, `${describe(record)} has TTL ${ttl}, but ${counts}`);
  }
  return true;
}

/** RFC 2181 section 5.2; named-checkzone settles it in the same way. */
function withTtlOfSet({ owner, type, ttl, rdata }: ZoneRecord, contents: ZoneContents): ResourceRecord {
  return { owner, type, ttl: contents.set(owner, type)?.first.ttl ?? ttl, rdata };
}

function checkApex(contents: ZoneContents, start: Position, findings: Findings): void {
  for (const [type, wanted] of [[RRType.SOA, 'one'], [RRType.NS, 'at least one']] as const) {
    if (contents.set(contents.apex, type) !== undefined) continue;
    findings.error(start, `found no ${printType(type)} at the apex ${printName(contents.apex)}, wanted ${wanted}`);
  }
}

function checkCname(node: Node, findings: Findings): void {
  if (!node.has(RRType.CNAME)) return;
  for (const [type, { first }] of node) {
    if (besideCname.has(type)) continue;
    // RFC 1034 section 3.6.2.
    findings.error(first.position, `found ${describe(first)} beside a CNAME, wanted one or the other`);
  }
}

function checkWildcard(owner: Name, node: Node, findings: Findings): void {
  const ns = owner.startsWith('\x01*') ? node.get(RRType.NS) : undefined;
  // RFC 4592 section 4.2 leaves open what it would mean.
  if (ns !== undefined) findings.error(ns.first.position, `found ${describe(ns.first)}, wanted no wildcard to own NS`);
}

/** Warns of data that no query finds, since a delegation or a DNAME (RFC 6672 section 2.4) comes before it. */
function checkOcclusion(owner: Name, node: Node, contents: ZoneContents, findings: Findings): void {
  const delegation = contents.delegationOf(owner);
  const redirection = contents.redirectionOf(owner);
  for (const [type, { first }] of node) {
    if (redirection !== null) {
      const above = `the DNAME of ${printName(redirection)}`;
      findings.warning(first.position, `${describe(first)} is below ${above} and will not be found`);
    } else if (delegation !== null && !(delegation === owner ? atDelegation : glue).has(type)) {
      const above = `${printName(delegation)}, which is delegated`;
      findings.warning(first.position, `${describe(first)} belongs to ${above}, and will not be found`);
    }
  }
}

/** What is wrong with a host that NS, MX or SRV name, by what a query for its addresses would meet. */
const hostProblems: Readonly<Partial<Record<AddressLookup, string>>> = {
  missing: 'has no address',
  cname: 'is a CNAME, which it must not be',
  dname: 'is below a DNAME, where it must not be',
};

/** RFC 2181 section 10.3, RFC 2782: targets have addresses and are no aliases. */
function checkTarget(record: ZoneRecord, contents: ZoneContents, findings: Findings): void {
  const { type, position } = record;
  if (type !== RRType.NS && type !== RRType.MX && type !== RRType.SRV) return;
  const target = targetOf(type, record.rdata)!;
  const owner = foldName(record.owner);
  // The root as target says that there is no such service (RFC 2782, RFC 7505).
  if (target === rootName || isOccluded(owner, contents)) return;
  const found = contents.findAddresses(target);
  const lacksGlue = type === RRType.NS && found === 'delegated';
  const problem = lacksGlue ? 'has no address here that could serve as glue' : hostProblems[found];
  if (problem === undefined) return;
  const message = `the target ${printName(target)} of ${describe(record)} ${problem}`;
  // Without addresses of the zone's own servers there is no way to it, so named-checkzone refuses it too.
  if (type === RRType.NS && owner === contents.apex && !lacksGlue) findings.error(position, message);
  else findings.warning(position, message);
}

function isOccluded(owner: Name, contents: ZoneContents): boolean {
  const delegation = contents.delegationOf(owner);
  return contents.redirectionOf(owner) !== null || (delegation !== null && delegation !== owner);
}

function describe({ type, owner }: ResourceRecord): string {
  return `${printType(type)} of ${printName(owner)}`;
}
