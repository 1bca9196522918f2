/** One rrset as a zone keeps it (RFC 2181 section 5): small when it has one record, quick when it has ten thousand. */
import { hashOctets } from '../runtime/hash.ts';
import { type Octets, uint16At } from '../wire/octets.ts';
import type { Node } from './node.ts';

/** The records of one type at one node. A record that was added twice is kept, and answered, once. */
export class StoredRRset {
  readonly type: number;
  /** Seconds. */
  ttl: number;
  /** The next rrset of the same node. */
  next: StoredRRset | null = null;
  /** Where it stands among the compiled rrsets of its zone; 0 where it does not. */
  block = 0;
  // Most of the millions of rrsets have one record; these do without a list of their own.
  #records: Octets | RecordList;

  constructor(type: number, ttl: number, rdata: Octets) {
    this.type = type;
    this.ttl = ttl;
    this.#records = rdata;
  }

  /** How many different records there are: 1 or more, and 0 only after the last was removed. */
  get size(): number {
    return typeof this.#records === 'string' ? 1 : this.#records.rdata.length;
  }

  /** The rdata at `index`, 0 to size - 1. The order means nothing and changes with removals. */
  rdata(index: number): Octets {
    return typeof this.#records === 'string' ? this.#records : this.#records.rdata[index]!;
  }

  /** A number of 32 bits that depends on the rdata at `index` alone. */
  hash(index: number): number {
    return typeof this.#records === 'string' ? hashOctets(this.#records, 0) : this.#records.hash(index);
  }

  /** What was noted with `linkTo` for the record at `index`; null for a lone record. */
  link(index: number): Node | null {
    return typeof this.#records === 'string' ? null : this.#records.link(index);
  }

  /** Notes the node of the name that the record at `index` points to, so that it need not be searched again. */
  linkTo(index: number, node: Node): void {
    if (typeof this.#records !== 'string') this.#records.linkTo(index, node);
  }

  add(rdata: Octets): void {
    if (typeof this.#records === 'string') this.#records = new RecordList(this.#records);
    this.#records.add(rdata);
  }

  /** Takes away one copy of the record; a record that is not there is none to take away. */
  remove(rdata: Octets): void {
    if (typeof this.#records === 'string') {
      if (this.#records !== rdata) return;
      this.#records = new RecordList(this.#records);
    }
    this.#records.remove(rdata);
  }

  /** Puts `rewrite(rdata)` in the place of each rdata. */
  rewrite(rewrite: (rdata: Octets) => Octets): void {
    if (typeof this.#records === 'string') this.#records = rewrite(this.#records);
    else this.#records.rewrite(rewrite);
  }
}

/** True when all SRV records have the same priority and weight. */
export function areEqual(rrset: StoredRRset): boolean {
  const first = rrset.rdata(0);
  for (let i = 1; i < rrset.size; i++) {
    const rdata = rrset.rdata(i);
    if (uint16At(rdata, 0) !== uint16At(first, 0) || uint16At(rdata, 2) !== uint16At(first, 2)) return false;
  }
  return true;
}

/** Different records with the number of their copies. */
class RecordList {
  readonly rdata: Octets[];
  /** Copies of each record; null while each has one. */
  #copies: number[] | null = null;
  /**
   * Where each record stands in `rdata`, so that one of ten thousand is removed without a search; null in short lists.
   */
  #positions: Map<Octets, number> | null = null;
  /** The hash of each record, as a signed number; null until one is asked for. */
  #hashes: number[] | null = null;
  /** The node that each record points to; null until one is known. */
  #links: (Node | null)[] | null = null;

  constructor(first: Octets) {
    this.rdata = [first];
  }

  hash(index: number): number {
    this.#hashes ??= this.rdata.map(signedHash);
    return this.#hashes[index]!;
  }

  link(index: number): Node | null {
    return this.#links === null ? null : this.#links[index]!;
  }

  linkTo(index: number, node: Node): void {
    this.#links ??= this.rdata.map(() => null);
    this.#links[index] = node;
  }

  add(rdata: Octets): void {
    const position = this.#find(rdata);
    if (position >= 0) {
      this.#copies ??= this.rdata.map(() => 1);
      this.#copies[position]! += 1;
      return;
    }
    this.rdata.push(rdata);
    this.#copies?.push(1);
    this.#hashes?.push(signedHash(rdata));
    this.#links?.push(null);
    if (this.#positions !== null) this.#positions.set(rdata, this.rdata.length - 1);
    else if (this.rdata.length > searchedLength)
      this.#positions = new Map(this.rdata.map((each, index) => [each, index]));
  }

  remove(rdata: Octets): void {
    const position = this.#find(rdata);
    if (position < 0) return;
    const copies = this.#copies;
    if (copies !== null && copies[position]! > 1) {
      copies[position]! -= 1;
      return;
    }
    // The last record takes the place of the removed one.
    const last = this.rdata.pop()!;
    const lastCopies = copies?.pop();
    const lastHash = this.#hashes?.pop();
    const lastLink = this.#links?.pop();
    this.#positions?.delete(rdata);
    if (position === this.rdata.length) return;
    this.rdata[position] = last;
    if (copies !== null) copies[position] = lastCopies!;
    if (this.#hashes !== null) this.#hashes[position] = lastHash!;
    if (this.#links !== null) this.#links[position] = lastLink!;
    this.#positions?.set(last, position);
  }

  rewrite(rewrite: (rdata: Octets) => Octets): void {
    this.rdata.forEach((rdata, index) => (this.rdata[index] = rewrite(rdata)));
    this.#hashes = this.#links = null;
    if (this.#positions !== null) this.#positions = new Map(this.rdata.map((each, index) => [each, index]));
  }

  #find(rdata: Octets): number {
    return this.#positions === null ? this.rdata.indexOf(rdata) : (this.#positions.get(rdata) ?? -1);
  }
}

/** Signed, because V8 then keeps it in the array itself. */
function signedHash(rdata: Octets): number {
  return hashOctets(rdata, 0) | 0;
}

/** Up to this length a list is searched from its start. */
const searchedLength = 32;
