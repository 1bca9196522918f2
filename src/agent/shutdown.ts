/**
 * Stopping without dropping a request: out of DNS, serve until nobody can hold it any more, stop to accept, deregister.
 */
import type { Server, ServerResponse } from 'node:http';
import { holdFor } from '../client/hold.ts';
import type { Clock } from '../runtime/clock.ts';
import { pause } from './pause.ts';

/** What is known after a drain. */
export interface Drained {
  /** Milliseconds from the drain until no resolver may hold the instance any more. */
  readonly waitMs: number;
  /** False when no server could be told, so that the instance is in DNS until its lease ends. */
  readonly confirmed: boolean;
}

/** The parts of a registration that end it. */
export interface Leaving {
  drain(): Promise<Drained>;
  deregister(): Promise<void>;
}

/**
 * A server that can be closed: of node:http or node:net, or a framework's with `server` and a `close` that returns a
 * promise.
 */
export type Closable =
  { close(callback: (error?: Error) => void): unknown } | { readonly server?: unknown; close(): PromiseLike<unknown> };

export interface ShutdownOptions {
  /** Closed when no resolver holds the instance any more. */
  readonly server?: Closable;
  /** Milliseconds to serve on after the drain at most; 15,000. */
  readonly maxDrainMs?: number;
  /**
   * Milliseconds that requests get to finish after the server stopped to accept; then their connections are closed;
   * 10,000.
   */
  readonly graceMs?: number;
  /** Ends the wait at once: what a second signal is for. */
  readonly signal?: AbortSignal;
}

/** The parts of a server of node:http that let its connections end in peace. */
type HttpServer = Pick<Server, 'closeIdleConnections' | 'closeAllConnections' | 'prependListener' | 'removeListener'>;

/** Ends a registration in the only order that drops nothing. */
export async function shutdown(registration: Leaving, clock: Clock, options: ShutdownOptions): Promise<void> {
  const { server, maxDrainMs = 15_000, graceMs = 10_000, signal } = options;
  const { waitMs } = await registration.drain();
  const http = httpServerOf(server);
  // From now on each answer ends its connection, so that at the end none is idle that a request is just being written
  // to.
  const endConnections = (_: unknown, response: ServerResponse): void => void response.setHeader('connection', 'close');
  http?.prependListener('request', endConnections);
  await holdFor(pause(clock, Math.min(waitMs, maxDrainMs), signal));
  if (server) await holdFor(closeServer(server, http, clock, graceMs, signal));
  http?.removeListener('request', endConnections);
  await registration.deregister();
}

async function closeServer(
  server: Closable,
  http: HttpServer | null,
  clock: Clock,
  graceMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const closed = new Promise<void>((resolve, reject) => {
    const returned = server.close((error?: Error) => (error ? reject(error) : resolve()));
    if (isPromise(returned)) returned.then(() => resolve(), reject);
  });
  http?.closeIdleConnections();
  const inTime = await Promise.race([closed.then(() => true), pause(clock, graceMs, signal).then(() => false)]);
  if (inTime) return;
  http?.closeAllConnections();
  if (http) await closed;
}

/** The server of node:http in or behind `server`; null for others, whose connections cannot be told apart. */
function httpServerOf(server: Closable | undefined): HttpServer | null {
  const inner: unknown = server && 'server' in server && server.server ? server.server : server;
  return inner && typeof (inner as HttpServer).closeIdleConnections === 'function' ? (inner as HttpServer) : null;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}
