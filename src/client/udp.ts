/** One query over UDP, from a socket and a port of its own (RFC 5452 section 9.2). */
import { createSocket } from 'node:dgram';
import { converse } from './conversation.ts';
import { isReplyTo, type Query } from './message.ts';
import type { ServerAddress } from './server-address.ts';

/**
 * Sends `query` once and resolves with the first reply to it; whatever else arrives is counted by `ignored` and waited
 * past. Rejects when the server cannot be reached or the signal aborts.
 */
export async function askOverUdp(
  server: ServerAddress,
  query: Query,
  signal: AbortSignal,
  ignored: () => void,
): Promise<Buffer> {
  const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4');
  return converse(socket, () => socket.close(), signal, ({ replied, failed }) => {
    socket.on('message', (message) => {
      if (isReplyTo(query, message)) replied(message);
      else ignored();
    });
    // A connected socket takes datagrams from that address and port only, and learns that nobody listens there.
    socket.connect(server.port, server.address, () => {
      socket.send(query.octets, (error) => {
        if (error) failed(error);
      });
    });
  });
}
