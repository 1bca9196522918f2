/** The HTTP server's sockets: addresses, TLS, time-outs and limits on connections. Knows nothing of routes. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import { isLoopback, peerAddress } from './address.ts';
import { openCertificate } from './certificate.ts';
import { Problem, type ProblemCode, problemDocument, problemStatus } from './problem.ts';
import { httpLimits, type ListenAddress, type TlsSettings } from './settings.ts';

export interface Listeners {
  /** The addresses in use, `127.0.0.1:8054` or `[::1]:8054`, in the order they were asked for. */
  readonly addresses: readonly string[];
  /** Takes no new connections, lets requests end for `httpLimits.closeGrace` seconds, then cuts them. */
  close(): Promise<void>;
}

const serverOptions: ServerOptions = {
  maxHeaderSize: httpLimits.headers,
  headersTimeout: httpLimits.headersTimeout * 1000,
  requestTimeout: httpLimits.requestTimeout * 1000,
  keepAliveTimeout: httpLimits.keepAlive * 1000,
  // How often Node looks for overdue requests: its own default of 30 s would make a joke of the time-outs.
  connectionsCheckingInterval: 1000,
};

/** Listens on all addresses or on none. Rejects with the system's error, or what `openCertificate` rejects with. */
export async function openListeners(
  listen: readonly ListenAddress[],
  tls: TlsSettings | null,
  handler: RequestListener,
  clock: Clock,
  log: Logger,
): Promise<Listeners> {
  const certificate = tls === null ? null : await openCertificate(tls, clock, log);
  const servers: Server[] = [];
  const perAddress = new Map<string, number>();
  const sockets = new Set<Socket>();
  const close = async (): Promise<void> => {
    certificate?.close();
    const closed = Promise.all(servers.map((server) => closeServer(server)));
    // Node takes a connection that has not sent anything yet for one that is about to.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    await closed;
  };
  try {
    for (const { host, port } of listen) {
      const server =
        certificate === null
          ? createServer(serverOptions, handler)
          : createTlsServer({ ...serverOptions, ...certificate.options, minVersion: 'TLSv1.2' }, handler);
      if ('setSecureContext' in server) {
        certificate?.onChange((options) => server.setSecureContext(options));
        server.on('secureConnection', dropUnverified);
      }
      server.maxConnections = httpLimits.connections;
      server.on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
        limitConnections(perAddress, socket);
      });
      server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => answerUnreadable(error, socket));
      server.listen({ host, port, backlog: 1024 });
      await once(server, 'listening');
      // Too many open files, say: a connection is lost, and the next may be taken.
      server.on('error', (error) => log.error({ err: error }, 'a connection could not be accepted'));
      servers.push(server);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { addresses: servers.map((server) => printed(server.address() as AddressInfo)), close };
}

function printed({ address, port }: AddressInfo): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A certificate that does not verify is worse than none: somebody is wrong about who they are. */
function dropUnverified(socket: TLSSocket): void {
  const shown = Object.keys(socket.getPeerCertificate()).length > 0;
  if (shown && !socket.authorized) socket.destroy();
}

function limitConnections(perAddress: Map<string, number>, socket: Socket): void {
  const address = peerAddress(socket.remoteAddress);
  if (isLoopback(address)) return;
  const count = (perAddress.get(address) ?? 0) + 1;
  if (count > httpLimits.connectionsPerAddress) {
    socket.destroy();
    return;
  }
  perAddress.set(address, count);
  socket.once('close', () => {
    const left = perAddress.get(address)! - 1;
    if (left === 0) perAddress.delete(address);
    else perAddress.set(address, left);
  });
}

/** Answers what Node's parser could not make a request of; there is no request to answer by. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, detail] = unreadable(error.code);
  const body = JSON.stringify(problemDocument(new Problem(code, detail)));
  const status = problemStatus[code];
  socket.end(
    `HTTP/1.1 ${status} ${code}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function unreadable(code: string | undefined): [ProblemCode, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return ['headers-too-large', `request line and headers may take ${httpLimits.headers} octets`];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [
        'timeout',
        `headers may take ${httpLimits.headersTimeout} s, the whole request ${httpLimits.requestTimeout} s`,
      ];
    default:
      return ['bad-request', 'this is not HTTP/1.1'];
  }
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  const cut = setTimeout(() => server.closeAllConnections(), httpLimits.closeGrace * 1000);
  // Connections that become idle later: their last answer said `connection: close`, but not every client heeds that.
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  await closed;
  clearTimeout(cut);
  clearInterval(sweep);
}
