/** One query over UDP, from a socket and a port of its own (RFC 5452 section 9.2). */
import { createSocket } from 'node:dgram';
import { isReplyTo, type Query } from './message.ts';
import type { ServerAddress } from './server-address.ts';

/**
 * Sends `query` once and resolves with the first reply to it; whatever else arrives is counted by `ignored` and waited
 * past. Rejects when the server cannot be reached or the signal aborts. The socket does not keep the process alive.
 */
export function askOverUdp(
  server: ServerAddress,
  query: Query,
  signal: AbortSignal,
  ignored: () => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4');
    const settle = (end: () => void): void => {
      signal.removeEventListener('abort', abort);
      socket.removeAllListeners().on('error', () => undefined);
      socket.close();
      end();
    };
    const abort = (): void => settle(() => reject(new Error('aborted')));
    const fail = (error: Error): void => settle(() => reject(error));
    signal.addEventListener('abort', abort);
    socket.unref();
    socket.on('error', fail);
    socket.on('message', (message) => {
      if (isReplyTo(query, message)) settle(() => resolve(message));
      else ignored();
    });
    // A connected socket takes datagrams from that address and port only, and learns that nobody listens there.
    socket.connect(server.port, server.address, () => {
      socket.send(query.octets, (error) => {
        if (error) fail(error);
      });
    });
  });
}
