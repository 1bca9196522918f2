/** Node: a name with the entries that it answers with, which are those of all keys below its own. */
import { Tally } from '../publish/tally.ts';
import { childOf, type Name } from '../wire/name.ts';
import { copyOctets, type Octets } from '../wire/octets.ts';
import type { Rdata } from '../publish/rdata.ts';
import { type Entry, isAlias, recordsOf } from './entry.ts';

export class Node {
  readonly owner: Name;
  readonly parent: Node | null;
  /** Entries whose keys lie below this name's, however deep. */
  count = 0;
  /** Kept where there are too many entries to look at all of them at every change. */
  census: Census | null = null;
  /** Entries of this name's key; several, where keys differ in case only. */
  own: readonly Entry[] = [];
  /** Entries of its key with a slash behind, which lie below it. */
  #below: readonly Entry[] = [];
  #children: Map<Octets, Node> | null = null;

  constructor(owner: Name, parent: Node | null) {
    this.owner = owner;
    this.parent = parent;
  }

  /** The entries that count at this name: all that lie below it, or else its own, as CoreDNS looks for them. */
  get entries(): readonly Entry[] {
    return this.count === 0 ? this.own : this.#collect([], false);
  }

  get hasEntries(): boolean {
    return this.count > 0 || this.own.length > 0;
  }

  get isEmpty(): boolean {
    return this.own.length === 0 && this.#below.length === 0 && this.#children === null;
  }

  get children(): Iterable<Node> {
    return this.#children?.values() ?? [];
  }

  child(label: Octets): Node | null {
    return this.#children?.get(label) ?? null;
  }

  addChild(label: Octets): Node {
    this.#children ??= new Map();
    const child = new Node(copyOctets(childOf(label, this.owner)), this);
    this.#children.set(copyOctets(label), child);
    return child;
  }

  removeChild(label: Octets): void {
    this.#children?.delete(label);
    if (this.#children?.size === 0) this.#children = null;
  }

  /** Takes in what became of a key of this name: `before` leaves, `after` comes; either may be null. */
  replace(before: Entry | null, after: Entry | null): void {
    const { isBelow } = (before ?? after)!;
    const others = (isBelow ? this.#below : this.own).filter((entry) => entry !== before);
    const entries = after === null ? others : [...others, after];
    if (isBelow) this.#below = entries;
    else this.own = entries;
  }

  #collect(into: Entry[], withOwn: boolean): Entry[] {
    if (withOwn) into.push(...this.own);
    into.push(...this.#below);
    for (const child of this.children) child.#collect(into, true);
    return into;
  }
}

/** What must be known of many entries so that one more or less costs the same however many they are. */
export class Census {
  /** Entries in a group. */
  grouped = 0;
  /** Entries that are no alias. */
  others = 0;
  readonly #ttls = new Map<number, Tally>();

  constructor(entries: Iterable<Entry>) {
    for (const entry of entries) this.count(entry, 1);
  }

  /** An entry comes (1) or leaves (-1). Tells for each of its records the TTL of the rrset before and after; null: none. */
  count(entry: Entry, by: 1 | -1, moved?: (record: Rdata, oldTtl: number | null, newTtl: number | null) => void): void {
    if (entry.group !== '') this.grouped += by;
    if (!isAlias(entry)) this.others += by;
    for (const record of recordsOf(entry)) {
      let ttls = this.#ttls.get(record.type);
      if (ttls === undefined) this.#ttls.set(record.type, (ttls = new Tally()));
      const oldTtl = ttls.least ?? null;
      ttls.count(entry.ttl, by);
      moved?.(record, oldTtl, ttls.least ?? null);
    }
  }
}
