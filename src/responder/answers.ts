/**
 * Writes the answer to an accepted query: copied where it is compiled, or was given before and still holds; else looked
 * up and, if it will hold until a name changes, kept.
 */
import { RRClass, Rcode } from '../wire/codes.ts';
import type { ExtendedErrorOption } from '../wire/edns.ts';
import type { Zone } from '../zone/zone.ts';
import type { Zones } from '../zone/zones.ts';
import { answer } from './answer.ts';
import { AskedLately } from './asked.ts';
import { AnswerCache, heldUntil, nowhere } from './cache.ts';
import { answerChaos } from './chaos.ts';
import { type Counters, Event } from './counters.ts';
import { CompiledCopier } from './compiled.ts';
import type { Exchange } from './exchange.ts';
import { ReplyWriter } from './fit.ts';
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
  readonly #writer: ReplyWriter;
  readonly #compiled = new CompiledCopier();
  readonly #cache: AnswerCache;
  readonly #asked = new AskedLately();

  constructor(settings: ResponderSettings, counters: Counters, zones: Zones) {
    this.#settings = settings;
    this.#counters = counters;
    this.#zones = zones;
    this.#writer = new ReplyWriter(settings.seed);
    this.#cache = new AnswerCache(settings.cache);
  }

  /** Writes all of the reply but its OPT record; returns the number of octets. */
  write(exchange: Exchange, query: Query): number {
    const now = Math.floor(exchange.receivedAt / 1000);
    if (query.class !== RRClass.IN) return this.#writeOtherClass(exchange, query, now);
    const zone = this.#zones.find(query.qname, query.type);
    const compiled = zone === null ? 0 : this.#compiled.copy(exchange, query, zone, now);
    if (compiled > 0) return this.#copied(Event.compiled, compiled, null);
    // What is kept is of names that exist.
    const place = zone === null || zone.node(query.qname) === null ? nowhere : this.#cache.find(query);
    const length = place === nowhere ? 0 : this.#cache.copy(place, exchange, query, now);
    if (length > 0) return this.#copied(Event.cacheHits, length, this.#cache.extendedError(place));
    return this.#lookUp(exchange, query, zone, place, now);
  }

  /** Throws away all that is kept: names that no change mentions are answered in another way. */
  clear(): void {
    this.#cache.clear();
  }

  #copied(event: Event, length: number, error: ExtendedErrorOption | null): number {
    this.#counters.count(event);
    this.rcode = Rcode.NOERROR;
    this.extendedError = error;
    return length;
  }

  /** Looks up what is not kept, or what is kept at `place` but due in another order. */
  #lookUp(exchange: Exchange, query: Query, zone: Zone | null, place: number, now: number): number {
    this.#counters.count(Event.cacheMisses);
    const reply = answer(this.#zones, zone, query.qname, query.type);
    const kept = place === nowhere ? null : this.#cache.at(place);
    const phase = kept?.phase ?? Math.random();
    const length = this.#writeReply(exchange, query, reply, kept?.turn ?? 0, phase);
    if (!this.#isKeepable(reply, length)) this.#hold(now);
    else if (kept !== null) this.#cache.addOrder(place, query, this.#writer, exchange, length);
    else if (!this.#asked.again(query.hash)) this.#hold(now);
    else if (zone?.compiled.compileAsked(query.qname, query.type)) this.#hold(now);
    else if (!this.#cache.add(query, reply, this.#writer, exchange, length, phase)) this.#hold(now);
    return length;
  }

  #writeOtherClass(exchange: Exchange, query: Query, now: number): number {
    const { qname, type } = query;
    const isChaos = query.class === RRClass.CH;
    const zones = this.#zones;
    const reply = isChaos
      ? answerChaos(this.#settings, qname.name(), type)
      : answer(zones, zones.find(qname, type), qname, type);
    // RFC 1035 section 6.2: what is asked of any class is never answered with authority.
    reply.authoritative = false;
    const length = this.#writeReply(exchange, query, reply, 0, 0);
    this.#hold(now);
    return length;
  }

  #writeReply(exchange: Exchange, query: Query, reply: Reply, turn: number, phase: number): number {
    const length = this.#writer.write(exchange, query, reply, turn, phase);
    if (this.#writer.truncated) this.#counters.count(Event.truncated);
    this.rcode = this.#writer.rcode;
    this.extendedError = reply.extendedError;
    return length;
  }

  /** True when the reply that was written is the same for all clients, and lasts. */
  #isKeepable(reply: Reply, length: number): boolean {
    const { steady, personal, truncated, nodeCount } = this.#writer;
    const isSmall = nodeCount <= mostKeptNodes && length <= mostKeptOctets;
    return isSmall && reply.steady && steady && !personal && !truncated;
  }

  /** Notes in the nodes how long a resolver may hold what was written. */
  #hold(now: number): void {
    const { nodes, ttls, nodeCount } = this.#writer;
    for (let i = 0; i < nodeCount; i++) {
      const node = nodes[i]!;
      node.heldUntil = Math.max(node.heldUntil, heldUntil(now, ttls[i]!));
    }
  }
}
