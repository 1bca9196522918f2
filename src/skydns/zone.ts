/**
 * SkydnsZone: the entries of one zone as a tree of names, and the records that they make. A changed key touches the
 * names from its own up to the apex: where few entries count, the records of the name are made anew; where many do, only
 * what the key itself gives comes or goes.
 */
import { type Difference, ZoneDelta } from '../publish/delta.ts';
import type { Rdata } from '../publish/rdata.ts';
import { noStatics } from '../publish/static.ts';
import type { ExternalRecords } from '../publish/zone.ts';
import { childOf, isAtOrBelow, labelsOf, type Name, parseName } from '../wire/name.ts';
import type { Octets } from '../wire/octets.ts';
import type { RRset } from '../wire/record.ts';
import { type Entry, isAlias, stripped } from './entry.ts';
import { Census, Node } from './node.ts';
import { aliasAt, isAddress, rrsetsAt, type ZonePlan } from './records.ts';

export interface KeyChange {
  readonly key: Octets;
  /** Null: the key is no more, or says nothing that could be served. */
  readonly after: Entry | null;
}

export class SkydnsZone implements ExternalRecords, ZonePlan {
  readonly top: Node;
  readonly nameServers: Node;
  readonly isReverse: boolean;
  readonly addresses: readonly string[];
  readonly #entries = new Map<Octets, Entry>();
  /** Up to so many entries are looked at when one of them changes. */
  readonly #mostLookedAt: number;
  /** `dns.ZONE` and `apex.dns.ZONE`. */
  readonly #special: Name;
  readonly #apexAddresses: Name;

  /** `apex` is folded; `addresses` in canonical text are this server's. Throws PresentationError where apex is too long. */
  constructor(apex: Name, addresses: readonly string[], mostLookedAt = 64) {
    this.top = new Node(apex, null);
    this.isReverse = reverseRoots.some((root) => isAtOrBelow(apex, root));
    this.addresses = addresses;
    this.#mostLookedAt = this.isReverse ? Infinity : mostLookedAt;
    this.#special = childOf('dns', apex);
    this.#apexAddresses = childOf('apex', this.#special);
    this.nameServers = this.#made(childOf('ns', this.#special));
  }

  get apex(): Name {
    return this.top.owner;
  }

  get apexAddresses(): Node | null {
    return this.#node(this.#apexAddresses);
  }

  get size(): number {
    return this.#entries.size;
  }

  get keys(): Iterable<Octets> {
    return this.#entries.keys();
  }

  entryOf(key: Octets): Entry | null {
    return this.#entries.get(key) ?? null;
  }

  /** Takes in what became of keys, without a word of what differs. The names of their entries must be in the zone. */
  load(changes: Iterable<KeyChange>): void {
    for (const { key, after } of changes) this.#replace(key, this.entryOf(key), after, () => undefined);
  }

  /** Takes in what became of keys; returns what differs. The names of their entries must be in the zone. */
  apply(changes: Iterable<KeyChange>): Difference {
    const delta = new ZoneDelta();
    /** What names had before, whose records are made anew. */
    const remade = new Map<Node, readonly RRset[]>();
    for (const { key, after } of changes) {
      const before = this.entryOf(key);
      if (before === null && after === null) continue;
      this.#remake((before ?? after)!.name, after, remade);
      this.#replace(key, before, after, (node, by, { type, rdata }, oldTtl, newTtl) => {
        if (!remade.has(node)) delta.move(node.owner, type, rdata, by, oldTtl, newTtl);
      });
    }
    for (const [node, rrsets] of remade) {
      for (const rrset of rrsets) delta.remove(rrset);
      for (const rrset of rrsetsAt(node, this)) delta.add(rrset);
    }
    for (const node of remade.keys()) this.#prune(node);
    return delta.beside(noStatics);
  }

  /** The entries that should make the name that they stand for an alias, and cannot, as that has something else too. */
  withheld(entries: readonly Entry[]): readonly Entry[] {
    if (this.isReverse) return [];
    /** Names are asked once each: many keys may stand for one. */
    const withholding = new Map<Node, boolean>();
    return entries.filter(isAlias).filter(({ name, targetstrip }) => {
      const node = this.#node(stripped(name, targetstrip));
      if (node === null) return false;
      if (!withholding.has(node)) withholding.set(node, aliasAt(node, this) === null);
      return withholding.get(node)!;
    });
  }

  *rrsets(): Generator<RRset> {
    for (const node of nodesOf(this.top)) yield* rrsetsAt(node, this);
  }

  rrsetsAt(owner: Name): readonly RRset[] {
    const node = this.#node(owner);
    return node === null ? [] : rrsetsAt(node, this);
  }

  ownerAtOrBelow(name: Name): Name | null {
    const node = this.#node(name);
    if (node === null) return null;
    for (const each of nodesOf(node)) if (rrsetsAt(each, this).length > 0) return each.owner;
    return null;
  }

  /** Notes what those names on the way to the apex have whose records do not follow from `after` alone. */
  #remake(name: Name, after: Entry | null, remade: Map<Node, readonly RRset[]>): void {
    // What is below it touches the apex by more than what it counts for.
    const isSpecial = isAtOrBelow(name, this.#special);
    for (let node: Node | null = this.#made(name); node !== null; node = node.parent) {
      if (remade.has(node) || (isCounted(node, after) && !(isSpecial && node === this.top))) continue;
      remade.set(node, rrsetsAt(node, this));
    }
  }

  /** Puts `after` in the place of `before`; tells of every record that comes or leaves at a name with a census. */
  #replace(key: Octets, before: Entry | null, after: Entry | null, moved: Moved): void {
    const entry = before ?? after;
    if (entry === null) return;
    const own = this.#made(entry.name);
    own.replace(before, after);
    if (after === null) this.#entries.delete(key);
    else this.#entries.set(key, after);
    const hasOwnAddresses = this.apexAddresses?.hasEntries === true;
    for (let node = entry.isBelow ? own : own.parent; node !== null; node = node.parent) {
      const at = node;
      const tell = (by: 1 | -1): Parameters<Census['count']>[2] => (record, oldTtl, newTtl) => {
        if (at !== this.top || !hasOwnAddresses || !isAddress(record)) moved(at, by, record, oldTtl, newTtl);
      };
      if (before !== null) node.census?.count(before, -1, tell(-1));
      if (after !== null) node.census?.count(after, 1, tell(1));
      node.count += Number(after !== null) - Number(before !== null);
      if (node.count > this.#mostLookedAt) node.census ??= new Census(node.entries);
      else if (node.count <= this.#mostLookedAt / 2) node.census = null;
    }
  }

  #node(name: Name): Node | null {
    if (!isAtOrBelow(name, this.apex)) return null;
    let node: Node | null = this.top;
    for (const label of this.#labelsDown(name)) node = node?.child(label) ?? null;
    return node;
  }

  #made(name: Name): Node {
    let node = this.top;
    for (const label of this.#labelsDown(name)) node = node.child(label) ?? node.addChild(label);
    return node;
  }

  /** The labels between the apex and the name, from the apex on. */
  #labelsDown(name: Name): Octets[] {
    return labelsOf(`${name.slice(0, name.length - this.apex.length)}\0` as Name).reverse();
  }

  #prune(from: Node): void {
    for (let node = from; node.isEmpty && node.parent !== null && node !== this.nameServers; node = node.parent) {
      node.parent.removeChild(labelsOf(node.owner)[0]!);
    }
  }
}

/** A record comes (1) or leaves (-1) at a node; the TTLs are those of its rrset before and after, null where there is none. */
type Moved = (node: Node, by: 1 | -1, record: Rdata, oldTtl: number | null, newTtl: number | null) => void;

/** True where the node's records follow from what each entry gives alone, before and after a change to `after`. */
function isCounted({ census }: Node, after: Entry | null): boolean {
  // With two that are no alias, one at least stays, and the name becomes none.
  return census !== null && census.grouped === 0 && census.others > 1 && (after?.group ?? '') === '';
}

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of node.children) yield* nodesOf(child);
}

const reverseRoots = [parseName('in-addr.arpa.'), parseName('ip6.arpa.')];
