/**
 * A node of the tree of names that is a zone (RFC 1034 section 3.1). An empty non-terminal is a node without rrsets.
 */
import type { Octets } from '../wire/octets.ts';
import type { Mark } from './change.ts';
import type { StoredRRset } from './rrset.ts';

/** Something made from what nodes say, a cached answer, that ends when one of them changes. */
export interface Derived {
  /**
   * Called by a node before it changes; takes itself out of `derived` of all its nodes and brings their `heldUntil` up
   * to date.
   */
  discard(): void;
}

export class Node {
  /** A list through `StoredRRset.next`: nodes have few rrsets. */
  rrsets: StoredRRset | null = null;
  children: Children | null = null;
  mark: Mark | null = null;
  /**
   * Until when a resolver may hold an answer with records of this node, in seconds of the responder's clock; 0: no
   * answer was given.
   */
  heldUntil = 0;
  derived: Set<Derived> | null = null;

  /** RFC 8020 section 2: a name exists when it or a name below it has records; here also when it is said to exist. */
  get exists(): boolean {
    return (
      this.rrsets !== null ||
      this.mark?.existence === 'exists' ||
      (this.children !== null && this.children.existing > 0)
    );
  }

  /** True when nothing is lost with this node. */
  get vacant(): boolean {
    return this.rrsets === null && this.mark === null && this.children === null;
  }

  rrset(type: number): StoredRRset | null {
    for (let rrset = this.rrsets; rrset !== null; rrset = rrset.next) {
      if (rrset.type === type) return rrset;
    }
    return null;
  }

  child(label: Octets): Node | null {
    return this.children?.get(label) ?? null;
  }

  /** Takes `rrset` out of the list. */
  unlink(rrset: StoredRRset): void {
    if (this.rrsets === rrset) {
      this.rrsets = rrset.next;
      return;
    }
    for (let before = this.rrsets; before !== null; before = before.next) {
      if (before.next === rrset) before.next = rrset.next;
    }
  }

  /** Ends what was derived from this node. */
  discardDerived(): void {
    if (this.derived === null) return;
    for (const derived of [...this.derived]) derived.discard();
  }
}

/** Children by label, folded, without the length octet. */
export class Children extends Map<Octets, Node> {
  /** How many of them exist; the others only carry marks or lead to such. */
  existing = 0;
}
