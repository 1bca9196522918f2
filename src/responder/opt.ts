/** Writes the OPT record of a reply (RFC 6891), with the options that the query asked for, behind all other records. */
import type { Clock } from '../runtime/clock.ts';
import { OptionCode, RRType } from '../wire/codes.ts';
import { type ExtendedErrorOption, optTtl } from '../wire/edns.ts';
import { type Octets, utf8Octets, writeOctets } from '../wire/octets.ts';
import { Cookies, cookieLength } from './cookies.ts';
import type { Exchange } from './exchange.ts';
import { countAdditional, writeUint16, writeUint32 } from './header.ts';
import type { Query } from './query.ts';
import type { ResponderSettings } from './settings.ts';

const emptyOptLength = 11;
const optionHeaderLength = 4;

export class OptWriter {
  readonly #udpPayload: number;
  readonly #nsid: Octets;
  readonly #tcpIdle: number;
  readonly #cookies: Cookies;
  readonly #clock: Clock;
  #readAt = -Infinity;
  #wallSeconds = 0;

  constructor({ udpPayload, nsid, tcpIdle, cookieSecrets }: ResponderSettings, clock: Clock) {
    this.#udpPayload = udpPayload;
    this.#nsid = utf8Octets(nsid ?? '');
    this.#tcpIdle = tcpIdle;
    this.#cookies = new Cookies(cookieSecrets.map((secret) => Buffer.from(secret, 'hex')));
    this.#clock = clock;
  }

  /** Octets that the record takes in the reply; an extended error comes only where there is room for more. */
  length(exchange: Exchange, query: Query): number {
    if (!query.hasOpt) return 0;
    let length = emptyOptLength;
    if (this.#sendsNsid(query)) length += optionHeaderLength + this.#nsid.length;
    if (query.cookieLength > 0) length += optionHeaderLength + cookieLength;
    if (sendsKeepalive(exchange, query)) length += optionHeaderLength + 2;
    return length;
  }

  /** True when the query brings a server cookie of ours: its source address is not forged (RFC 7873 section 4.2). */
  hasValidCookie(exchange: Exchange, query: Query): boolean {
    return query.cookieLength > 0 && this.#cookies.isValid(exchange, query, this.#seconds(exchange));
  }

  /**
   * Writes the record behind the `length` octets of the reply, with `error` if there is room; returns the new length.
   */
  write(exchange: Exchange, query: Query, length: number, rcode: number, error: ExtendedErrorOption | null): number {
    const { reply, replyStart } = exchange;
    const start = replyStart + length;
    reply[start] = 0;
    writeUint16(reply, start + 1, RRType.OPT);
    writeUint16(reply, start + 3, this.#udpPayload);
    // RFC 6891 section 6.1.4: DO comes back as it was, all other flags are zero.
    writeUint32(reply, start + 5, optTtl(rcode, 0, query.dnssecOk));
    let end = start + emptyOptLength;
    if (this.#sendsNsid(query)) {
      end = writeOptionHeader(reply, end, OptionCode.NSID, this.#nsid.length);
      end = writeOctets(this.#nsid, reply, end);
    }
    if (query.cookieLength > 0) {
      end = writeOptionHeader(reply, end, OptionCode.COOKIE, cookieLength);
      this.#cookies.write(exchange, query, this.#seconds(exchange), end);
      end += cookieLength;
    }
    if (sendsKeepalive(exchange, query)) {
      end = writeOptionHeader(reply, end, OptionCode.KEEPALIVE, 2);
      // RFC 7828 section 3.1: in units of 100 milliseconds.
      end = writeUint16(reply, end, this.#tcpIdle * 10);
    }
    if (error !== null) end = writeExtendedError(reply, end, replyStart + query.limit, error);
    writeUint16(reply, start + 9, end - start - emptyOptLength);
    countAdditional(exchange);
    return end - replyStart;
  }

  #sendsNsid(query: Query): boolean {
    return query.wantsNsid && this.#nsid !== '';
  }

  /** Seconds since 1970, the time of cookies. The clock is looked at once a second: to read it is dear beside the rest. */
  #seconds({ receivedAt }: Exchange): number {
    if (receivedAt - this.#readAt >= 1000) {
      this.#readAt = receivedAt;
      this.#wallSeconds = Math.floor(this.#clock.wall() / 1000);
    }
    return this.#wallSeconds;
  }
}

/** RFC 7828 section 3.3: never over UDP, and only to a client that knows the option. */
function sendsKeepalive(exchange: Exchange, query: Query): boolean {
  return query.wantsKeepalive && exchange.transport === 'tcp';
}

function writeExtendedError(reply: Buffer, at: number, end: number, { infoCode, text }: ExtendedErrorOption): number {
  // Most have no text, and to ask about it would cost more than all the rest.
  const length = 2 + (text === '' ? 0 : Buffer.byteLength(text));
  if (at + optionHeaderLength + length > end) return at;
  const textAt = writeUint16(reply, writeOptionHeader(reply, at, OptionCode.EDE, length), infoCode);
  return text === '' ? textAt : textAt + reply.write(text, textAt);
}

/** Returns where the option's data go. */
function writeOptionHeader(reply: Buffer, at: number, code: number, length: number): number {
  return writeUint16(reply, writeUint16(reply, at, code), length);
}
