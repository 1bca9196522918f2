/** Makes the exchange that a transport reuses for every query. */
import type { Exchange } from '../responder/exchange.ts';
import { addressOctets } from './peer.ts';

/** An exchange that takes replies at the start of `reply`, up to its end. */
export function createExchange(transport: Exchange['transport'], reply: Buffer): Exchange {
  return {
    request: Buffer.alloc(0),
    start: 0,
    end: 0,
    reply,
    replyView: new DataView(reply.buffer, reply.byteOffset, reply.length),
    replyStart: 0,
    replyRoom: reply.length,
    transport,
    peer: new Uint8Array(addressOctets),
    peerStart: 0,
    peerPort: 0,
    receivedAt: 0,
  };
}
