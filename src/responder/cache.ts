/**
 * The answer cache: what was answered before is answered by copying. It holds only answers made of names that exist, so
 * that no flood of invented names can fill it; each ends when one of its nodes changes (Derived). It is a table of our
 * own and no LRU map, because it is searched by the octets of the query: no string is made to find an answer.
 */
import type { ExtendedErrorOption } from '../wire/edns.ts';
import { headerLength } from '../wire/flags.ts';
import type { Name } from '../wire/name.ts';
import { type Octets, octetsOf } from '../wire/octets.ts';
import type { Derived, Node } from '../zone/node.ts';
import type { Exchange } from './exchange.ts';
import type { ReplyWriter } from './fit.ts';
import type { RecordCounts } from './header.ts';
import type { Query } from './query.ts';
import type { Reply } from './reply.ts';

export interface CacheSettings {
  /** Answers that are kept at most; rounded up to a power of two, 0: none. */
  readonly answers: number;
  /** Octets of memory that their tails take at most. */
  readonly octets: number;
}

/** Answers whose hash agrees in the bits that choose the place share so many places. */
const ways = 8;

/**
 * Orders of one answer that are kept, and how often they are used before one of them gives way to a new one. More of
 * them would spread a little better, and crowd each other out of the processor's caches.
 */
const maxOrders = 4;
const usesOfOrders = 64;

/** Questions that are remembered as asked; a power of two. */
const askedCount = 65_536;

/** What an answer takes besides its octets, estimated. */
const answerOverhead = 1000;

export class AnswerCache {
  readonly #places: (CachedAnswer | null)[];
  readonly #hashes: Int32Array;
  readonly #mask: number;
  readonly #maxOctets: number;
  /** Hashes of questions that were asked lately and are not kept, each where its lower bits say. */
  readonly #asked = new Int32Array(askedCount);
  #octets = 0;
  /** Goes round the places when octets must be set free. */
  #hand = 0;

  constructor({ answers, octets }: CacheSettings) {
    const groups = answers === 0 ? 0 : 2 ** Math.ceil(Math.log2(Math.max(1, answers / ways)));
    this.#places = new Array<CachedAnswer | null>(groups * ways).fill(null);
    this.#hashes = new Int32Array(groups * ways);
    this.#mask = groups - 1;
    this.#maxOctets = octets;
  }

  /** True when the answer to `query` is worth keeping, because it was asked lately: most of many names are asked once. */
  wants({ hash }: Query): boolean {
    const index = hash & (askedCount - 1);
    if (this.#asked[index] === hash) return this.#places.length > 0;
    this.#asked[index] = hash;
    return false;
  }

  /** The answer to the question of `query`, if one is kept that is the same in the room that there is. */
  find(query: Query): CachedAnswer | null {
    if (this.#places.length === 0) return null;
    const start = this.#start(query.hash);
    for (let place = start; place < start + ways; place++) {
      if (this.#hashes[place] !== query.hash) continue;
      const answer = this.#places[place];
      if (answer?.suits(query)) return answer;
    }
    return null;
  }

  /** Keeps an answer to `query` in the place of that of its group which was not used for longest. */
  add(query: Query, answer: CachedAnswer): void {
    const start = this.#start(query.hash);
    let place = start;
    for (let other = start; other < start + ways; other++) {
      if (lastUsed(this.#places[other]!) < lastUsed(this.#places[place]!)) place = other;
    }
    this.#places[place]?.discard();
    this.#places[place] = answer;
    this.#hashes[place] = query.hash;
    answer.enter(this, place);
  }

  clear(): void {
    for (const answer of this.#places) answer?.discard();
  }

  /** Called by an answer that has ended. */
  release(place: number): void {
    this.#places[place] = null;
    this.#hashes[place] = 0;
  }

  /** Called by an answer that takes so many more octets, or fewer; makes others go where they are too many. */
  account(octets: number): void {
    this.#octets += octets;
    while (this.#octets > this.#maxOctets) {
      this.#places[this.#hand]?.discard();
      this.#hand = (this.#hand + 1) % this.#places.length;
    }
  }

  #start(hash: number): number {
    return ((hash ^ (hash >>> 16)) & this.#mask) * ways;
  }
}

/** An answer in the cache: the octets between question and OPT, in some orders of its records. */
export class CachedAnswer implements Derived, RecordCounts {
  readonly answers: number;
  readonly authorities: number;
  readonly additionals: number;
  readonly authoritative: boolean;
  readonly extendedError: ExtendedErrorOption | null;
  /** See RecordOrder.spread. */
  readonly phase: number;
  /** How many orders of its records were made so far. */
  turn = 0;
  /** When it was last given, in seconds of the responder's clock. */
  lastUsed: number;

  readonly #name: Name;
  readonly #type: number;
  /** The room that it was made for, where another would make it another; 0 when nothing was left out. */
  readonly #room: number;
  readonly #nodes: readonly Node[];
  readonly #ttls: readonly number[];
  /** Strings, because their octets are where the string is, not one more reference away. */
  readonly #tails: Octets[] = [];
  /** How many orders there are to be. */
  readonly #orders: number;
  #next = 0;
  #uses = 0;
  /** Octets of the longest tail. */
  #longest = 0;
  #memory = answerOverhead;
  #cache: AnswerCache | null = null;
  #place = 0;

  /** Of the reply to `query` that `written` has written; `now` in seconds of the responder's clock. */
  constructor(query: Query, { authoritative, extendedError }: Reply, written: ReplyWriter, phase: number, now: number) {
    this.answers = written.answers;
    this.authorities = written.authorities;
    this.additionals = written.additionals;
    this.authoritative = authoritative;
    this.extendedError = extendedError;
    this.phase = phase;
    this.lastUsed = now;
    this.#name = query.name;
    this.#type = query.type;
    this.#room = written.trimmed ? query.room : 0;
    this.#nodes = [...written.nodes];
    this.#ttls = [...written.ttls];
    this.#orders = written.spread ? maxOrders : 1;
  }

  /** True when this is the answer to `query` in the room that there is. */
  suits(query: Query): boolean {
    const { nameLength, folded, type, room } = query;
    const name = this.#name;
    if (name.length !== nameLength || this.#type !== type) return false;
    for (let i = 0; i < nameLength; i++) if (name.charCodeAt(i) !== folded[i]) return false;
    return this.#room === 0 ? headLength(query) + this.#longest <= room : this.#room === room;
  }

  /** The octets for the next reply; null when it is time to make them in another order. */
  next(now: number): Octets | null {
    this.lastUsed = now;
    if (this.#orders === 1) return this.#tails[0]!;
    if (this.turn < this.#orders || this.#uses === usesOfOrders) return null;
    this.#uses += 1;
    this.#next = this.#next + 1 < this.#tails.length ? this.#next + 1 : 0;
    return this.#tails[this.#next]!;
  }

  /** Adds the octets of the reply of `length` octets that `written` has written; the oldest give way to them. */
  put(written: ReplyWriter, { reply, replyStart }: Exchange, query: Query, length: number): void {
    this.turn += 1;
    this.#uses = 0;
    // In another order another number of additional records may fit: that is not this answer.
    if (written.trimmed !== this.#room > 0 || written.additionals !== this.additionals) return;
    const tail = octetsOf(reply, replyStart + headLength(query), replyStart + length);
    const replaced = this.#tails.length < this.#orders ? undefined : this.#tails.shift();
    this.#tails.push(tail);
    this.#longest = Math.max(this.#longest, tail.length);
    this.#account(tail.length - (replaced?.length ?? 0));
  }

  /** Called by the cache that takes it in. */
  enter(cache: AnswerCache, place: number): void {
    this.#cache = cache;
    this.#place = place;
    for (const node of this.#nodes) (node.derived ??= new Set()).add(this);
    cache.account(this.#memory);
  }

  discard(): void {
    const cache = this.#cache;
    if (cache === null) return;
    this.#cache = null;
    for (const [index, node] of this.#nodes.entries()) {
      node.heldUntil = Math.max(node.heldUntil, heldUntil(this.lastUsed, this.#ttls[index]!));
      node.derived?.delete(this);
      if (node.derived?.size === 0) node.derived = null;
    }
    cache.release(this.#place);
    cache.account(-this.#memory);
  }

  #account(octets: number): void {
    this.#memory += octets;
    this.#cache?.account(octets);
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

function lastUsed(answer: CachedAnswer | null): number {
  return answer === null ? -1 : answer.lastUsed;
}
