/** `createConnector`: connections for drivers that take a `connect` or `stream` function (node:net, node:tls). */
import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { connectAttempts, connectService, connectTimeoutMs, openTcp, openTls } from './connect.ts';
import { Router, type RouteOptions } from './router.ts';

export interface ConnectorOptions extends RouteOptions {
  /** Options of TLS, or true for TLS with defaults; plain TCP unless set. `servername` overrides `tlsName`. */
  readonly tls?: true | ConnectionOptions;
  /** Milliseconds for one target, TLS included; 3000. */
  readonly connectTimeoutMs?: number;
  /** How many targets are tried for one connection; 3. */
  readonly attempts?: number;
}

export interface ConnectorCall {
  readonly signal?: AbortSignal;
  /** For policy `sticky`. */
  readonly key?: string;
}

export interface Connector {
  /** Connects to a target of the service; resolves when the socket can be used. Rejects with the last error. */
  (call?: ConnectorCall): Promise<Socket>;
  /** Ends the watch of the service; open sockets stay. */
  close(): void;
}

/** Makes a function that connects to the targets of the SRV name `name`. */
export function createConnector(name: string, options: ConnectorOptions = {}): Connector {
  const router = new Router({ ...options, match: { [name]: name } }, () => undefined);
  const { tls } = options;
  const open = tls === undefined ? openTcp : openTls(tls === true ? {} : tls, (target) => router.tlsName(name, target));
  const connect = async ({ signal, key }: ConnectorCall = {}): Promise<Socket> => {
    const { socket } = await connectService(router.find(name)!, open, {
      signal,
      key,
      timeoutMs: options.connectTimeoutMs ?? connectTimeoutMs,
      attempts: options.attempts ?? connectAttempts,
      event: tls === undefined ? 'connect' : 'secureConnect',
    });
    return socket;
  };
  return Object.assign(connect, { close: () => router.close() });
}
