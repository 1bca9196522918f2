/** One query over a TCP connection of its own (RFC 7766). */
import { connect } from 'node:net';
import { converse } from './conversation.ts';
import { isReplyTo, type Query } from './message.ts';
import type { ServerAddress } from './server-address.ts';

/** Like `askOverUdp`. Reads at most one message of 65,535 octets at a time, and no more than four in vain. */
export async function askOverTcp(
  server: ServerAddress,
  query: Query,
  signal: AbortSignal,
  ignored: () => void,
): Promise<Buffer> {
  const socket = connect({ port: server.port, host: server.address, noDelay: true });
  return converse(socket, () => socket.destroy(), signal, ({ replied, failed }) => {
    let received: Buffer = Buffer.alloc(0);
    let inVain = 0;
    socket.on('close', () => failed(new Error('the server closed the connection without a reply')));
    socket.on('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.octets.length);
      socket.write(Buffer.concat([length, query.octets])); // RFC 7766 section 8: both in one segment
    });
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2) {
        const end = 2 + received.readUInt16BE(0);
        if (received.length < end) return;
        const message = received.subarray(2, end);
        received = received.subarray(end);
        if (isReplyTo(query, message)) {
          replied(message);
          return;
        }
        ignored();
        if (++inVain === 4) {
          failed(new Error('the server sent replies to other queries only'));
          return;
        }
      }
    });
  });
}
