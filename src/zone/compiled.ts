/**
 * The rrsets of a zone as queries copy them: one block of memory for an rrset, found in one step, with its name, its
 * records as octets of the wire and, of SRV records, the addresses of their targets. Blocks are made when the zone
 * changes, so that a name's first query costs no more than its next. An rrset is compiled when its records are all sent
 * together and nothing else decides over the answer; the others are looked up in the tree.
 */
import { RRClass, RRType } from '../wire/codes.ts';
import { FoldedName } from '../wire/folded-name.ts';
import { rootName } from '../wire/name.ts';
import type { Octets } from '../wire/octets.ts';
import { nameLayout, targetOf } from '../wire/rdata/layout.ts';
import type { Node } from './node.ts';
import { type StoredRRset, areEqual } from './rrset.ts';
import { WordHeap } from './word-heap.ts';
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
  /** Words of the block. */
  size: 4,
  /** Seconds. */
  ttl: 5,
  /** Until when a resolver may hold an answer with these records, in seconds of the responder's clock. */
  heldUntil: 6,
  /** Of A records: the block with the AAAA records of the same name; 0 without. */
  sibling: 7,
  /** See Order. */
  order: 8,
  /** Counts the answers, from a random number on. */
  turn: 9,
  /** How many records, how many octets these have, and how many words each has room in. */
  count: 10,
  octets: 11,
  stride: 12,
  /** The second in which the addresses were last compared with those of the targets, and `#endings` by then. */
  checkedAt: 13,
  checkedEndings: 14,
  records: 15,
} as const;

/** What the words of a record say. Behind them stand its octets, filled up to whole words, and the target's addresses. */
export const RecordWord = {
  octets: 0,
  /** How many A records the target has, and above 16 bits how many AAAA records. */
  addresses: 1,
  /** The first of the blocks that the addresses are from, and its id; 0 without. */
  link: 2,
  linkId: 3,
  content: 4,
} as const;

/** In which order the records are sent. */
export const Order = { asTheyStand: 0, inTurn: 1, byWeight: 2 } as const;

/** Octets of a record in front of its rdata: a pointer to the owner, which stands in the question, and its fields. */
export const rdataStart = 12;
const ownerPointer = 0xc00c;
/** Words of an A and an AAAA record. */
export const aWords = 4;
export const aaaaWords = 7;

const initialPlaces = 16;

export class CompiledRRsets {
  readonly heap = new WordHeap();
  /** By the lower bits of their hash the first of the blocks; 0 without. */
  #table = new Int32Array(initialPlaces);
  #count = 0;
  #lastId = 0;
  /** How many blocks with addresses have ended. */
  #endings = 0;

  /** The position of the block for a name and a type, of which `hash` is the hash; 0 without. */
  find(name: FoldedName, type: number, hash: number): number {
    const { words } = this.heap;
    const key = keyOf(name, type);
    let block = this.#table[placeOf(hash) & (this.#table.length - 1)]!;
    for (; block !== 0; block = words[block + Word.next]!) {
      if (words[block + Word.hash] === hash && words[block + Word.key] === key && this.#isOf(block, name)) break;
    }
    return block;
  }

  /**
   * True while the addresses in the block are those of its targets. Notes with these that from `now` on, in seconds of
   * the responder's clock, they may be held.
   */
  isCurrent(block: number, now: number): boolean {
    const { words } = this.heap;
    if (words[block + Word.checkedAt] === now && words[block + Word.checkedEndings] === this.#endings) return true;
    const stride = words[block + Word.stride]!;
    const end = recordsEnd(words, block);
    for (let record = block + Word.records; record < end; record += stride) {
      let link = words[record + RecordWord.link]!;
      if (link > 0 && words[link + Word.id] !== words[record + RecordWord.linkId]) return false;
      for (; link > 0; link = words[link + Word.sibling]!) this.hold(link, now);
    }
    words[block + Word.checkedAt] = now;
    words[block + Word.checkedEndings] = this.#endings;
    return true;
  }

  /** Notes that an answer with the records of the block is given at `now`. */
  hold(block: number, now: number): void {
    const { words } = this.heap;
    words[block + Word.heldUntil] = (now + 1 + words[block + Word.ttl]!) | 0;
  }

  /** Compiles what can be compiled of `nodes`, of which nothing is. */
  compile(zone: Zone, nodes: Iterable<Node>): void {
    for (const node of nodes) this.#compilePlain(node);
    // These take in what the others have become.
    for (const node of nodes) this.#compileServices(zone, node);
  }

  /** Discards what is compiled of `node`. */
  discard(node: Node): void {
    for (let rrset = node.rrsets; rrset !== null; rrset = rrset.next) this.#end(node, rrset);
  }

  /** Compiles the SRV rrset of `node` anew, whose targets have changed. */
  recompile(zone: Zone, node: Node): void {
    this.#end(node, node.rrset(RRType.SRV)!);
    this.#compileServices(zone, node);
  }

  #compilePlain(node: Node): void {
    for (let rrset = node.rrsets; rrset !== null; rrset = rrset.next) {
      if (nameLayout(rrset.type) === undefined && isCompilable(node, rrset)) this.#add(node, rrset, noLinks);
    }
    const a = node.rrset(RRType.A)?.block ?? 0;
    if (a > 0) this.heap.words[a + Word.sibling] = node.rrset(RRType.AAAA)?.block ?? 0;
  }

  #compileServices(zone: Zone, node: Node): void {
    const rrset = node.rrset(RRType.SRV);
    if (rrset === null || !isCompilable(node, rrset)) return;
    const links = linksOf(zone, rrset);
    if (links !== null) this.#add(node, rrset, links);
  }

  /** Makes the block of an rrset; `links` are the blocks of its records' targets, 0 where one has no addresses for us. */
  #add(node: Node, rrset: StoredRRset, links: readonly number[]): void {
    const name = owner.take(node.name);
    const nameWords = wordsOf(name.length);
    let longest = 0;
    for (let i = 0; i < rrset.size; i++) {
      const length = wordsOf(rdataStart + rrset.rdata(i).length) + this.#addressWords(links[i] ?? 0);
      longest = Math.max(longest, RecordWord.content + length);
    }
    const size = Word.records + rrset.size * longest + nameWords;
    if (size > mostWords) return;
    const block = this.heap.allocate(size);
    const { words } = this.heap;
    rrset.block = block;
    words[block + Word.hash] = name.hashWith(rrset.type);
    words[block + Word.key] = keyOf(name, rrset.type);
    words[block + Word.id] = this.#nextId();
    words[block + Word.size] = size;
    words[block + Word.ttl] = rrset.ttl;
    words[block + Word.heldUntil] = words[block + Word.sibling] = 0;
    words[block + Word.order] = orderOf(rrset);
    words[block + Word.turn] = Math.floor(Math.random() * 2 ** 20);
    words[block + Word.count] = rrset.size;
    words[block + Word.stride] = longest;
    words[block + Word.checkedAt] = -1;
    let octets = 0;
    let record = block + Word.records;
    for (let i = 0; i < rrset.size; i++, record += longest) {
      octets += this.#putRecord(record, rrset, rrset.rdata(i), links[i] ?? 0);
    }
    words[block + Word.octets] = octets;
    for (let i = 0; i < nameWords; i++) words[record + i] = name.words[i]!;
    this.#count += 1;
    if (this.#count > this.#table.length) this.#growTable();
    this.#enter(block);
  }

  /** Returns how many octets the record has. */
  #putRecord(record: number, rrset: StoredRRset, rdata: Octets, link: number): number {
    const { words, octets } = this.heap;
    const length = rdataStart + rdata.length;
    words[record + RecordWord.octets] = length;
    words[record + RecordWord.link] = link;
    words[record + RecordWord.linkId] = link > 0 ? words[link + Word.id]! : 0;
    let at = 4 * (record + RecordWord.content);
    for (const field of [ownerPointer, rrset.type, RRClass.IN, rrset.ttl >>> 16, rrset.ttl & 0xffff, rdata.length]) {
      octets[at++] = field >> 8;
      octets[at++] = field & 0xff;
    }
    for (let i = 0; i < rdata.length; i++) octets[at++] = rdata.charCodeAt(i);
    this.#putAddresses(record, record + RecordWord.content + wordsOf(length), link);
    return length;
  }

  /** Copies the address records of `link` and its sibling to `at`. */
  #putAddresses(record: number, at: number, link: number): void {
    const { words } = this.heap;
    let to = at;
    words[record + RecordWord.addresses] = 0;
    for (let block = link; block > 0; block = words[block + Word.sibling]!) {
      const isA = addressLength(words, block) === aWords;
      words[record + RecordWord.addresses]! += words[block + Word.count]! << (isA ? 0 : 16);
      const end = recordsEnd(words, block);
      for (let from = block + Word.records; from < end; from += words[block + Word.stride]!) {
        const content = from + RecordWord.content;
        words.copyWithin(to, content, content + addressLength(words, block));
        to += addressLength(words, block);
      }
    }
  }

  /** Words of all address records of `link` and its sibling. */
  #addressWords(link: number): number {
    const { words } = this.heap;
    let length = 0;
    for (let block = link; block > 0; block = words[block + Word.sibling]!) {
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
    if (isAddress(rrset.type)) this.#endings = (this.#endings + 1) | 0;
    this.#leave(block);
    this.#count -= 1;
    words[block + Word.id] = 0;
    this.heap.free(block, words[block + Word.size]!);
  }

  #enter(block: number): void {
    const { words } = this.heap;
    const place = placeOf(words[block + Word.hash]!) & (this.#table.length - 1);
    words[block + Word.next] = this.#table[place]!;
    this.#table[place] = block;
  }

  #leave(block: number): void {
    const { words } = this.heap;
    const place = placeOf(words[block + Word.hash]!) & (this.#table.length - 1);
    const next = words[block + Word.next]!;
    let before = this.#table[place]!;
    if (before === block) {
      this.#table[place] = next;
      return;
    }
    while (words[before + Word.next] !== block) before = words[before + Word.next]!;
    words[before + Word.next] = next;
  }

  #growTable(): void {
    const { words } = this.heap;
    const grown = this.#table;
    this.#table = new Int32Array(2 * grown.length);
    for (const first of grown) {
      for (let block = first, next = 0; block > 0; block = next) {
        next = words[block + Word.next]!;
        this.#enter(block);
      }
    }
  }

  #isOf(block: number, name: FoldedName): boolean {
    const { words } = this.heap;
    const nameWords = wordsOf(name.length);
    const start = block + words[block + Word.size]! - nameWords;
    for (let i = 0; i < nameWords; i++) if (words[start + i] !== name.words[i]) return false;
    return true;
  }

  #nextId(): number {
    this.#lastId = this.#lastId === 2 ** 31 - 1 ? 1 : this.#lastId + 1;
    return this.#lastId;
  }
}

/** Where the records of a block end. */
function recordsEnd(words: Int32Array, block: number): number {
  return block + Word.records + words[block + Word.count]! * words[block + Word.stride]!;
}

/** True when the answer for the rrset is its records, all of them, and nothing that its node says beyond them. */
function isCompilable({ mark }: Node, { size }: StoredRRset): boolean {
  if (size > mostRecords) return false;
  return mark === null || (mark.existence !== 'denied' && mark.extendedError === undefined && size <= (mark.limit ?? size));
}

/**
 * The blocks with the addresses of the targets of SRV records, each once; null where those of one are not compiled, or
 * may come into being without a change to the rrset. Addresses of other zones are theirs to give, so there are none.
 */
function linksOf(zone: Zone, rrset: StoredRRset): number[] | null {
  const links: number[] = [];
  for (let i = 0; i < rrset.size; i++) {
    const name = targetOf(rrset.type, rrset.rdata(i))!;
    const link = name === rootName || !zone.contains(target.take(name)) ? 0 : addressesOf(zone.node(target));
    if (link < 0) return null;
    links.push(links.includes(link) ? 0 : link);
  }
  return links;
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
  return typeOf(words[block + Word.key]!) === RRType.A ? aWords : aaaaWords;
}

function keyOf(name: FoldedName, type: number): number {
  return (name.length << 16) | type;
}

function typeOf(key: number): number {
  return key & 0xffff;
}

/** Words that so many octets take. */
export function wordsOf(octets: number): number {
  return (octets + 3) >> 2;
}

/** Where a hash would stand in an endless table. */
function placeOf(hash: number): number {
  return hash ^ (hash >>> 15);
}

/** The names that are looked at, at the moment. */
const owner = new FoldedName();
const target = new FoldedName();
