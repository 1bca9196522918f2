/** A zone: a tree of nodes below an apex, changed only by ZoneChanges, each of which is seen whole or not at all. */
import { RRType } from '../wire/codes.ts';
import { FoldedName } from '../wire/folded-name.ts';
import { type Name, foldName, isAtOrBelow, printName } from '../wire/name.ts';
import { type Octets, copyOctets } from '../wire/octets.ts';
import type { RRset } from '../wire/record.ts';
import type { NameMark, ZoneChange } from './change.ts';
import { CompiledRRsets } from './compiled.ts';
import { Departed } from './departed.ts';
import { type Named, NameTable } from './name-table.ts';
import { Node } from './node.ts';
import { StoredRRset } from './rrset.ts';

/** What a change did, beyond what it says of itself. */
export interface ZoneEffect {
  /** Seconds for which a resolver may still hold an answer with what was removed; 0 when none was given. */
  readonly heldFor: number;
  /**
   * True when a zone cut or a DNAME came or went, or the zone became stale or ceased to be: names that the change does
   * not mention are answered in another way.
   */
  readonly recut: boolean;
}

export class Zone implements Named {
  /** Folded. */
  readonly apex: Name;
  /** Labels of the apex. */
  readonly depth: number;
  readonly top: Node;
  /** Zone cuts and DNAME records: places where names below are answered in another way. */
  cuts = 0;
  /** SOA serial, 0 to 2^32-1. */
  serial: number;
  /** True while its records may be out of date. */
  stale: boolean;
  readonly #nodes = new NameTable<Node>();
  readonly compiled = new CompiledRRsets(this);
  readonly #foldedApex: FoldedName;
  readonly #departed: Departed;

  /** Builds the zone of a `load`. `replaced` is the zone that it takes the place of. */
  constructor(load: ZoneChange, replaced: Zone | null) {
    mustBeInside(load);
    this.apex = load.zone;
    this.#departed = new Departed(replaced?.heldUntil() ?? 0);
    this.top = this.#newNode(this.apex, null);
    this.#foldedApex = FoldedName.of(this.apex);
    this.depth = this.#foldedApex.labels;
    this.#nodes.add(this.#foldedApex, 0, this.top);
    this.serial = load.serial;
    this.stale = load.stale ?? false;
    for (const rrset of load.added) this.#add(rrset);
    for (const mark of load.marks) this.#mark(mark);
  }

  isAt(name: FoldedName, label: number): boolean {
    return name.ends(this.#foldedApex, label);
  }

  /** The SOA rrset; null in a zone that can give no negative answers. */
  get soa(): StoredRRset | null {
    return this.top.rrset(RRType.SOA);
  }

  /**
   * Applies an `update` at `now`, in seconds of the responder's clock. Throws, before anything changes, when an owner
   * lies outside.
   */
  update(change: ZoneChange, now: number): ZoneEffect {
    mustBeInside(change);
    let heldUntil = 0;
    const stale = change.stale ?? false;
    let recut = stale !== this.stale;
    this.stale = stale;
    for (const rrset of change.removed) {
      heldUntil = Math.max(heldUntil, this.#remove(rrset));
      recut ||= cutsBelow(rrset.type);
    }
    for (const rrset of change.added) {
      this.#add(rrset);
      recut ||= cutsBelow(rrset.type);
    }
    for (const mark of change.marks) heldUntil = Math.max(heldUntil, this.#mark(mark));
    // Only now: a node that loses its last record and gets another keeps what it knows of resolvers.
    for (const { owner } of change.removed) this.#prune(owner, now);
    for (const { owner } of change.marks) this.#prune(owner, now);
    this.#moveSerial(change.serial);
    return { heldFor: Math.max(0, heldUntil - now), recut };
  }

  /** True when the name is the apex or below it, though perhaps in a zone of its own there. */
  contains(name: FoldedName): boolean {
    return name.labels >= this.depth && this.#nodes.find(name, name.labels - this.depth) === this.top;
  }

  /** The node of the name that begins with label `label` of `name`, zone cuts or not; null when the tree has none. */
  node(name: FoldedName, label = 0): Node | null {
    return this.#nodes.find(name, label);
  }

  /** True when a name is answered from `node` itself: it is in the tree, nothing above sends elsewhere, and it exists. */
  isPlain(node: Node): boolean {
    const isInTree = node.parent !== null || node === this.top;
    return isInTree && this.cuts === 0 && node.exists && node.mark?.existence !== 'denied';
  }

  /** Until when a resolver may hold any answer of this zone, in seconds of the responder's clock. */
  heldUntil(): number {
    let latest = this.#departed.latest();
    for (const node of this.#nodes.values()) {
      node.discardDerived();
      this.compiled.discard(node);
      latest = Math.max(latest, node.heldUntil);
    }
    return latest;
  }

  #add({ owner, type, ttl, rdata }: RRset): void {
    // Without records only the TTL of what is there changes.
    const node = rdata.length > 0 ? this.#reach(owner) : this.#find(owner);
    if (node === null) return;
    const existed = node.exists;
    this.#touch(node);
    let rrset = node.rrset(type);
    for (const each of rdata) {
      const stored = type === RRType.SOA ? withSerial(each, this.serial) : each;
      if (rrset === null) {
        rrset = new StoredRRset(type, ttl, stored);
        node.insert(rrset);
        if (this.#isCut(node, type)) this.cuts += 1;
      } else {
        rrset.add(stored);
      }
    }
    if (rrset !== null) rrset.ttl = ttl;
    if (node.exists !== existed) spreadExistence(node);
  }

  /** Returns until when an answer with records of the owner may be held. */
  #remove({ owner, type, rdata }: RRset): number {
    const node = this.#find(owner);
    const rrset = node?.rrset(type) ?? null;
    if (node === null || rrset === null) return 0;
    const existed = node.exists;
    this.#touch(node);
    for (const each of rdata) rrset.remove(type === RRType.SOA ? withSerial(each, this.serial) : each);
    if (rrset.size === 0) {
      node.unlink(rrset);
      if (this.#isCut(node, type)) this.cuts -= 1;
    }
    if (node.exists !== existed) spreadExistence(node);
    return node.heldUntil;
  }

  /** Returns until when an answer with records of the owner may be held. */
  #mark({ owner, mark }: NameMark): number {
    const node = this.#reach(owner);
    const existed = node.exists;
    this.#touch(node);
    node.mark = mark;
    if (node.exists !== existed) spreadExistence(node);
    return node.heldUntil;
  }

  /** Ends what was made from a node that is about to change. */
  #touch(node: Node): void {
    node.discardDerived();
    this.compiled.noteChange(node);
  }

  #isCut(node: Node, type: number): boolean {
    return cutsBelow(type) && !(type === RRType.NS && node === this.top);
  }

  #find(owner: Name): Node | null {
    return this.#nodes.find(scratch.take(owner), 0);
  }

  /** The node of `owner`; it and its ancestors are made where they are missing. */
  #reach(owner: Name): Node {
    const name = scratch.take(owner);
    let label = 0;
    let node = this.#nodes.find(name, label);
    while (node === null) node = this.#nodes.find(name, ++label);
    while (label > 0) node = this.#addChild(node, name, --label);
    return node;
  }

  #addChild(parent: Node, name: FoldedName, label: number): Node {
    const child = this.#newNode(name.name(label), parent);
    this.#nodes.add(name, label, child);
    parent.children += 1;
    if (child.name.startsWith(asterisk)) parent.asterisk = child;
    return child;
  }

  #newNode(name: Name, parent: Node | null): Node {
    const node = new Node(name, parent);
    node.heldUntil = this.#departed.comeBack(name);
    return node;
  }

  /** Takes the node of `owner` out of the tree, and its ancestors, as far as they are vacant. */
  #prune(owner: Name, now: number): void {
    let node = this.#find(owner);
    for (let label = 0; node !== null && node.vacant && node.parent !== null; label++) {
      const parent: Node = node.parent;
      this.#nodes.delete(scratch, label);
      this.#departed.leave(node.name, node.heldUntil, now);
      this.compiled.forget(node);
      node.parent = null;
      parent.children -= 1;
      if (parent.asterisk === node) parent.asterisk = null;
      node = parent;
    }
  }

  #moveSerial(serial: number): void {
    this.serial = serial;
    this.soa?.rewrite((rdata) => withSerial(rdata, serial));
  }
}

/** Brings `existingChildren` of the ancestors up to date after `node` began or ceased to exist. */
function spreadExistence(node: Node): void {
  const step = node.exists ? 1 : -1;
  for (let parent = node.parent; parent !== null; parent = parent.parent) {
    const existed = parent.exists;
    parent.existingChildren += step;
    if (parent.exists === existed) return;
    parent.discardDerived();
  }
}

/**
 * The rdata of an SOA record with another serial, which stands before the last four of its five numbers (RFC 1035
 * section 3.3.13).
 */
function withSerial(rdata: Octets, serial: number): Octets {
  const octets = String.fromCharCode(serial >>> 24, (serial >>> 16) & 0xff, (serial >>> 8) & 0xff, serial & 0xff);
  return copyOctets(`${rdata.slice(0, -20)}${octets}${rdata.slice(-16)}` as Octets);
}

function cutsBelow(type: number): boolean {
  return type === RRType.NS || type === RRType.DNAME;
}

function mustBeInside(change: ZoneChange): void {
  for (const list of [change.removed, change.added, change.marks]) {
    for (const { owner } of list) {
      if (!isAtOrBelow(foldName(owner), change.zone)) {
        throw new RangeError(`found owner ${printName(owner)}, wanted one in zone ${printName(change.zone)}`);
      }
    }
  }
}

/** For one name at a time. */
const scratch = new FoldedName();
/** How the name of a wildcard begins (RFC 4592 section 2.1.1). */
const asterisk = '\u0001*';
