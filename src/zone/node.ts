/**
 * A node of the tree of names that is a zone (RFC 1034 section 3.1). An empty non-terminal is a node without rrsets.
 */
import type { FoldedName } from '../wire/folded-name.ts';
import type { Name } from '../wire/name.ts';
import type { Mark } from './change.ts';
import type { Named } from './name-table.ts';
import type { StoredRRset } from './rrset.ts';

/** Something made from what nodes say, a cached answer, that ends when one of them changes. */
export interface Derived {
  /**
   * Called by a node before it changes; takes itself out of `derived` of all its nodes and brings their `heldUntil` up
   * to date.
   */
  discard(): void;
}

export class Node implements Named {
  readonly name: Name;
  /** Null at the apex, and of a node that has left the tree. */
  parent: Node | null;
  /** A list through `StoredRRset.next`, in the order of types: nodes have few rrsets. */
  rrsets: StoredRRset | null = null;
  mark: Mark | null = null;
  /** The number of the last additional section that it was put into. */
  addedTo = 0;
  /**
   * Until when a resolver may hold an answer with records of this node, in seconds of the responder's clock; 0: no
   * answer was given.
   */
  heldUntil = 0;
  // What queries seldom look at comes last, so that the rest comes from memory with one or two fetches.
  derived: Set<Derived> | null = null;
  /** How many of the children exist; the others only carry marks or lead to such. */
  existingChildren = 0;
  children = 0;
  /** The child `*`. */
  asterisk: Node | null = null;

  constructor(name: Name, parent: Node | null) {
    this.name = name;
    this.parent = parent;
  }

  isAt(name: FoldedName, label: number): boolean {
    return name.equals(this.name, label);
  }

  /** RFC 8020 section 2: a name exists when it or a name below it has records; here also when it is said to exist. */
  get exists(): boolean {
    return this.rrsets !== null || this.existingChildren > 0 || this.mark?.existence === 'exists';
  }

  /** True when nothing is lost with this node. */
  get vacant(): boolean {
    return this.rrsets === null && this.mark === null && this.children === 0;
  }

  rrset(type: number): StoredRRset | null {
    let rrset = this.rrsets;
    while (rrset !== null && rrset.type < type) rrset = rrset.next;
    return rrset !== null && rrset.type === type ? rrset : null;
  }

  /** Puts an rrset of a type that the node does not have into the list. */
  insert(rrset: StoredRRset): void {
    if (this.rrsets === null || rrset.type < this.rrsets.type) {
      rrset.next = this.rrsets;
      this.rrsets = rrset;
      return;
    }
    let before = this.rrsets;
    while (before.next !== null && before.next.type < rrset.type) before = before.next;
    rrset.next = before.next;
    before.next = rrset;
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
