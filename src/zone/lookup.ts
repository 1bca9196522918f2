/**
 * What a zone says of a name and a type: RFC 1034 section 4.3.2 step 3, with wildcards as RFC 4592 has them, DNAME
 * (RFC 6672) and empty non-terminals (RFC 8020). Looking up returns a value; others make a message of it.
 */
import { RRType } from '../wire/codes.ts';
import { type Name, labelsOf, parentOf } from '../wire/name.ts';
import type { Octets } from '../wire/octets.ts';
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
  /** `owner`, an ancestor of the name, sends all names below it elsewhere. */
  | { readonly outcome: 'dname'; readonly node: Node; readonly rrset: StoredRRset; readonly owner: Name }
  /** The name is at or below `cut`, and `rrset`, its NS records, says who has it. */
  | { readonly outcome: 'delegation'; readonly node: Node; readonly rrset: StoredRRset; readonly cut: Name }
  /** The name exists and has no records of the type. */
  | { readonly outcome: 'nodata'; readonly node: Node; readonly synthesised: boolean }
  /** The name does not exist. `node` is there when it has a mark. */
  | { readonly outcome: 'nxdomain'; readonly node: Node | null };

/**
 * Looks up the folded `name`, which is at or below the apex of `zone`. `labels` are those of the name, for callers that
 * have them.
 */
export function lookup(zone: Zone, name: Name, type: number, labels: readonly Octets[] = labelsOf(name)): Lookup {
  let node = zone.top;
  let closestEncloser = node;
  for (let unmatched = labels.length - zone.depth; unmatched > 0; unmatched--) {
    const elsewhere = leaveBelow(zone, node, name, unmatched);
    if (elsewhere !== null) return elsewhere;
    const child = node.child(labels[unmatched - 1]!);
    if (child === null) return matchAsterisk(closestEncloser, type);
    node = child;
    if (node.exists) closestEncloser = node;
  }
  if (node.mark?.existence === 'denied') return { outcome: 'nxdomain', node };
  if (!node.exists) return matchAsterisk(closestEncloser, type);
  return leaveAt(zone, node, name, type) ?? matchType(node, type, false);
}

/** What happens at `node` to names below it; null when the search goes on. */
function leaveBelow(zone: Zone, node: Node, name: Name, unmatched: number): Lookup | null {
  // RFC 1034 4.3.2 step 3b: what lies below a cut is not ours, whatever the tree holds there.
  const cut = node === zone.top ? null : node.rrset(RRType.NS);
  if (cut !== null) return { outcome: 'delegation', node, rrset: cut, cut: ancestor(name, unmatched) };
  // RFC 6672 section 2.3: a DNAME hides all that is below it, and nothing of its own node.
  const dname = node.rrset(RRType.DNAME);
  if (dname !== null) return { outcome: 'dname', node, rrset: dname, owner: ancestor(name, unmatched) };
  return null;
}

/** The delegation, if the node of `name` itself is a zone cut. */
function leaveAt(zone: Zone, node: Node, name: Name, type: number): Lookup | null {
  // RFC 4035 section 3.1.4.1: DS is the one type that the parent has at a cut.
  if (node === zone.top || type === RRType.DS) return null;
  const cut = node.rrset(RRType.NS);
  return cut === null ? null : { outcome: 'delegation', node, rrset: cut, cut: name };
}

/** RFC 4592 section 3.3.1: the source of synthesis is `*` below the closest encloser and nowhere else. */
function matchAsterisk(closestEncloser: Node, type: number): Lookup {
  const source = closestEncloser.child(asterisk);
  return source?.exists ? matchType(source, type, true) : { outcome: 'nxdomain', node: null };
}

/** RFC 1034 4.3.2 step 3a, at a node that exists. */
function matchType(node: Node, type: number, synthesised: boolean): Lookup {
  const rrset = type === RRType.ANY ? representative(node) : node.rrset(type);
  if (rrset !== null) return { outcome: 'answer', node, rrset, synthesised };
  const cname = node.rrset(RRType.CNAME);
  if (cname !== null) return { outcome: 'cname', node, rrset: cname, synthesised };
  return { outcome: 'nodata', node, synthesised };
}

/** The rrset of the lowest type number: always the same one, and an address where there is one. */
function representative(node: Node): StoredRRset | null {
  let lowest = node.rrsets;
  for (let rrset = lowest; rrset !== null; rrset = rrset.next) {
    if (rrset.type < lowest!.type) lowest = rrset;
  }
  return lowest;
}

/** `name` without its first `count` labels. */
function ancestor(name: Name, count: number): Name {
  let rest = name;
  for (let i = 0; i < count; i++) rest = parentOf(rest);
  return rest;
}

const asterisk = '*' as Octets;
