/** A zone: a tree of nodes below an apex, changed only by ZoneChanges, each of which is seen whole or not at all. */
import { RRType } from '../wire/codes.ts';
import { type Name, foldName, isAtOrBelow, labelCount, labelsOf, printName } from '../wire/name.ts';
import { type Octets, copyOctets } from '../wire/octets.ts';
import type { RRset } from '../wire/record.ts';
import type { NameMark, ZoneChange } from './change.ts';
import { Children, Node } from './node.ts';
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

export class Zone {
  /** Folded. */
  readonly apex: Name;
  /** Labels of the apex. */
  readonly depth: number;
  readonly top = new Node();
  /** SOA serial, 0 to 2^32-1. */
  serial: number;
  /** True while its records may be out of date. */
  stale: boolean;
  /** A resolver may hold answers of an earlier load of this zone until then, in seconds of the responder's clock. */
  readonly #heldBefore: number;

  /** Builds the zone of a `load`. `replaced` is the zone that it takes the place of. */
  constructor(load: ZoneChange, replaced: Zone | null) {
    mustBeInside(load);
    this.apex = load.zone;
    this.depth = labelCount(load.zone);
    this.serial = load.serial;
    this.stale = load.stale ?? false;
    this.#heldBefore = replaced?.heldUntil() ?? 0;
    for (const rrset of load.added) this.#add(rrset);
    for (const mark of load.marks) this.#mark(mark);
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
    for (const { owner } of change.removed) this.#prune(owner);
    for (const { owner } of change.marks) this.#prune(owner);
    this.#moveSerial(change.serial);
    return { heldFor: Math.max(0, heldUntil - now), recut };
  }

  /** The node of a folded name at or below the apex, zone cuts or not; null when the tree has none. */
  node(name: Name): Node | null {
    return this.#walk(name)?.at(-1) ?? null;
  }

  /** Until when a resolver may hold any answer of this zone, in seconds of the responder's clock. */
  heldUntil(): number {
    let latest = this.#heldBefore;
    const nodes = [this.top];
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      node.discardDerived();
      latest = Math.max(latest, node.heldUntil);
      for (const child of node.children?.values() ?? []) nodes.push(child);
    }
    return latest;
  }

  #add({ owner, type, ttl, rdata }: RRset): void {
    // Without records only the TTL of what is there changes.
    const path = rdata.length > 0 ? this.#reach(owner) : this.#walk(foldName(owner));
    const node = path?.at(-1);
    if (path === null || node === undefined) return;
    const existed = node.exists;
    node.discardDerived();
    let rrset = node.rrset(type);
    for (const each of rdata) {
      const stored = type === RRType.SOA ? withSerial(each, this.serial) : each;
      if (rrset === null) node.rrsets = rrset = new StoredRRset(type, ttl, stored, node.rrsets);
      else rrset.add(stored);
    }
    if (rrset !== null) rrset.ttl = ttl;
    if (node.exists !== existed) spreadExistence(path);
  }

  /** Returns until when an answer with records of the owner may be held. */
  #remove({ owner, type, rdata }: RRset): number {
    const path = this.#walk(foldName(owner));
    const node = path?.at(-1);
    const rrset = node?.rrset(type) ?? null;
    if (path === null || node === undefined || rrset === null) return 0;
    const existed = node.exists;
    node.discardDerived();
    for (const each of rdata) rrset.remove(type === RRType.SOA ? withSerial(each, this.serial) : each);
    if (rrset.size === 0) node.unlink(rrset);
    if (node.exists !== existed) spreadExistence(path);
    return Math.max(this.#heldBefore, node.heldUntil);
  }

  /** Returns until when an answer with records of the owner may be held. */
  #mark({ owner, mark }: NameMark): number {
    const path = this.#reach(owner);
    const node = path.at(-1)!;
    const existed = node.exists;
    node.discardDerived();
    node.mark = mark;
    if (node.exists !== existed) spreadExistence(path);
    return Math.max(this.#heldBefore, node.heldUntil);
  }

  /** The nodes from the apex to the folded `name`; null when the last of them is not there. */
  #walk(name: Name): Node[] | null {
    const path = [this.top];
    for (const label of this.#labelsBelow(name)) {
      const child = path.at(-1)!.child(label);
      if (child === null) return null;
      path.push(child);
    }
    return path;
  }

  /** The nodes from the apex to `owner`, made where they are missing. */
  #reach(owner: Name): Node[] {
    let node = this.top;
    const path = [node];
    for (const label of this.#labelsBelow(foldName(owner))) {
      let child = node.child(label);
      if (child === null) {
        child = new Node();
        node.children ??= new Children();
        node.children.set(copyOctets(label), child);
      }
      path.push(child);
      node = child;
    }
    return path;
  }

  /** Takes the node of `owner` out of the tree, and its ancestors, as far as they are vacant. */
  #prune(owner: Name): void {
    const path = this.#walk(foldName(owner));
    if (path === null) return;
    const labels = this.#labelsBelow(foldName(owner));
    for (let depth = path.length - 1; depth > 0 && path[depth]!.vacant; depth--) {
      const parent = path[depth - 1]!;
      parent.children!.delete(labels[depth - 1]!);
      if (parent.children!.size === 0) parent.children = null;
    }
  }

  /** The labels between the apex and the folded `name`, from right to left. */
  #labelsBelow(name: Name): Octets[] {
    const labels = labelsOf(name);
    return labels.slice(0, labels.length - this.depth).reverse();
  }

  #moveSerial(serial: number): void {
    this.serial = serial;
    this.soa?.rewrite((rdata) => withSerial(rdata, serial));
  }
}

/** Brings `Children.existing` of the ancestors up to date after the last node of `path` began or ceased to exist. */
function spreadExistence(path: readonly Node[]): void {
  const step = path.at(-1)!.exists ? 1 : -1;
  for (let depth = path.length - 2; depth >= 0; depth--) {
    const parent = path[depth]!;
    const existed = parent.exists;
    parent.children!.existing += step;
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
