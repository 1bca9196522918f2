/**
 * The records of a zone by owner and type, for its check: which names exist, what encloses them, what is found at them.
 */
import { RRType } from '../wire/codes.ts';
import { foldName, isAtOrBelow, type Name, parentOf } from '../wire/name.ts';
import type { Octets } from '../wire/octets.ts';
import { foldRdata } from '../wire/rdata/rdata.ts';
import type { ZoneRecord } from './parse.ts';

/** An rrset: the record that came first, and all rdata, folded. */
export interface RecordSet {
  readonly first: ZoneRecord;
  readonly rdata: Set<Octets>;
}

export type Node = ReadonlyMap<number, RecordSet>;

/**
 * What a query for the addresses of a name would meet. `delegated`: the name is another zone's, and there is no glue.
 */
export type AddressLookup = 'found' | 'missing' | 'cname' | 'dname' | 'delegated' | 'elsewhere';

export class ZoneContents {
  /** Folded. */
  readonly apex: Name;
  readonly #nodes = new Map<Name, Map<number, RecordSet>>();
  /** Names that exist because there are records at them or below (RFC 4592 section 2.2.2). */
  readonly #names = new Set<Name>();
  /** Owners of NS but for the apex, and owners of DNAME. */
  readonly #delegations = new Set<Name>();
  readonly #redirections = new Set<Name>();

  constructor(apex: Name) {
    this.apex = foldName(apex);
    this.#names.add(this.apex);
  }

  /** Puts a record of this zone into its rrset and returns that; null where an equal one is there already. */
  add(record: ZoneRecord): RecordSet | null {
    const owner = foldName(record.owner);
    const rdata = foldRdata(record.type, record.rdata);
    const node = this.#nodes.get(owner) ?? this.#newNode(owner);
    const set = node.get(record.type) ?? { first: record, rdata: new Set() };
    if (set.rdata.has(rdata)) return null;
    node.set(record.type, set);
    set.rdata.add(rdata);
    if (record.type === RRType.NS && owner !== this.apex) this.#delegations.add(owner);
    if (record.type === RRType.DNAME) this.#redirections.add(owner);
    return set;
  }

  get nodes(): ReadonlyMap<Name, Node> {
    return this.#nodes;
  }

  isInZone(owner: Name): boolean {
    return isAtOrBelow(foldName(owner), this.apex);
  }

  set(owner: Name, type: number): RecordSet | undefined {
    return this.#nodes.get(foldName(owner))?.get(type);
  }

  /**
   * The name nearest to the apex, at or above the folded `name`, that is delegated; null where the zone has authority.
   */
  delegationOf(name: Name): Name | null {
    return this.#highestAbove(name, this.#delegations) ?? (this.#delegations.has(name) ? name : null);
  }

  /** The name with a DNAME nearest to the apex, above the folded `name`; null where there is none. */
  redirectionOf(name: Name): Name | null {
    return this.#highestAbove(name, this.#redirections);
  }

  findAddresses(target: Name): AddressLookup {
    const name = foldName(target);
    if (!isAtOrBelow(name, this.apex)) return 'elsewhere';
    if (this.redirectionOf(name) !== null) return 'dname';
    const node = this.#nodes.get(name) ?? this.#wildcardFor(name);
    if (node?.has(RRType.A) || node?.has(RRType.AAAA)) return 'found';
    if (this.delegationOf(name) !== null) return 'delegated';
    return node?.has(RRType.CNAME) ? 'cname' : 'missing';
  }

  #highestAbove(name: Name, candidates: ReadonlySet<Name>): Name | null {
    let highest: Name | null = null;
    if (candidates.size === 0) return null;
    for (let at = name; at !== this.apex; ) {
      at = parentOf(at);
      if (candidates.has(at)) highest = at;
    }
    return highest;
  }

  /** The wildcard that stands for a name that does not exist (RFC 4592 section 3.3.1). */
  #wildcardFor(name: Name): Node | undefined {
    let encloser = name;
    while (!this.#names.has(encloser)) encloser = parentOf(encloser);
    return encloser === name ? undefined : this.#nodes.get(`\x01*${encloser}` as Name);
  }

  #newNode(owner: Name): Map<number, RecordSet> {
    const node = new Map<number, RecordSet>();
    this.#nodes.set(owner, node);
    for (let at = owner; !this.#names.has(at); at = parentOf(at)) this.#names.add(at);
    return node;
  }
}
