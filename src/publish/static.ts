/**
 * Records that no registration made: those of a zone file, and an apex without one. In a service zone they stand beside
 * the registered ones, and this file says how the two get along at one name.
 */
import { RRType } from '../wire/codes.ts';
import { foldName, type Name } from '../wire/name.ts';
import type { Octets } from '../wire/octets.ts';
import type { ResourceRecord, RRset } from '../wire/record.ts';
import type { Mark } from '../zone/change.ts';

/** By folded owner. */
export type StaticRecords = ReadonlyMap<Name, readonly RRset[]>;

export const noStatics: StaticRecords = new Map();

/** Groups records into rrsets; those of one owner and type share a TTL. */
export function staticRecords(records: Iterable<ResourceRecord>): StaticRecords {
  const byOwner = new Map<Name, (RRset & { readonly rdata: Octets[] })[]>();
  for (const { owner, type, ttl, rdata } of records) {
    const folded = foldName(owner);
    const rrsets = byOwner.get(folded);
    const rrset = rrsets?.find((each) => each.type === type);
    if (rrset !== undefined) rrset.rdata.push(rdata);
    else if (rrsets !== undefined) rrsets.push({ owner: folded, type, ttl, rdata: [rdata] });
    else byOwner.set(folded, [{ owner: folded, type, ttl, rdata: [rdata] }]);
  }
  return byOwner;
}

/** The owners at which two sets of records differ, in order too. */
export function* differingOwners(one: StaticRecords, other: StaticRecords): Generator<Name> {
  for (const [owner, rrsets] of one) if (!isSame(rrsets, other.get(owner) ?? [])) yield owner;
  for (const owner of other.keys()) if (!one.has(owner)) yield owner;
}

/** What one owner has of registered and static rrsets together. */
export function jointRRsets(owner: Name, registered: readonly RRset[], statics: StaticRecords): RRset[] {
  const all = [...(statics.get(owner) ?? []), ...(isWithheld(owner, statics) ? [] : registered)];
  return all.map((rrset) => ({
    ...rrset,
    ttl: Math.min(...all.filter(({ type }) => type === rrset.type).map(({ ttl }) => ttl)),
  }));
}

/**
 * A name with a CNAME can have nothing else (RFC 1034 section 3.6.2). An operator's zone file beats a registration:
 * what is registered at such a name is not published.
 */
export function isWithheld(owner: Name, statics: StaticRecords): boolean {
  return statics.get(owner)?.some(({ type }) => type === RRType.CNAME) ?? false;
}

/**
 * The TTL of an rrset of which one part is registered and another static, either may be absent (null): they share one
 * (RFC 2181 section 5.2).
 */
export function jointTtl(registered: number | null, owner: Name, type: number, statics: StaticRecords): number | null {
  const ttl = statics.get(owner)?.find((rrset) => rrset.type === type)?.ttl ?? null;
  if (registered === null || ttl === null) return registered ?? ttl;
  return Math.min(registered, ttl);
}

/** What is left of a mark beside static records: it cannot deny a name that has some. */
export function jointMark(mark: Mark | null, owner: Name, statics: StaticRecords): Mark | null {
  if (mark === null || !statics.has(owner)) return mark;
  if (isWithheld(owner, statics)) return null;
  return mark.existence === 'denied' ? { ...mark, existence: 'exists' } : mark;
}

function isSame(one: readonly RRset[], other: readonly RRset[]): boolean {
  return one.length === other.length && one.every((rrset, i) => isSameRRset(rrset, other[i]!));
}

function isSameRRset(one: RRset, other: RRset): boolean {
  if (one.type !== other.type || one.ttl !== other.ttl || one.rdata.length !== other.rdata.length) return false;
  return one.rdata.every((each, i) => each === other.rdata[i]);
}
