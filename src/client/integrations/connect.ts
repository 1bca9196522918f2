/** Connections to targets: one of a service's targets, the next one when it does not answer. */
import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { abortedError } from '../error.ts';
import { orderSrv } from '../order.ts';
import type { Service } from '../service.ts';
import type { Pick, Target } from '../target.ts';

/** Milliseconds for a connection, TLS included, before the next target is tried. */
export const connectTimeoutMs = 3000;
/** How many targets are tried for one connection, unless the options say otherwise. */
export const connectAttempts = 3;

/** Opens a connection to a target and returns its socket at once; `lookup` gives the target's addresses. */
export type Open = (pick: Pick, lookup: LookupFunction) => Socket;

export interface ConnectOptions {
  readonly signal?: AbortSignal | undefined;
  readonly key?: string | undefined;
  /** Milliseconds for one target. */
  readonly timeoutMs: number;
  readonly attempts: number;
  /** The event that says that the socket can be used: `connect`, or `secureConnect` for TLS. */
  readonly event: 'connect' | 'secureConnect';
}

/**
 * Connects to a target of `service`. Its pick is done with `undefined` or the error when the socket closes. Rejects
 * with the last error when no target could be connected to.
 */
export async function connectService(
  service: Service,
  open: Open,
  options: ConnectOptions,
): Promise<{ socket: Socket; pick: Pick }> {
  await service.ready({ signal: options.signal });
  const exclude = new Set<Target>();
  for (let attempt = 1; ; attempt++) {
    const pick = service.pick({ key: options.key, exclude });
    try {
      return { socket: await connectTarget(service, pick, open, options), pick };
    } catch (error) {
      pick.done(error);
      exclude.add(pick.target);
      if (attempt >= options.attempts || options.signal?.aborted || !service.mayRetry()) throw error;
    }
  }
}

function connectTarget(
  service: Service,
  pick: Pick,
  open: Open,
  { signal, timeoutMs, event }: ConnectOptions,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = open(pick, lookupOf(pick.target, pick.address));
    let failure: Error | undefined;
    // After a stall of this process the time is up before it is seen that the connection was made: look first, then
    // judge.
    const timer = setTimeout(
      () => setImmediate(() => isSettled || socket.destroy(connectTimeout(pick, timeoutMs))),
      timeoutMs,
    );
    const onAbort = (): void => void socket.destroy(abortedError(service.name, signal!));
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
    socket.on('error', (error) => (failure ??= error));
    socket.once('close', () => {
      settle();
      pick.done(failure);
      reject(failure ?? new Error(`${pick.authority} closed the connection`));
    });
    socket.once(event, () => {
      settle();
      resolve(socket);
    });
  });
}

function connectTimeout(pick: Pick, timeoutMs: number): Error {
  const error = new Error(`no connection to ${pick.host} (${pick.authority}) within ${timeoutMs} ms`);
  return Object.assign(error, { code: 'ETIMEDOUT', syscall: 'connect' });
}

/**
 * A lookup that knows one host: the addresses of a target, `first` of them first. Node tries them in turn (RFC 8305).
 */
export function lookupOf(target: Target, first: string): LookupFunction {
  return (_hostname, options, callback) => {
    const addresses = [first, ...target.addresses.filter((address) => address !== first)]
      .map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      .filter(({ family }) => !options.family || options.family === family);
    const [chosen] = addresses;
    if (chosen === undefined) callback(new Error(`${target.host} has no IPv${String(options.family)} address`), '');
    else if (options.all) callback(null, addresses);
    else callback(null, chosen.address, chosen.family);
  };
}

/** Opens a plain connection. */
export const openTcp: Open = ({ host, port }, lookup) => connectTcp({ host, port, lookup, noDelay: true });

/** Opens TLS connections that verify `servername`. */
export function openTls(options: ConnectionOptions, servername: (target: Target) => string): Open {
  return ({ target, host, port }, lookup) =>
    connectTls({ ...options, host, port, lookup, servername: options.servername ?? servername(target) });
}

/** Lookup results for a whole service, for callers that cannot take a port: addresses in the order of RFC 2782. */
export function addressesInOrder(targets: readonly Target[]): string[] {
  const usable = targets.filter(({ state }) => state === 'ok');
  const ordered = orderSrv(usable.length > 0 ? usable : targets.filter(({ state }) => state !== 'expired'));
  return [...new Set(ordered.flatMap(({ addresses }) => addresses))];
}
