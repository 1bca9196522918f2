/**
 * The rrsets of a zone as queries copy them: one block of memory for an rrset, found by a hash, with its name, its
 * records as octets of the wire and, of SRV records, the addresses of their targets. They are made in spare time after the
 * zone has changed, or else when they are asked for, and end before what they are made of changes. Not compiled, and
 * looked up in the tree, is what is not always sent whole, or where something else has a say in the answer.
 */
import { homeOf } from '../runtime/hash.ts';
import { RRClass, RRType } from '../wire/codes.ts';
import { FoldedName } from '../wire/folded-name.ts';
import type { Octets } from '../wire/octets.ts';
import { nameLayout } from '../wire/rdata/layout.ts';
import type { Node } from './node.ts';
import { type StoredRRset, areEqual } from './rrset.ts';
import { WordHeap, allocated } from './word-heap.ts';
import type { Zone } from './zone.ts';

/** Larger rrsets seldom fit into an answer, and each change of one would make all of its block anew. */
const mostRecords = 32;
const mostWords = 2048;

/** What the words of a block say. Behind these stand the records, and behind the records the name, folded. */
export const Word = {
  /** The next block at the same place of the table; 0 without. */
  next: 0,
  /** Of name and type. */
  hash: 1,
  /** The length of the name above 16 bits for the type. */
  key: 2,
  /** A number that no other block has; 0 once the block has ended. */
  id: 3,
  /** Seconds. */
  ttl: 4,
  /** Until when a resolver may hold an answer with these records, in seconds of the responder's clock. */
  heldUntil: 5,
  /** How many records, and how many octets they have. */
  count: 6,
  octets: 7,
  /** How many words each record has room in, and above 16 bits the order: see Order. */
  stride: 8,
  /** Counts the answers. */
  turn: 9,
  /** Of A records: the block with the AAAA records of the same name; 0 without. */
  sibling: 10,
  /** Of SRV records: the `#moment` in which the addresses were last compared with those of the targets. */
  checkedAt: 10,
  records: 11,
} as const;

/**
 * What the words of a record say. Behind them stand its octets, filled up to whole words, then the addresses of the
 * target, and at the end of an SRV record's room the first of the blocks that these are from, and its id; 0 without.
 */
export const RecordWord = {
  /** Octets, above 16 bits how many A records the target has, and above 24 bits how many AAAA records. */
  lengths: 0,
  content: 1,
} as const;
const linkWords = 2;

/** In which order the records are sent. */
export const Order = { asTheyStand: 0, inTurn: 1, byWeight: 2 } as const;

/** Octets of a record in front of its rdata: a pointer to the owner, which stands in the question, and its fields. */
export const rdataStart = 12;
const ownerPointer = 0xc00c;
/** Where in the rdata of SRV records the target is (RFC 2782). */
export const targetStart = 6;
/** Words of an A and an AAAA record. */
export const aWords = 4;
export const aaaaWords = 7;

const initialPlaces = 16;

export class CompiledRRsets {
  readonly heap = new WordHeap();
  /** By the lower bits of their hash the first of the blocks; 0 without. */
  #table: Int32Array = new Int32Array(initialPlaces);
  #count = 0;
  #lastId = 0;
  /** The second in which blocks were last checked, and a number that is another with each second and each ended address. */
  #second = 0;
  #moment = 0;
  /** Differs from thread to thread: they must not all begin with the same record after a change. */
  readonly #salt = Math.floor(Math.random() * 2 ** 32);

  /** The position of the block for a name and a type, of which `hash` is the hash; 0 without. */
  find(name: FoldedName, type: number, hash: number): number {
    const { words } = this.heap;
    const key = keyOf(name, type);
    let block = this.#table[homeOf(hash) & (this.#table.length - 1)]!;
    for (; block > 0; block = words[block + Word.next]!) {
      if (words[block + Word.hash] === hash && words[block + Word.key] === key && this.#isOf(block, name)) break;
    }
    return block;
  }

  /**
   * Compares the addresses in the block of an SRV rrset with those of its targets, once in a second and after each change of
   * addresses in the zone; false when they differ. Notes with the targets that they are given at `now`, in seconds of the
   * responder's clock.
   */
  check(block: number, now: number): boolean {
    const { words } = this.heap;
    if (now !== this.#second) this.#moment = (this.#moment + 1) | 0;
    this.#second = now;
    if (words[block + Word.checkedAt] === this.#moment) return true;
    const stride = strideOf(words, block);
    const end = recordsEnd(words, block);
    for (let record = block + Word.records; record < end; record += stride) {
      let link = words[record + stride - linkWords]!;
      if (link > 0 && words[link + Word.id] !== words[record + stride - linkWords + 1]) return false;
      for (; link > 0; link = words[link + Word.sibling]!) this.hold(link, now);
    }
    words[block + Word.checkedAt] = this.#moment;
    return true;
  }

  /** Notes that an answer with the records of the block is given at `now`. */
  hold(block: number, now: number): void {
    const { words } = this.heap;
    words[block + Word.heldUntil] = (now + 1 + words[block + Word.ttl]!) | 0;
  }

  /**
   * Compiles the addresses and services of `node`. What else there is, and services of one instance, wait until they are
   * asked for: each instance has such records, and of few will anybody ask.
   */
  compile(zone: Zone, node: Node): void {
    this.#compileAddresses(zone, node);
    const services = node.rrset(RRType.SRV);
    if (services !== null && services.size > 1) this.#compileRRset(zone, node, services);
  }

  /** Compiles the rrset of `type` at `node`; false where there is none that can be compiled. */
  compileAsked(zone: Zone, node: Node, type: number): boolean {
    const rrset = node.rrset(type);
    if (isAddress(type)) this.#compileAddresses(zone, node);
    else this.#compileRRset(zone, node, rrset);
    return rrset !== null && rrset.block > 0;
  }

  /** Discards what is compiled of the rrset of `type` at `node`, which has one. */
  discardRRset(node: Node, type: number): void {
    this.#end(node, node.rrset(type)!);
  }

  /** Discards what is compiled of `node`. */
  discard(node: Node): void {
    for (let rrset = node.rrsets; rrset !== null; rrset = rrset.next) this.#end(node, rrset);
  }

  /** The two rrsets together, because their blocks know each other. */
  #compileAddresses(zone: Zone, node: Node): void {
    const a = node.rrset(RRType.A);
    const aaaa = node.rrset(RRType.AAAA);
    this.#compileRRset(zone, node, a);
    this.#compileRRset(zone, node, aaaa);
    if (a !== null && a.block > 0) this.heap.words[a.block + Word.sibling] = aaaa?.block ?? 0;
  }

  #compileRRset(zone: Zone, node: Node, rrset: StoredRRset | null): void {
    if (rrset === null || rrset.block > 0 || !isCompilable(node, rrset)) return;
    const links = rrset.type === RRType.SRV ? this.#linksOf(zone, rrset) : noLinks;
    if (links !== null) this.#add(node, rrset, links);
  }

  /**
   * The blocks with the addresses of the targets of SRV records, each once; null where those of one are not compiled, or
   * may come into being without a change to the rrset. Addresses of other zones are theirs to give, so there are none.
   * Where records share a target, its addresses are the first one's.
   */
  #linksOf(zone: Zone, rrset: StoredRRset): number[] | null {
    const links: number[] = [];
    for (let i = 0; i < rrset.size; i++) {
      const node = zone.node(target.take(rrset.rdata(i), targetStart));
      // The root says that there is no such service (RFC 2782).
      const hasNone = target.labels === 0 || (node === null && !zone.contains(target));
      if (node !== null) this.#compileAddresses(zone, node);
      const link = hasNone ? 0 : addressesOf(node);
      if (link < 0) return null;
      links.push(links.includes(link) ? 0 : link);
    }
    return links;
  }

  /**
   * Makes the block of an rrset, if it is not too long and there is memory for it. `links` are the blocks of the targets of
   * SRV records, 0 where one has no addresses for us.
   */
  #add(node: Node, rrset: StoredRRset, links: readonly number[]): void {
    const name = owner.take(node.name);
    const nameWords = wordsOf(name.length);
    let stride = 0;
    for (let i = 0; i < rrset.size; i++) {
      const length = RecordWord.content + wordsOf(rdataStart + rrset.rdata(i).length);
      stride = Math.max(stride, length + (links === noLinks ? 0 : this.#addressWords(links[i]!) + linkWords));
    }
    const size = Word.records + rrset.size * stride + nameWords;
    if (size > mostWords || (this.#count === this.#table.length && !this.#growTable())) return;
    const block = this.heap.allocate(size);
    if (block === 0) return;
    const { words } = this.heap;
    rrset.block = block;
    this.#lastId = this.#lastId === 2 ** 31 - 1 ? 1 : this.#lastId + 1;
    words[block + Word.hash] = name.hashWith(rrset.type);
    words[block + Word.key] = keyOf(name, rrset.type);
    words[block + Word.id] = this.#lastId;
    words[block + Word.ttl] = rrset.ttl;
    words[block + Word.heldUntil] = 0;
    words[block + Word.count] = rrset.size;
    words[block + Word.stride] = (orderOf(rrset) << 16) | stride;
    // Somewhere: a block that is often made anew must not begin with the same record each time.
    words[block + Word.turn] = homeOf(this.#lastId ^ this.#salt) >>> 2;
    words[block + Word.sibling] = 0;
    let octets = 0;
    let record = block + Word.records;
    for (let i = 0; i < rrset.size; i++, record += stride) {
      const rdata = rrset.rdata(i);
      const length = rdataStart + rdata.length;
      octets += length;
      words[record + RecordWord.lengths] = length;
      this.#putOctets(record, rrset, rdata);
      if (links !== noLinks) this.#putAddresses(record, record + stride - linkWords, links[i]!);
    }
    words[block + Word.octets] = octets;
    for (let i = 0; i < nameWords; i++) words[record + i] = name.words[i]!;
    if (links !== noLinks) words[block + Word.checkedAt] = this.#moment - 1;
    this.#enter(block);
    this.#count += 1;
  }

  #putOctets(record: number, { type, ttl }: StoredRRset, rdata: Octets): void {
    const { octets } = this.heap;
    let at = 4 * (record + RecordWord.content);
    for (const field of [ownerPointer, type, RRClass.IN, ttl >>> 16, ttl & 0xffff, rdata.length]) {
      octets[at++] = field >> 8;
      octets[at++] = field & 0xff;
    }
    for (let i = 0; i < rdata.length; i++) octets[at++] = rdata.charCodeAt(i);
  }

  /** Copies the address records of `first` and its sibling behind the octets of the record, and notes `first` at `link`. */
  #putAddresses(record: number, link: number, first: number): void {
    const { words } = this.heap;
    let to = record + RecordWord.content + wordsOf(words[record + RecordWord.lengths]!);
    words[link] = first;
    words[link + 1] = first > 0 ? words[first + Word.id]! : 0;
    for (let block = first; block > 0; block = words[block + Word.sibling]!) {
      const length = addressLength(words, block);
      words[record + RecordWord.lengths]! += words[block + Word.count]! << (length === aWords ? 16 : 24);
      const end = recordsEnd(words, block);
      for (let from = block + Word.records; from < end; from += strideOf(words, block)) {
        for (let i = 0; i < length; i++) words[to++] = words[from + RecordWord.content + i]!;
      }
    }
  }

  /** Words of all address records of `first` and its sibling. */
  #addressWords(first: number): number {
    const { words } = this.heap;
    let length = 0;
    for (let block = first; block > 0; block = words[block + Word.sibling]!) {
      length += words[block + Word.count]! * addressLength(words, block);
    }
    return length;
  }

  #end(node: Node, rrset: StoredRRset): void {
    const { words } = this.heap;
    const { block } = rrset;
    if (block === 0) return;
    rrset.block = 0;
    node.heldUntil = Math.max(node.heldUntil, words[block + Word.heldUntil]! >>> 0);
    if (isAddress(rrset.type)) this.#moment = (this.#moment + 1) | 0;
    this.#leave(block);
    words[block + Word.id] = 0;
    this.heap.free(block, recordsEnd(words, block) - block + wordsOf(words[block + Word.key]! >> 16));
  }

  #enter(block: number): void {
    const { words } = this.heap;
    const place = homeOf(words[block + Word.hash]!) & (this.#table.length - 1);
    words[block + Word.next] = this.#table[place]!;
    this.#table[place] = block;
  }

  #leave(block: number): void {
    const { words } = this.heap;
    const place = homeOf(words[block + Word.hash]!) & (this.#table.length - 1);
    const next = words[block + Word.next]!;
    this.#count -= 1;
    if (this.#table[place] === block) {
      this.#table[place] = next;
      return;
    }
    let before = this.#table[place]!;
    while (words[before + Word.next] !== block) before = words[before + Word.next]!;
    words[before + Word.next] = next;
  }

  /** False when there is no memory for it. */
  #growTable(): boolean {
    const { words } = this.heap;
    const smaller = this.#table;
    const larger = allocated(2 * smaller.length);
    if (larger === null) return false;
    this.#table = larger;
    for (const first of smaller) {
      let block = first;
      while (block > 0) {
        const next = words[block + Word.next]!;
        this.#enter(block);
        block = next;
      }
    }
    return true;
  }

  #isOf(block: number, name: FoldedName): boolean {
    const { words } = this.heap;
    const nameWords = wordsOf(name.length);
    const start = recordsEnd(words, block);
    for (let i = 0; i < nameWords; i++) if (words[start + i] !== name.words[i]) return false;
    return true;
  }
}

/** Words of the room of each record. */
export function strideOf(words: Int32Array, block: number): number {
  return words[block + Word.stride]! & 0xffff;
}

/** Where the records of a block end. */
function recordsEnd(words: Int32Array, block: number): number {
  return block + Word.records + words[block + Word.count]! * strideOf(words, block);
}

/** True when the answer for the rrset is its records as they are, all of them, and nothing that its node says beyond. */
function isCompilable({ mark }: Node, { type, size }: StoredRRset): boolean {
  // Other names in rdata are compressed, or have a say in the answers for other names.
  if (size > mostRecords || (type !== RRType.SRV && nameLayout(type) !== undefined)) return false;
  return mark === null || (mark.existence !== 'denied' && mark.extendedError === undefined && size <= (mark.limit ?? size));
}

const noLinks: readonly number[] = [];

/** The block with the A records of `node`, or else with its AAAA records; -1 where not all of its addresses have one. */
function addressesOf(node: Node | null): number {
  const a = node?.rrset(RRType.A) ?? null;
  const aaaa = node?.rrset(RRType.AAAA) ?? null;
  if ((a ?? aaaa) === null || a?.block === 0 || aaaa?.block === 0) return -1;
  return (a ?? aaaa)!.block;
}

function orderOf(rrset: StoredRRset): number {
  if (rrset.type === RRType.SRV) return areEqual(rrset) ? Order.inTurn : Order.byWeight;
  return isAddress(rrset.type) ? Order.inTurn : Order.asTheyStand;
}

function isAddress(type: number): boolean {
  return type === RRType.A || type === RRType.AAAA;
}

/** Words of each record of a block with addresses. */
function addressLength(words: Int32Array, block: number): number {
  return (words[block + Word.key]! & 0xffff) === RRType.A ? aWords : aaaaWords;
}

export function keyOf(name: FoldedName, type: number): number {
  return (name.length << 16) | type;
}

/** Words that so many octets take. */
export function wordsOf(octets: number): number {
  return (octets + 3) >> 2;
}

/** The names that are looked at, at the moment. */
const owner = new FoldedName();
const target = new FoldedName();
