/**
 * SkydnsZone: the entries of one zone as a tree of names, and the records that they make. A changed key touches the
 * names from its own up to the apex: where few entries count, the records of the name are made anew; where many do, only
 * what the key itself gives comes or goes.
 */
import { type Difference, ZoneDelta } from '../publish/delta.ts';
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

export interface ZoneStep {
  readonly difference: Difference;
  /** Entries among the changed ones that stand for a name at which no CNAME can be, since it has something else too. */
  readonly withheld: readonly Entry[];
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

  /** Takes in what became of keys. The names of their entries must be in the zone. */
  apply(changes: readonly KeyChange[]): ZoneStep {
    const delta = new ZoneDelta();
    /** What names had before, whose records are made anew. */
    const remade = new Map<Node, readonly RRset[]>();
    for (const { key, after } of changes) {
      const before = this.entryOf(key);
      if (before !== null || after !== null) this.#replace(key, before, after, delta, remade);
    }
    for (const [node, rrsets] of remade) {
      for (const rrset of rrsets) delta.remove(rrset);
      for (const rrset of rrsetsAt(node, this)) delta.add(rrset);
    }
    for (const node of remade.keys()) this.#prune(node);
    const present = changes.flatMap(({ after }) => after ?? []);
    return { difference: delta.beside(noStatics), withheld: present.filter((entry) => this.#isWithheld(entry)) };
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

  #replace(
    key: Octets, before: Entry | null, after: Entry | null, delta: ZoneDelta, remade: Map<Node, readonly RRset[]>,
  ): void {
    const { name, isBelow } = (before ?? after)!;
    const own = this.#made(name);
    const path: Node[] = [];
    for (let node: Node | null = own; node !== null; node = node.parent) path.push(node);
    // What is below it touches the apex by more than what it counts for.
    const isSpecial = isAtOrBelow(name, this.#special);
    for (const node of path) {
      if (remade.has(node) || (isCounted(node, after) && !(isSpecial && node === this.top))) continue;
      remade.set(node, rrsetsAt(node, this));
    }
    own.replace(before, after);
    if (after === null) this.#entries.delete(key);
    else this.#entries.set(key, after);
    const hasOwnAddresses = (this.apexAddresses?.entries ?? []).length > 0;
    for (const node of path) {
      if (node === own && !isBelow) continue;
      const moved = (by: 1 | -1): Parameters<Census['count']>[2] => (record, oldTtl, newTtl) => {
        if (remade.has(node) || (node === this.top && hasOwnAddresses && isAddress(record))) return;
        delta.move(node.owner, record.type, record.rdata, by, oldTtl, newTtl);
      };
      if (before !== null) node.census?.count(before, -1, moved(-1));
      if (after !== null) node.census?.count(after, 1, moved(1));
      node.count += Number(after !== null) - Number(before !== null);
      if (node.count > this.#mostLookedAt) node.census ??= new Census(node.entries);
      else if (node.count <= this.#mostLookedAt / 2) node.census = null;
    }
  }

  /** True where the entry should make the name that it stands for an alias, and cannot. */
  #isWithheld(entry: Entry): boolean {
    if (this.isReverse || !isAlias(entry)) return false;
    const node = this.#node(stripped(entry.name, entry.targetstrip));
    return node !== null && aliasAt(node, this) === null;
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
