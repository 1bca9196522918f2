/**
 * The name server between sockets and zones: a query's octets in, a reply's octets out. Each step is a file of its own;
 * this one puts them in order.
 */
import { ExtendedError, Rcode } from '../wire/codes.ts';
import type { ExtendedErrorOption } from '../wire/edns.ts';
import type { AppliedChange, ZoneChange } from '../zone/change.ts';
import { Zones } from '../zone/zones.ts';
import { accept, dropped } from './accept.ts';
import { Answers } from './answers.ts';
import { Event, timedQueries } from './counters.ts';
import type { Exchange, Respond } from './exchange.ts';
import { Finisher } from './finish.ts';
import { writeEmptyReply } from './header.ts';
import { Networks } from './networks.ts';
import { Query } from './query.ts';
import type { ResponderParts, ResponderSettings } from './settings.ts';

export interface Responder extends Respond {
  /** Applies a change to the zones. Throws RangeError, and changes nothing, on one that does not fit to them. */
  apply(change: ZoneChange): AppliedChange;
  /**
   * Compiles what has changed, for about so many `milliseconds`, to be called when there is nothing else to do; false when
   * there may be more.
   */
  compile(milliseconds: number): boolean;
}

export function createResponder(settings: ResponderSettings, parts: ResponderParts): Responder {
  return new ZoneResponder(settings, parts);
}

/**
 * What a client without EDNS takes over UDP, and the least that one with EDNS can say (RFC 1035 section 4.2.1, RFC 6891
 * section 6.2.3).
 */
const leastPayload = 512;

const mostOctets = 65_535;

const prohibited: ExtendedErrorOption = { infoCode: ExtendedError.Prohibited, text: '' };

/** Milliseconds between two log lines on failures. */
const failureLogInterval = 1000;

class ZoneResponder implements Responder {
  readonly #settings: ResponderSettings;
  readonly #parts: ResponderParts;
  readonly #zones = new Zones();
  readonly #query = new Query();
  readonly #allowQuery: Networks;
  readonly #answers: Answers;
  readonly #finisher: Finisher;
  #untimed = 0;
  #failureLoggedAt = -Infinity;

  constructor(settings: ResponderSettings, parts: ResponderParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#allowQuery = new Networks(settings.allowQuery);
    this.#answers = new Answers(settings, parts.counters, this.#zones);
    this.#finisher = new Finisher(settings, parts);
  }

  apply(change: ZoneChange): AppliedChange {
    const { heldFor, recut } = this.#zones.apply(change, Math.floor(this.#parts.clock.now() / 1000));
    if (recut) this.#answers.clear();
    return { heldFor };
  }

  compile(milliseconds: number): boolean {
    const { clock } = this.#parts;
    const end = clock.now() + milliseconds;
    return this.#zones.compile(() => clock.now() >= end);
  }

  respond(exchange: Exchange): number {
    this.#untimed += 1;
    if (this.#untimed < timedQueries) return this.#respondSafely(exchange);
    this.#untimed = 0;
    const { clock, counters } = this.#parts;
    const start = clock.now();
    const length = this.#respondSafely(exchange);
    // The header has the lower four bits of the rcode; the few that are longer say little about times.
    const rcode = length === 0 ? null : exchange.reply[exchange.replyStart + 3]! & 0x0f;
    if (rcode !== null) counters.countLatency(exchange.transport, rcode, (clock.now() - start) * 1000);
    return length;
  }

  /** A query that meets a bug gets SERVFAIL, and the next one is none the worse. */
  #respondSafely(exchange: Exchange): number {
    try {
      return this.#respond(exchange);
    } catch (error) {
      this.#report(exchange, error);
      return writeEmptyReply(exchange, this.#query, Rcode.SERVFAIL);
    }
  }

  #respond(exchange: Exchange): number {
    const query = this.#query;
    const rcode = accept(exchange, query);
    if (rcode === dropped) {
      this.#parts.counters.count(Event.malformed);
      return 0;
    }
    query.limit = this.#sizeLimit(exchange);
    query.room = query.limit - this.#finisher.optLength(exchange, query);
    if (rcode !== Rcode.NOERROR || !query.hasQuestion) return this.#refuse(exchange, rcode, query.extendedError);
    const isAllowed = this.#allowQuery.has(exchange.peer, exchange.peerStart);
    if (!isAllowed) return this.#refuse(exchange, Rcode.REFUSED, prohibited);
    const answers = this.#answers;
    const length = answers.write(exchange, query);
    if (isStale(answers.extendedError)) this.#parts.counters.count(Event.staleAnswers);
    return this.#finisher.finish(exchange, query, length, answers.rcode, answers.extendedError);
  }

  /** Octets that the reply may have. */
  #sizeLimit({ transport, replyRoom }: Exchange): number {
    if (transport === 'tcp') return Math.min(mostOctets, replyRoom);
    const { hasOpt, payloadSize } = this.#query;
    const payload = hasOpt ? Math.max(leastPayload, Math.min(payloadSize, this.#settings.udpPayload)) : leastPayload;
    return Math.min(payload, replyRoom);
  }

  #refuse(exchange: Exchange, rcode: number, error: ExtendedErrorOption | null): number {
    const length = writeEmptyReply(exchange, this.#query, rcode);
    return this.#finisher.finish(exchange, this.#query, length, rcode, error);
  }

  #report({ request, start, end, receivedAt }: Exchange, error: unknown): void {
    const { counters, log } = this.#parts;
    counters.count(Event.failures);
    if (receivedAt - this.#failureLoggedAt < failureLogInterval) return;
    this.#failureLoggedAt = receivedAt;
    const query = request.toString('hex', start, Math.min(end, start + leastPayload));
    log.error({ err: error, query }, 'a query failed');
  }
}

function isStale(error: ExtendedErrorOption | null): boolean {
  return error?.infoCode === ExtendedError.StaleAnswer || error?.infoCode === ExtendedError.StaleNxdomainAnswer;
}
