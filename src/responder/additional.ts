/**
 * Where the addresses for the additional section are: those of the names that records point to (RFC 1034 section 4.3.2
 * step 6, RFC 2782, RFC 9460 section 4.1), and glue, the addresses of name servers at and below a zone cut (RFC 9471).
 */
import { RRType } from '../wire/codes.ts';
import type { FoldedName } from '../wire/folded-name.ts';
import { type Name, rootName } from '../wire/name.ts';
import type { Octets } from '../wire/octets.ts';
import { targetOf } from '../wire/rdata/layout.ts';
import { lookup } from '../zone/lookup.ts';
import type { Node } from '../zone/node.ts';
import type { StoredRRset } from '../zone/rrset.ts';
import type { Zone } from '../zone/zone.ts';

/** Types of which a client needs the addresses of the target next. */
const pointers = new Set<number>([
  RRType.NS,
  RRType.MX,
  RRType.AFSDB,
  RRType.RT,
  RRType.SRV,
  RRType.KX,
  RRType.SVCB,
  RRType.HTTPS,
]);

/** True for types whose records have a target with addresses. */
export function pointsToAddresses(type: number): boolean {
  return pointers.has(type);
}

/** The name whose addresses a record of `owner` makes a client look for; null where it says that there is none. */
export function addressedName(owner: Name, type: number, rdata: Octets): Name | null {
  const target = targetOf(type, rdata);
  if (target !== rootName) return target;
  // RFC 9460 section 2.5: `.` is the owner, but in AliasMode; elsewhere (RFC 2782, RFC 7505) there is no service.
  const isService = (type === RRType.SVCB || type === RRType.HTTPS) && !rdata.startsWith('\0\0');
  return isService ? owner : null;
}

/** The node that `zone` answers `name` from, found as such before; null where it has to be looked for. */
export function linkedNode(zone: Zone, rrset: StoredRRset, index: number): Node | null {
  const node = rrset.link(index);
  return node !== null && zone.isPlain(node) ? node : null;
}

export interface Addresses {
  /** The node whose A and AAAA records they are; null without. */
  readonly node: Node | null;
  /** True when the node is that of the name, and not of a wildcard. */
  readonly isOwn: boolean;
  /** False when a name that may come into being, without a change to `node`, would change them. */
  readonly steady: boolean;
}

/**
 * The addresses that `zone` has for a name. Those of other zones, though they be ours, are theirs to give: the client
 * would take them for hearsay of this one (RFC 2181 section 5.4.1).
 */
export function findAddresses(zone: Zone, name: FoldedName): Addresses {
  if (!zone.contains(name)) return nothing;
  const found = lookup(zone, name, RRType.A);
  switch (found.outcome) {
    case 'answer':
    case 'nodata':
    case 'cname':
      return { node: found.node, isOwn: !found.synthesised, steady: !found.synthesised };
    case 'delegation':
    case 'dname':
      return nothing;
    case 'nxdomain':
      return { node: null, isOwn: false, steady: false };
  }
}

/** The node with the addresses of a name server: also those that `zone` has as glue only. Null without. */
export function findServerAddresses(zone: Zone, name: FoldedName): Node | null {
  return findAddresses(zone, name).node ?? zone.node(name);
}

const nothing: Addresses = { node: null, isOwn: false, steady: true };
