/** The last stage of every reply: the OPT record, what rate limiting makes of the reply, and the counters. */
import { Rcode } from '../wire/codes.ts';
import type { ExtendedErrorOption } from '../wire/edns.ts';
import { type Counters, Event } from './counters.ts';
import type { Exchange } from './exchange.ts';
import { answerCount, truncateReply } from './header.ts';
import { RateLimiter } from './limits.ts';
import { Networks } from './networks.ts';
import { OptWriter } from './opt.ts';
import type { Query } from './query.ts';
import type { ResponderParts, ResponderSettings } from './settings.ts';

export class Finisher {
  readonly #counters: Counters;
  readonly #opt: OptWriter;
  readonly #trusted: Networks;
  readonly #limiter: RateLimiter | null;

  constructor(settings: ResponderSettings, { clock, counters }: ResponderParts) {
    this.#counters = counters;
    this.#opt = new OptWriter(settings, clock);
    this.#trusted = new Networks(settings.trusted);
    this.#limiter = settings.rateLimit === null ? null : new RateLimiter(settings.rateLimit, settings.seed);
  }

  /** Octets that the reply's OPT record will take; an extended error comes only where there is room for more. */
  optLength(exchange: Exchange, query: Query): number {
    return this.#opt.length(exchange, query);
  }

  /** Finishes the reply, of which `length` octets are written; returns how many octets to send, 0 for none. */
  finish(exchange: Exchange, query: Query, length: number, rcode: number, error: ExtendedErrorOption | null): number {
    let finished = length;
    if (this.#isLimited(exchange, query)) {
      const verdict = this.#limiter!.judge(exchange, rcode !== Rcode.NOERROR || answerCount(exchange) === 0);
      if (verdict === 'drop') {
        this.#counters.count(Event.limited);
        return 0;
      }
      if (verdict === 'slip') {
        this.#counters.count(Event.slipped);
        finished = truncateReply(exchange, query);
      }
    }
    if (query.hasOpt) finished = this.#opt.write(exchange, query, finished, rcode, error);
    this.#counters.countReply(exchange.transport, rcode);
    return finished;
  }

  /** TCP and a valid cookie prove that the client is where it says. */
  #isLimited(exchange: Exchange, query: Query): boolean {
    if (this.#limiter === null || exchange.transport === 'tcp') return false;
    return !this.#trusted.has(exchange.peer, exchange.peerStart) && !this.#opt.hasValidCookie(exchange, query);
  }
}
