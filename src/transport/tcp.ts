/**
 * TCP (RFC 7766, RFC 9210) by node:net. Connections take turns: however much one client sends at once, a few of its queries
 * are answered, then a few of the next client's, and between two rounds the thread does its other work. When connections
 * run out, a new one takes the place of the one that has gone longest without an answer, so that silent and slow clients
 * keep nobody out.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Respond } from '../responder/exchange.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Endpoint } from '../runtime/endpoint.ts';
import type { Agenda } from './agenda.ts';
import type { TransportCounters } from './counters.ts';
import { createExchange } from './exchange.ts';
import type { Listener, Transport } from './listener.ts';
import { clientOf } from './peer.ts';
import { TcpConnection, type TcpConnectionOptions } from './tcp-connection.ts';
import { mostConnections, type TcpLimits } from './tcp-limits.ts';

/** Turns of connections before the thread does something else. */
const turnsPerRound = 4;
/** Connections that the system completes while we are busy. */
const backlog = 1024;
/** Milliseconds between two looks at the connections' times. */
const lookEvery = 250;
/** From this share of all connections on, idle ones are closed sooner. */
const crowded = 0.9;
const crowdedIdle = 1 / 20;
const largestMessage = 65_535;

export interface TcpOptions {
  readonly responder: Respond;
  readonly counters: TransportCounters;
  readonly clock: Clock;
  readonly agenda: Agenda;
  readonly limits: TcpLimits;
}

export class TcpTransport implements Transport {
  readonly #options: TcpOptions;
  readonly #most: number;
  readonly #connectionOptions: TcpConnectionOptions;
  readonly #exchange = createExchange('tcp', Buffer.alloc(largestMessage));
  readonly #servers = new Set<Server>();
  readonly #connections = new Set<TcpConnection>();
  readonly #connectionsOf = new Map<string, Set<TcpConnection>>();
  /** Connections with a query that waits, in the order of their turns. */
  readonly #ready = new Set<TcpConnection>();
  #roundIsDue = false;
  #timer: Timer | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(options: TcpOptions) {
    this.#options = options;
    this.#most = Math.min(options.limits.connections, mostConnections());
    this.#connectionOptions = {
      ...options,
      onReady: (connection) => this.#queue(connection),
      onClose: (connection) => this.#remove(connection),
    };
  }

  async listen({ host, port }: Endpoint): Promise<Listener> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    const listening = once(server, 'listening');
    server.listen({ host, port, ipv6Only: true, backlog });
    await listening;
    // A connection that cannot be accepted, for want of descriptors, waits in the backlog.
    server.on('error', () => undefined);
    this.#servers.add(server);
    const endpoint = { host, port: (server.address() as { port: number }).port };
    const close = (): Promise<void> => {
      // Its `close` event would wait for all connections; the port is free at once.
      if (this.#servers.delete(server)) server.close();
      return Promise.resolve();
    };
    return { endpoint, close };
  }

  /** Closes all listeners; answers what has been asked, and after at most `grace` seconds closes every connection. */
  async close(grace: number): Promise<void> {
    for (const server of this.#servers) server.close();
    this.#servers.clear();
    const isEmpty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    for (const connection of this.#connections) connection.close();
    const patience = this.#options.clock.after(grace * 1000, () => {
      for (const connection of this.#connections) connection.destroy();
    });
    if (this.#connections.size > 0) await isEmpty;
    patience.cancel();
    this.#timer?.cancel();
  }

  #accept(socket: Socket): void {
    let connection: TcpConnection;
    try {
      connection = new TcpConnection(socket, this.#connectionOptions);
    } catch {
      socket.destroy(); // its client has gone again
      return;
    }
    this.#options.counters.count('connectionsOpened');
    const client = clientOf(connection.peer);
    const own = this.#connectionsOf.get(client) ?? new Set();
    this.#connectionsOf.set(client, own.add(connection));
    this.#connections.add(connection);
    if (own.size > this.#options.limits.perClient) this.#evict(own);
    else if (this.#connections.size > this.#most) this.#evict(this.#connections);
    this.#timer ??= this.#options.clock.after(lookEvery, this.#look);
  }

  /** Closes the connection that has gone longest without an answer and waits for none; the new one, where all others are busy. */
  #evict(crowd: ReadonlySet<TcpConnection>): void {
    let victim: TcpConnection | undefined;
    for (const connection of crowd) {
      if (!connection.isBusy && connection.lastAnswer < (victim?.lastAnswer ?? Infinity)) victim = connection;
    }
    if (victim === undefined) return;
    this.#options.counters.count('connectionsEvicted');
    this.#remove(victim);
    victim.destroy();
  }

  #remove(connection: TcpConnection): void {
    if (!this.#connections.delete(connection)) return;
    this.#ready.delete(connection);
    const client = clientOf(connection.peer);
    const own = this.#connectionsOf.get(client);
    own?.delete(connection);
    if (own?.size === 0) this.#connectionsOf.delete(client);
    this.#options.counters.count('connectionsClosed');
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  #queue(connection: TcpConnection): void {
    this.#ready.add(connection);
    if (!this.#roundIsDue) this.#options.agenda.putOff(this.#round);
    this.#roundIsDue = true;
  }

  readonly #round = (): void => {
    let turns = 0;
    // A connection that has more queries puts itself at the end of the set, where its next turn comes after all others'.
    for (const connection of this.#ready) {
      if (turns++ === turnsPerRound) break;
      this.#ready.delete(connection);
      connection.takeTurn(this.#exchange);
    }
    this.#roundIsDue = this.#ready.size > 0;
    if (this.#roundIsDue) this.#options.agenda.putOff(this.#round);
  };

  readonly #look = (): void => {
    const isCrowded = this.#connections.size >= crowded * this.#most;
    const idle = this.#options.limits.idle * (isCrowded ? crowdedIdle : 1);
    for (const connection of this.#connections) {
      if (connection.enforceTimes(idle)) this.#options.counters.count('connectionsTimedOut');
    }
    this.#timer = this.#connections.size > 0 ? this.#options.clock.after(lookEvery, this.#look) : undefined;
  };
}
