/**
 * One TCP connection (RFC 7766): queries in, pipelined or one by one; replies out. It never reads further than it has
 * answered, and answers no further than the client reads, so a client can make it hold one message, one chunk, and about
 * twice the size of a reply.
 */
import type { Socket } from 'node:net';
import type { Exchange, Respond } from '../responder/exchange.ts';
import { readFrom } from './exchange.ts';
import type { Clock } from '../runtime/clock.ts';
import { MessageReader } from './message-reader.ts';
import { addressOctets, writeAddress } from './peer.ts';
import type { TcpLimits } from './tcp-limits.ts';

/** Queries of a connection that are answered in a row, and the octets of replies after which the row ends early. */
const queriesPerTurn = 8;
const octetsPerTurn = 16 * 1024;
/** Octets of replies that may wait for the client before its next query is answered. */
const mostUnsent = 64 * 1024;
/** A shorter message has no header (RFC 1035 section 4.1.1), so not even an error can be replied. */
const headerOctets = 12;
const lengthOctets = 2;

export interface TcpConnectionOptions {
  readonly responder: Respond;
  readonly clock: Clock;
  readonly limits: TcpLimits;
  /** Called when a query waits; `takeTurn` is expected soon. */
  readonly onReady: (connection: TcpConnection) => void;
  readonly onClose: (connection: TcpConnection) => void;
}

export class TcpConnection {
  /** 16 octets, IPv4 as ::ffff:a.b.c.d. */
  readonly peer = new Uint8Array(addressOctets);
  readonly #socket: Socket;
  readonly #options: TcpConnectionOptions;
  #reader = new MessageReader();
  #queries = 0;
  /** When the last query was answered, at first when the connection was made; milliseconds of the clock, as all that follow. */
  #lastAnswer: number;
  /** When the first octet of an incomplete query came. */
  #partialSince: number | undefined;
  /** When a reply began to wait for the client, or the client last read one of several. */
  #unsentSince: number | undefined;
  /** When we ended our side; what still comes is thrown away. */
  #endedSince: number | undefined;
  /** True when no more queries are taken than have come: the client has ended its side, or we are closing. */
  #isLastCall = false;

  /** Throws RangeError on a socket whose client has gone again. */
  constructor(socket: Socket, options: TcpConnectionOptions) {
    writeAddress(socket.remoteAddress ?? '', this.peer);
    this.#socket = socket;
    this.#options = options;
    this.#lastAnswer = options.clock.now();
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('end', () => this.#finish());
    // What went wrong matters to no one; `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => options.onClose(this));
  }

  get lastAnswer(): number {
    return this.#lastAnswer;
  }

  /** True while a query of this client waits for us, not for the client. */
  get isBusy(): boolean {
    return this.#endedSince === undefined && this.#reader.hasMessage && !this.#isClogged;
  }

  get #isClogged(): boolean {
    return this.#socket.writableLength > mostUnsent;
  }

  #take(chunk: Buffer): void {
    if (this.#endedSince !== undefined) return;
    this.#reader.push(chunk);
    this.#goOn();
  }

  /** Answers some of the queries that wait, and arranges for what comes next. */
  takeTurn(exchange: Exchange): void {
    if (this.#endedSince !== undefined) return;
    this.#socket.cork();
    let octets = 0;
    for (let count = 0; count < queriesPerTurn && octets < octetsPerTurn && !this.#isClogged; count++) {
      const query = this.#reader.next();
      if (query === undefined) break;
      this.#partialSince = undefined;
      if (query.length < headerOctets) {
        this.#end();
        break;
      }
      octets += this.#reply(exchange, query);
      this.#queries += 1;
      if (this.#queries === this.#options.limits.queries) {
        this.#end();
        break;
      }
    }
    this.#socket.uncork();
    this.#goOn();
  }

  /** Returns the length of the reply. */
  #reply(exchange: Exchange, query: Buffer): number {
    readFrom(exchange, query);
    exchange.end = query.length;
    exchange.peer = this.peer;
    exchange.peerPort = this.#socket.remotePort ?? 0;
    exchange.receivedAt = this.#options.clock.now();
    this.#lastAnswer = exchange.receivedAt;
    const length = this.#options.responder.respond(exchange);
    if (length === 0) return 0;
    // A copy, for the socket keeps it until the client has read it.
    const message = Buffer.allocUnsafe(lengthOctets + length);
    message.writeUInt16BE(length);
    exchange.reply.copy(message, lengthOctets, exchange.replyStart, exchange.replyStart + length);
    this.#unsentSince ??= exchange.receivedAt;
    this.#socket.write(message, this.#onWritten);
    return length;
  }

  readonly #onWritten = (): void => {
    this.#unsentSince = this.#socket.writableLength === 0 ? undefined : this.#options.clock.now();
    this.#goOn();
  };

  /** Whatever has changed: waits to be asked for the next answer, or reads on, or ends. */
  #goOn(): void {
    if (this.#endedSince !== undefined) return;
    if (this.#reader.hasMessage) {
      this.#socket.pause();
      if (!this.#isClogged) this.#options.onReady(this);
    } else if (this.#isLastCall) {
      this.#end();
    } else {
      if (!this.#reader.isEmpty) this.#partialSince ??= this.#options.clock.now();
      this.#socket.resume();
    }
  }

  /** Closes the connection when it owes its client nothing; else answers what has come whole, and then ends it. */
  close(): void {
    if (this.#reader.hasMessage || this.#unsentSince !== undefined) this.#finish();
    else this.destroy();
  }

  #finish(): void {
    this.#isLastCall = true;
    this.#goOn();
  }

  /**
   * Ends our side. What the client still sends is read and thrown away until it ends its own: closing over unread octets
   * would make the system reset the connection, and the client might lose replies that it has not read yet.
   */
  #end(): void {
    this.#endedSince = this.#options.clock.now();
    this.#reader = new MessageReader();
    this.#socket.end();
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Closes the connection if one of its times is over; `idle` in seconds. Returns true when its client was too slow. */
  enforceTimes(idle: number): boolean {
    const now = this.#options.clock.now();
    const { message, write } = this.#options.limits;
    const isOver = (since: number | undefined, seconds: number): boolean => since !== undefined && now - since >= seconds * 1000;
    if (isOver(this.#unsentSince, write) || (!this.isBusy && isOver(this.#partialSince, message))) {
      this.destroy();
      return true;
    }
    if (this.#unsentSince !== undefined) return false;
    if (isOver(this.#endedSince, message)) this.destroy();
    else if (this.#endedSince === undefined && this.#reader.isEmpty && isOver(this.#lastAnswer, idle)) this.#end();
    return false;
  }
}
