/**
 * Makes the answer of a reply: the outcome of the lookup, and where that is an alias, the outcome of the next, through
 * CNAME and DNAME records and across all our zones (RFC 1034 section 4.3.2, RFC 6672 section 3.2).
 */
import { ExtendedError, RRType, Rcode } from '../wire/codes.ts';
import type { ExtendedErrorOption } from '../wire/edns.ts';
import { FoldedName } from '../wire/folded-name.ts';
import { type Name, foldName, isAtOrBelow, maxNameLength } from '../wire/name.ts';
import { type Lookup, lookup } from '../zone/lookup.ts';
import { StoredRRset } from '../zone/rrset.ts';
import type { Zone } from '../zone/zone.ts';
import type { Zones } from '../zone/zones.ts';
import { putNegative } from './negative.ts';
import { type PlacedRRset, type Reply, emptyReply, place } from './reply.ts';

/** Aliases that are followed for one question; the client asks on from there. */
const maxAliases = 16;
/** The alias that is followed at the moment. */
const alias = new FoldedName();

const staleness = 'the registry is out of reach: this is what was known last';
// RFC 8914 sections 4.4 and 4.20.
const staleAnswer: ExtendedErrorOption = { infoCode: ExtendedError.StaleAnswer, text: staleness };
const staleDenial: ExtendedErrorOption = { infoCode: ExtendedError.StaleNxdomainAnswer, text: staleness };

/** What all zones together say of a name and a type; `first` is the zone that has the name, null where none does. */
export function answer(zones: Zones, first: Zone | null, question: FoldedName, type: number): Reply {
  const reply = emptyReply();
  // Null while it is the name of the question.
  let owner: Name | null = null;
  let name = question;
  let seen: Name[] | null = null;
  for (let zone = first; ; zone = zones.find(name, type)) {
    if (zone === null) return owner === null ? refuseForeign(reply) : reply;
    reply.zone = zone;
    const found = lookup(zone, name, type);
    // RFC 1034 section 4.1.1: AA is about the first owner name of the answer section.
    if (owner === null) reply.authoritative = found.outcome !== 'delegation';
    const target = put(reply, zone, owner, name, type, found);
    if (target === null) return reply;
    (seen ??= []).push(name.name());
    name = alias.take(target);
    // In a loop, what has been said is all there is to say.
    if (seen.length > maxAliases || seen.includes(name.name())) return reply;
    owner = target;
  }
}

/**
 * Puts what was found for `name` into the reply; `owner` is that name in the letters of the alias to it, null for the
 * name of the question. Returns the name to go on with, null at the end.
 */
function put(
  reply: Reply,
  zone: Zone,
  owner: Name | null,
  name: FoldedName,
  type: number,
  found: Lookup,
): Name | null {
  const mark = found.node?.mark ?? null;
  if (mark?.extendedError !== undefined) reply.extendedError = mark.extendedError;
  if (zone.stale) reply.extendedError = found.outcome === 'nxdomain' ? staleDenial : staleAnswer;
  switch (found.outcome) {
    case 'answer':
      putFound(reply, owner, name, found);
      return null;
    case 'cname':
      putFound(reply, owner, name, found);
      return found.rrset.rdata(0);
    case 'dname':
      return putDname(reply, owner ?? name.name(), type, found);
    case 'delegation':
      reply.steady = false;
      reply.referral = { zone, cut: found.node, servers: found.rrset };
      return null;
    case 'nodata':
      putNegative(reply, zone);
      return null;
    case 'nxdomain':
      // RFC 6604 section 3: the rcode is that of the last name of the chain.
      reply.rcode = Rcode.NXDOMAIN;
      putNegative(reply, zone);
      return null;
  }
}

type Found = Extract<Lookup, { outcome: 'answer' | 'cname' }>;

function putFound(reply: Reply, owner: Name | null, name: FoldedName, { node, rrset, synthesised }: Found): void {
  // Names made from a wildcard are without number. The serial in an SOA record moves with every change of its zone.
  if (synthesised || rrset.type === RRType.SOA) reply.steady = false;
  place(reply, { owner: owner ?? (synthesised ? name.name() : node.name), rrset, ttl: rrset.ttl, node });
}

type Redirection = Extract<Lookup, { outcome: 'dname' }>;

/** RFC 6672 section 3.1: the DNAME record, and a CNAME record made from it for those who only know that. */
function putDname(reply: Reply, name: Name, type: number, { node, rrset }: Redirection): Name | null {
  const owner = node.name;
  reply.steady = false;
  if (!reply.answer.some((placed) => placed.rrset === rrset)) place(reply, { owner, rrset, ttl: rrset.ttl, node });
  const target = (name.slice(0, name.length - owner.length) + rrset.rdata(0)) as Name;
  if (target.length > maxNameLength) {
    reply.rcode = Rcode.YXDOMAIN;
    return null;
  }
  place(reply, cname(name, rrset.ttl, target));
  // A DNAME into its own descendants goes on without end: said once, all is said.
  if (isAtOrBelow(foldName(rrset.rdata(0)), owner)) return null;
  // The CNAME record is what these types ask for.
  return type === RRType.CNAME || type === RRType.ANY ? null : target;
}

function cname(owner: Name, ttl: number, target: Name): PlacedRRset {
  return { owner, rrset: new StoredRRset(RRType.CNAME, ttl, target), ttl, node: null };
}

function refuseForeign(reply: Reply): Reply {
  reply.rcode = Rcode.REFUSED;
  reply.steady = false;
  reply.extendedError = { infoCode: ExtendedError.NotAuthoritative, text: '' };
  return reply;
}
