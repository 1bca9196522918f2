/**
 * Writes the answer to an accepted query: copied where it was given before and still holds, else looked up and, if it
 * will hold until a name changes, kept.
 */
import { hashBytes } from '../runtime/hash.ts';
import { RRClass, Rcode } from '../wire/codes.ts';
import type { ExtendedErrorOption } from '../wire/edns.ts';
import { writeOctets } from '../wire/octets.ts';
import type { Zones } from '../zone/zones.ts';
import { answer } from './answer.ts';
import { AnswerCache, CachedAnswer, heldUntil } from './cache.ts';
import { answerChaos } from './chaos.ts';
import { type Counters, Event } from './counters.ts';
import type { Exchange } from './exchange.ts';
import { ReplyWriter } from './fit.ts';
import { replyFlags, writeHead } from './header.ts';
import type { Query } from './query.ts';
import type { Reply } from './reply.ts';
import type { ResponderSettings } from './settings.ts';

/** Answers made of more nodes, or with more octets, are not kept: to copy them would save little. */
const mostKeptNodes = 128;
const mostKeptOctets = 8192;

export class Answers {
  /** Of the last answer. */
  rcode: number = Rcode.NOERROR;
  extendedError: ExtendedErrorOption | null = null;

  readonly #settings: ResponderSettings;
  readonly #counters: Counters;
  readonly #zones: Zones;
  readonly #writer = new ReplyWriter();
  readonly #cache: AnswerCache;

  constructor(settings: ResponderSettings, counters: Counters, zones: Zones) {
    this.#settings = settings;
    this.#counters = counters;
    this.#zones = zones;
    this.#cache = new AnswerCache(settings.cache);
  }

  /** Writes all of the reply but its OPT record; returns the number of octets. */
  write(exchange: Exchange, query: Query): number {
    if (query.class !== RRClass.IN) return this.#writeOtherClass(exchange, query);
    const now = Math.floor(exchange.receivedAt / 1000);
    const cached = this.#cache.find(query);
    return (cached && this.#copy(exchange, query, cached, now)) ?? this.#lookUp(exchange, query, cached, now);
  }

  /** Throws away all that is kept: names that no change mentions are answered in another way. */
  clear(): void {
    this.#cache.clear();
  }

  /** Null when the cached answer is due to be given in another order. */
  #copy(exchange: Exchange, query: Query, cached: CachedAnswer, now: number): number | null {
    const tail = cached.next(now);
    if (tail === null) return null;
    this.#counters.count(Event.cacheHits);
    this.rcode = Rcode.NOERROR;
    this.extendedError = cached.extendedError;
    const flags = replyFlags(query.flags, cached.authoritative, false, Rcode.NOERROR);
    const length = writeHead(exchange, query, flags, cached);
    writeOctets(tail, exchange.reply, exchange.replyStart + length);
    return length + tail.length;
  }

  #lookUp(exchange: Exchange, query: Query, cached: CachedAnswer | null, now: number): number {
    this.#counters.count(Event.cacheMisses);
    const reply = answer(this.#zones, query.name, query.type);
    const phase = cached?.phase ?? Math.random();
    const length = this.#writeReply(exchange, query, reply, cached?.turn ?? 0, phase);
    if (this.#isKeepable(reply, length) && (cached !== null || this.#cache.wants(query))) {
      const kept = cached ?? new CachedAnswer(query, reply, this.#writer, phase, now);
      kept.put(this.#writer, exchange, query, length);
      if (cached === null) this.#cache.add(query, kept);
    } else {
      this.#hold(now);
    }
    return length;
  }

  #writeOtherClass(exchange: Exchange, query: Query): number {
    const { name, type } = query;
    const isChaos = query.class === RRClass.CH;
    const reply = isChaos ? answerChaos(this.#settings, name, type) : answer(this.#zones, name, type);
    // RFC 1035 section 6.2: what is asked of any class is never answered with authority.
    reply.authoritative = false;
    return this.#writeReply(exchange, query, reply, 0, 0);
  }

  #writeReply(exchange: Exchange, query: Query, reply: Reply, turn: number, phase: number): number {
    const client = hashBytes(exchange.peer, exchange.peerStart, 16, this.#settings.seed);
    const length = this.#writer.write(exchange, query, reply, { client, turn, phase });
    if (this.#writer.truncated) this.#counters.count(Event.truncated);
    this.rcode = this.#writer.rcode;
    this.extendedError = reply.extendedError;
    return length;
  }

  /** True when the reply that was written is the same for all clients, and lasts. */
  #isKeepable(reply: Reply, length: number): boolean {
    const { steady, personal, truncated, nodes } = this.#writer;
    const isSmall = nodes.length <= mostKeptNodes && length <= mostKeptOctets;
    return isSmall && reply.steady && steady && !personal && !truncated;
  }

  /** Notes in the nodes how long a resolver may hold what was written. */
  #hold(now: number): void {
    const { nodes, ttls } = this.#writer;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      node.heldUntil = Math.max(node.heldUntil, heldUntil(now, ttls[i]!));
    }
  }
}
