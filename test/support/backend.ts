/** Small HTTP servers for tests of clients: each says who it is, counts what it gets, and can be made to misbehave. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface Backend {
  readonly name: string;
  readonly port: number;
  /** Host headers of the requests so far. */
  readonly hosts: (string | undefined)[];
  /** Connections that are open now. */
  readonly connections: ReadonlySet<Socket>;
  /** Stops at once, as kill -9 would: open connections are reset. */
  kill(): void;
  /** Stops to accept and ends when the last request has been answered. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface BackendOptions {
  /** In the place of the usual answer, which is the backend's name and the body that came. */
  readonly handle?: Handler;
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly port?: number;
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startBackend(name: string, { handle, tls, port = 0 }: BackendOptions = {}): Promise<Backend> {
  const hosts: (string | undefined)[] = [];
  const connections = new Set<Socket>();
  const answer: Handler = (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => response.end(body === '' ? name : `${name} ${body}`));
  };
  const listener: Handler = (request, response) => {
    hosts.push(request.headers.host);
    (handle ?? answer)(request, response);
  };
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const ended = once(server, 'close');
  const kill = (): void => {
    server.close();
    for (const socket of connections) socket.resetAndDestroy();
  };
  return {
    name,
    port: (server.address() as AddressInfo).port,
    hosts,
    connections,
    kill,
    async stop() {
      server.close();
      server.closeIdleConnections();
      await ended;
    },
    async [Symbol.asyncDispose]() {
      kill();
      await ended;
    },
  };
}

/** The SRV line of a backend for `ScriptedDns`. */
export function lineOf({ name, port }: Backend, { priority = 10, weight = 100 } = {}): string {
  return `${priority} ${weight} ${port} ${name}.test 127.0.0.1`;
}

/** A port of 127.0.0.1 on which nobody listens. */
export async function closedPort(): Promise<number> {
  const backend = await startBackend('gone');
  await backend.stop();
  return backend.port;
}
