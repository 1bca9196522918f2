/**
 * The answer cache: what was answered before is answered by copying. It holds only answers made of names that exist, so
 * that no flood of invented names can fill it; each ends when one of its nodes changes (Derived). It is a table of our
 * own and no LRU map, because it is searched by the octets of the query: no string is made to find an answer. What a copy
 * needs stands together in one record, for a cached answer costs the time to fetch it from memory and little more.
 */
import { homeOf } from '../runtime/hash.ts';
import type { ExtendedErrorOption } from '../wire/edns.ts';
import { Rcode } from '../wire/codes.ts';
import { headerLength } from '../wire/flags.ts';
import { keyOf, wordsOf } from '../zone/block.ts';
import type { Derived, Node } from '../zone/node.ts';
import type { Exchange } from './exchange.ts';
import type { ReplyWriter } from './fit.ts';
import { replyFlags, writeHead, writeWords } from './header.ts';
import type { Query } from './query.ts';
import type { Reply } from './reply.ts';
import { Ring, ownWords } from './ring.ts';

export interface CacheSettings {
  /** Answers that are kept at most; rounded up to a power of two, 0: none. */
  readonly answers: number;
  /** Octets of memory for them, 0 to 2^31; each answer takes up to 1,000 octets besides. */
  readonly octets: number;
}

/** Answers whose hash agrees in the bits that choose the place share so many places. */
const ways = 8;

/** No place: there is no such answer. */
export const nowhere = -1;

/**
 * Orders of one answer that are kept. Where there are more, one of them gives way to a new one after so many uses. More
 * of them would spread a little better, and crowd each other out of the processor's caches.
 */
const maxOrders = 4;
const usesOfOrders = 64;
const endlessUses = 2 ** 31 - 1;

/**
 * What the words of a record say. Behind these stand the name of the question, folded, and the answer in its orders: the
 * octets between question and OPT, each filled up to whole words.
 */
const Word = {
  /** The length of the name above 16 bits for the type. */
  key: ownWords,
  /** The room that the answer was made for, where another would make it another; 0 when nothing was left out. */
  room: ownWords + 1,
  /** Octets of the answer, the same in each order. */
  length: ownWords + 2,
  /** Flags above 16 bits for the number of orders that there is room for. */
  flags: ownWords + 3,
  answers: ownWords + 4,
  authorities: ownWords + 5,
  additionals: ownWords + 6,
  /** When it was last given, in seconds of the responder's clock. */
  lastUsed: ownWords + 7,
  /** Orders that are there, and the one given last. */
  orders: ownWords + 8,
  order: ownWords + 9,
  /** How often it is given before it is time for another order. */
  uses: ownWords + 10,
  name: ownWords + 11,
} as const;

const Flag = { authoritative: 0x10000, extendedError: 0x20000 } as const;

export class AnswerCache {
  readonly #answers: (CachedAnswer | null)[];
  /** For each place the hash of the question and the position of the record; 0 without. */
  readonly #table: Int32Array;
  readonly #mask: number;
  readonly #ring: Ring;

  constructor({ answers, octets }: CacheSettings) {
    const groups = answers === 0 ? 0 : 2 ** Math.ceil(Math.log2(Math.max(1, answers / ways)));
    this.#answers = new Array<CachedAnswer | null>(groups * ways).fill(null);
    this.#table = new Int32Array(2 * groups * ways);
    this.#mask = groups - 1;
    this.#ring = new Ring(octets, (place) => this.#answers[place]?.discard());
  }

  /** The place of the answer to `query`, if one is kept that is the same in the room that there is. */
  find(query: Query): number {
    const table = this.#table;
    if (table.length === 0) return nowhere;
    const start = this.#start(query.hash);
    for (let place = start; place < start + ways; place++) {
      if (table[2 * place] === query.hash && this.#suits(table[2 * place + 1]!, query)) return place;
    }
    return nowhere;
  }

  #suits(record: number, query: Query): boolean {
    if (record === 0) return false;
    const { words } = this.#ring;
    if (words[record + Word.key] !== keyOf(query.qname, query.type)) return false;
    const name = query.qname;
    const nameWords = wordsOf(name.length);
    for (let i = 0; i < nameWords; i++) if (words[record + Word.name + i] !== name.words[i]) return false;
    const room = words[record + Word.room]!;
    return room === 0 ? headLength(query) + words[record + Word.length]! <= query.room : room === query.room;
  }

  /**
   * Writes the answer at `place` behind header and question; returns the length of the reply, 0 when it is time to make
   * the answer in another order.
   */
  copy(place: number, exchange: Exchange, query: Query, now: number): number {
    const { words } = this.#ring;
    const record = this.#table[2 * place + 1]!;
    words[record + Word.lastUsed] = now;
    const uses = words[record + Word.uses]!;
    if (uses === 0) return 0;
    words[record + Word.uses] = uses - 1;
    const next = words[record + Word.order]! + 1;
    const order = next < words[record + Word.orders]! ? next : 0;
    words[record + Word.order] = order;

    const authoritative = (words[record + Word.flags]! & Flag.authoritative) !== 0;
    const flags = replyFlags(query.flags, authoritative, false, Rcode.NOERROR);
    const answers = words[record + Word.answers]!;
    const authorities = words[record + Word.authorities]!;
    const head = writeHead(exchange, query, flags, answers, authorities, words[record + Word.additionals]!);
    const length = words[record + Word.length]!;
    const from = record + Word.name + wordsOf(query.qname.length) + order * wordsOf(length);
    writeWords(exchange, exchange.replyStart + head, words, from, length);
    return head + length;
  }

  /** The extended error of the answer at `place`. */
  extendedError(place: number): ExtendedErrorOption | null {
    const flags = this.#ring.words[this.#table[2 * place + 1]! + Word.flags]!;
    return (flags & Flag.extendedError) === 0 ? null : this.#answers[place]!.extendedError;
  }

  /** The answer at `place`, of which it is time to make another order. */
  at(place: number): CachedAnswer {
    return this.#answers[place]!;
  }

  /**
   * Keeps the reply to `query` that `written` has written, in the place of the answer that was not used for longest;
   * false when it is too long, or none are kept.
   */
  add(query: Query, reply: Reply, written: ReplyWriter, exchange: Exchange, length: number, phase: number): boolean {
    if (this.#table.length === 0) return false;
    const tailLength = length - headLength(query);
    const orders = Math.min(written.cycle, maxOrders);
    const place = this.#leastUsed(query.hash);
    const nameWords = wordsOf(query.qname.length);
    const record = this.#ring.add(Word.name + nameWords + orders * wordsOf(tailLength), place);
    if (record === 0) return false;
    this.#answers[place]?.discard();
    const { words } = this.#ring;
    words[record + Word.key] = keyOf(query.qname, query.type);
    words[record + Word.room] = written.trimmed ? query.room : 0;
    words[record + Word.length] = tailLength;
    words[record + Word.flags] =
      orders | (reply.authoritative ? Flag.authoritative : 0) | (reply.extendedError === null ? 0 : Flag.extendedError);
    words[record + Word.answers] = written.answers;
    words[record + Word.authorities] = written.authorities;
    words[record + Word.additionals] = written.additionals;
    words[record + Word.lastUsed] = Math.floor(exchange.receivedAt / 1000);
    words[record + Word.orders] = words[record + Word.order] = 0;
    words.set(query.qname.words.subarray(0, nameWords), record + Word.name);
    this.#table[2 * place] = query.hash;
    this.#table[2 * place + 1] = record;
    this.#answers[place] = new CachedAnswer(this, place, reply, written, phase);
    this.addOrder(place, query, written, exchange, length);
    return true;
  }

  /** Adds to the answer at `place` another order of its records; the oldest gives way to it. */
  addOrder(place: number, query: Query, written: ReplyWriter, { reply, replyStart }: Exchange, length: number): void {
    const { words, octets } = this.#ring;
    const record = this.#table[2 * place + 1]!;
    const room = words[record + Word.flags]! & 0xffff;
    const turn = this.#answers[place]!.turn++;
    const isComplete = turn + 1 >= room;
    words[record + Word.uses] = isComplete ? (written.cycle > maxOrders ? usesOfOrders : endlessUses) : 0;
    const tailLength = words[record + Word.length]!;
    // In another order another number of additional records may fit: that is not this answer.
    if (written.trimmed !== words[record + Word.room]! > 0) return;
    if (written.additionals !== words[record + Word.additionals]) return;
    if (length - headLength(query) !== tailLength) return;
    const orders = words[record + Word.orders]!;
    const order = orders < room ? orders : turn % room;
    if (order === orders) words[record + Word.orders] = orders + 1;
    const to = record + Word.name + wordsOf(query.qname.length) + order * wordsOf(tailLength);
    octets.set(reply.subarray(replyStart + length - tailLength, replyStart + length), 4 * to);
  }

  clear(): void {
    for (const answer of this.#answers) answer?.discard();
  }

  /** Called by an answer that ends; returns when it was last given. */
  release(place: number): number {
    const record = this.#table[2 * place + 1]!;
    this.#ring.remove(record);
    this.#answers[place] = null;
    this.#table[2 * place] = this.#table[2 * place + 1] = 0;
    return this.#ring.words[record + Word.lastUsed]!;
  }

  /** Of the places for `hash` one that is free, or else that of the answer that was not used for longest. */
  #leastUsed(hash: number): number {
    const start = this.#start(hash);
    let least = start;
    for (let place = start; place < start + ways; place++) {
      if (this.#lastUsed(place) < this.#lastUsed(least)) least = place;
    }
    return least;
  }

  #lastUsed(place: number): number {
    const record = this.#table[2 * place + 1]!;
    return record === 0 ? -1 : this.#ring.words[record + Word.lastUsed]!;
  }

  #start(hash: number): number {
    return (homeOf(hash) & this.#mask) * ways;
  }
}

/** What of an answer in the cache is not needed to copy it: what it was made of. */
export class CachedAnswer implements Derived {
  readonly extendedError: ExtendedErrorOption | null;
  /** See RecordOrder.spread. */
  readonly phase: number;
  /** How many orders of its records were made so far. */
  turn = 0;

  readonly #cache: AnswerCache;
  readonly #place: number;
  readonly #nodes: readonly Node[];
  readonly #ttls: readonly number[];
  #ended = false;

  constructor(cache: AnswerCache, place: number, { extendedError }: Reply, written: ReplyWriter, phase: number) {
    this.extendedError = extendedError;
    this.phase = phase;
    this.#cache = cache;
    this.#place = place;
    this.#nodes = written.nodes.slice(0, written.nodeCount);
    this.#ttls = written.ttls.slice(0, written.nodeCount);
    for (const node of this.#nodes) (node.derived ??= new Set()).add(this);
  }

  discard(): void {
    if (this.#ended) return;
    this.#ended = true;
    const lastUsed = this.#cache.release(this.#place);
    for (const [index, node] of this.#nodes.entries()) {
      node.heldUntil = Math.max(node.heldUntil, heldUntil(lastUsed, this.#ttls[index]!));
      node.derived?.delete(this);
      if (node.derived?.size === 0) node.derived = null;
    }
  }
}

/** Until when a resolver may hold what it was given in the second `now`, which may have ended a second later. */
export function heldUntil(now: number, ttl: number): number {
  return now + 1 + ttl;
}

/** Octets of the header and the question. */
function headLength({ questionStart, questionEnd }: Query): number {
  return headerLength + questionEnd - questionStart;
}
