/**
 * What a zone says of a name and a type: RFC 1034 section 4.3.2 step 3, with wildcards as RFC 4592 has them, DNAME
 * (RFC 6672) and empty non-terminals (RFC 8020). Looking up returns a value; others make a message of it.
 */
import { RRType } from '../wire/codes.ts';
import type { FoldedName } from '../wire/folded-name.ts';
import type { Node } from './node.ts';
import type { StoredRRset } from './rrset.ts';
import type { Zone } from './zone.ts';

/**
 * `node` is where the records stand; for a name made from a wildcard the node of `*`, and then `synthesised` is true.
 */
export type Lookup =
  /** The rrset that was asked for; for ANY the one rrset that stands for all (RFC 8482 section 4.1). */
  | { readonly outcome: 'answer'; readonly node: Node; readonly rrset: StoredRRset; readonly synthesised: boolean }
  /** The name is an alias, and another type was asked for. */
  | { readonly outcome: 'cname'; readonly node: Node; readonly rrset: StoredRRset; readonly synthesised: boolean }
  /** The node, an ancestor of the name, sends all names below it elsewhere. */
  | { readonly outcome: 'dname'; readonly node: Node; readonly rrset: StoredRRset }
  /** The name is at or below the node, a zone cut, and `rrset`, its NS records, says who has it. */
  | { readonly outcome: 'delegation'; readonly node: Node; readonly rrset: StoredRRset }
  /** The name exists and has no records of the type. */
  | { readonly outcome: 'nodata'; readonly node: Node; readonly synthesised: boolean }
  /** The name does not exist. `node` is there when it has a mark. */
  | { readonly outcome: 'nxdomain'; readonly node: Node | null };

/** Looks up `name`, which is at or below the apex of `zone`. */
export function lookup(zone: Zone, name: FoldedName, type: number): Lookup {
  let label = 0;
  let node = zone.node(name);
  // The apex is there, so this comes to an end.
  while (node === null) node = zone.node(name, ++label);
  const isBelow = label > 0;
  const isDenied = !isBelow && node.mark?.existence === 'denied';
  if (zone.cuts > 0) {
    const elsewhere = leave(zone, isDenied ? node.parent : node, isBelow || isDenied, type);
    if (elsewhere !== null) return elsewhere;
  }
  if (isDenied) return { outcome: 'nxdomain', node };
  if (isBelow) return matchAsterisk(zone, node, type);
  return node.exists ? matchType(node, type, false) : matchAsterisk(zone, node, type);
}

/**
 * What happens where the highest zone cut or DNAME on the way from the apex to `node` sends a name elsewhere that lies
 * below `node`, or is it; null where there is none.
 */
function leave(zone: Zone, node: Node | null, isBelow: boolean, type: number): Lookup | null {
  let highest: Lookup | null = null;
  for (let each = node; each !== null; each = each.parent) {
    highest = leaveAt(zone, each, isBelow || each !== node, type) ?? highest;
  }
  return highest;
}

function leaveAt(zone: Zone, node: Node, isBelow: boolean, type: number): Lookup | null {
  // RFC 1034 4.3.2 step 3b: what lies below a cut is not ours, whatever the tree holds there. RFC 4035 section 3.1.4.1:
  // DS is the one type that the parent has at a cut.
  const cut = node === zone.top || (!isBelow && type === RRType.DS) ? null : node.rrset(RRType.NS);
  if (cut !== null) return { outcome: 'delegation', node, rrset: cut };
  // RFC 6672 section 2.3: a DNAME hides all that is below it, and nothing of its own node.
  const dname = isBelow ? node.rrset(RRType.DNAME) : null;
  return dname === null ? null : { outcome: 'dname', node, rrset: dname };
}

/**
 * RFC 4592 section 3.3.1: the source of synthesis is `*` below the closest encloser and nowhere else. `lowest` is the
 * lowest node on the way to the name.
 */
function matchAsterisk(zone: Zone, lowest: Node, type: number): Lookup {
  let closestEncloser = lowest;
  while (!closestEncloser.exists && closestEncloser !== zone.top) closestEncloser = closestEncloser.parent!;
  const source = closestEncloser.asterisk;
  return source?.exists ? matchType(source, type, true) : { outcome: 'nxdomain', node: null };
}

/**
 * RFC 1034 4.3.2 step 3a, at a node that exists. For ANY its first rrset: always the same one, and an address where there
 * is one.
 */
function matchType(node: Node, type: number, synthesised: boolean): Lookup {
  const rrset = type === RRType.ANY ? node.rrsets : node.rrset(type);
  if (rrset !== null) return { outcome: 'answer', node, rrset, synthesised };
  const cname = node.rrset(RRType.CNAME);
  if (cname !== null) return { outcome: 'cname', node, rrset: cname, synthesised };
  return { outcome: 'nodata', node, synthesised };
}
