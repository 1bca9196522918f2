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
import {
  Order, RecordWord, Word, aWords, addressLength, keyOf, linkWords, ownerPointer, rdataStart, recordsEnd, strideOf, targetStart,
  wordsOf,
} from './block.ts';
import { BlockTable } from './block-table.ts';
import type { Node } from './node.ts';
import { type StoredRRset, areEqual } from './rrset.ts';
import { WordHeap } from './word-heap.ts';
import type { Zone } from './zone.ts';

/** Larger rrsets seldom fit into an answer, and each change of one would make all of its block anew. */
const mostRecords = 32;
const mostWords = 2048;

export class CompiledRRsets {
  readonly heap = new WordHeap();
  readonly #zone: Zone;
  readonly #table = new BlockTable(this.heap);
  /** Nodes that have changed and are not compiled. */
  readonly #changed = new Set<Node>();
  /** Goes through them, also through those that come meanwhile; null when it came to the end. */
  #nextChanged: IterableIterator<Node> | null = null;
  #lastId = 0;
  /** The second in which blocks were last checked, and a number that is another with each second and each ended address. */
  #second = 0;
  #moment = 0;
  /** Differs from thread to thread: they must not all begin with the same record after a change. */
  readonly #salt = Math.floor(Math.random() * 2 ** 32);

  constructor(zone: Zone) {
    this.#zone = zone;
  }

  /** The position of the block to answer a question from, of which `hash` is the hash; 0 without. */
  find(name: FoldedName, type: number, hash: number): number {
    return this.#isInForce ? this.#table.find(name, type, hash) : 0;
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

  /** Ends what is compiled of `node`, and notes with it until when that may be held. */
  discard(node: Node): void {
    for (let rrset = node.rrsets; rrset !== null; rrset = rrset.next) this.#end(node, rrset);
  }

  /** The same for a node that is about to change, to be compiled after that. */
  noteChange(node: Node): void {
    this.discard(node);
    this.#changed.add(node);
  }

  /** Ends what is compiled of the rrset of `name` and `type`, since the addresses of its targets have changed. */
  discardRRset(name: FoldedName, type: number): void {
    const node = this.#zone.node(name)!;
    this.#end(node, node.rrset(type)!);
    this.#changed.add(node);
  }

  /** Forgets a node that has left the zone. */
  forget(node: Node): void {
    this.#changed.delete(node);
  }

  /** Compiles one node that has changed; false when there is none. */
  compileNext(): boolean {
    this.#nextChanged ??= this.#changed.values();
    const next = this.#nextChanged.next();
    if (next.done === true) {
      this.#nextChanged = null;
      return false;
    }
    this.#changed.delete(next.value);
    // Staleness will pass.
    if (this.#zone.cuts === 0) this.#compile(next.value);
    return true;
  }

  /** Compiles the rrset of `name` and `type`, which is often asked for; false where there is none that can be compiled. */
  compileAsked(name: FoldedName, type: number): boolean {
    const node = this.#isInForce ? this.#zone.node(name) : null;
    const rrset = node?.rrset(type) ?? null;
    if (node === null || rrset === null) return false;
    if (isAddress(type)) this.#compileAddresses(node);
    else this.#compileRRset(node, rrset);
    return rrset.block > 0;
  }

  /** With zone cuts and DNAME something above a name may send it elsewhere, and stale answers say that they are. */
  get #isInForce(): boolean {
    return this.#zone.cuts === 0 && !this.#zone.stale;
  }

  /**
   * Compiles the addresses and services of `node`. What else there is, and services of one instance, wait until they are
   * asked for: each instance has such records, and of few will anybody ask.
   */
  #compile(node: Node): void {
    this.#compileAddresses(node);
    const services = node.rrset(RRType.SRV);
    if (services !== null && services.size > 1) this.#compileRRset(node, services);
  }

  /** The two rrsets together, because their blocks know each other. */
  #compileAddresses(node: Node): void {
    const a = node.rrset(RRType.A);
    const aaaa = node.rrset(RRType.AAAA);
    this.#compileRRset(node, a);
    this.#compileRRset(node, aaaa);
    if (a !== null && a.block > 0) this.heap.words[a.block + Word.sibling] = aaaa?.block ?? 0;
  }

  #compileRRset(node: Node, rrset: StoredRRset | null): void {
    if (rrset === null || rrset.block > 0 || !isCompilable(node, rrset)) return;
    const links = rrset.type === RRType.SRV ? this.#linksOf(rrset) : noLinks;
    if (links !== null) this.#add(node, rrset, links);
  }

  /**
   * The blocks with the addresses of the targets of SRV records, each once; null where those of one are not compiled, or
   * may come into being without a change to the rrset. Addresses of other zones are theirs to give, so there are none.
   * Where records share a target, its addresses are the first one's.
   */
  #linksOf(rrset: StoredRRset): number[] | null {
    const links: number[] = [];
    for (let i = 0; i < rrset.size; i++) {
      const node = this.#zone.node(target.take(rrset.rdata(i), targetStart));
      // The root says that there is no such service (RFC 2782).
      const hasNone = target.labels === 0 || (node === null && !this.#zone.contains(target));
      if (node !== null) this.#compileAddresses(node);
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
    if (size > mostWords || !this.#table.reserve()) return;
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
    this.#table.enter(block);
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
    this.#table.leave(block);
    words[block + Word.id] = 0;
    this.heap.free(block, recordsEnd(words, block) - block + wordsOf(words[block + Word.key]! >> 16));
  }
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

/** The names that are looked at, at the moment. */
const owner = new FoldedName();
const target = new FoldedName();
