/** Makes the exchange that a transport reuses for every query. */
import type { Exchange } from '../responder/exchange.ts';
import { addressOctets } from './peer.ts';

/** An exchange that takes replies at the start of `reply`, up to its end. */
export function createExchange(transport: Exchange['transport'], reply: Buffer): Exchange {
  return {
    request: nothing,
    requestView: viewOf(nothing),
    start: 0,
    end: 0,
    reply,
    replyView: viewOf(reply),
    replyStart: 0,
    replyRoom: reply.length,
    transport,
    peer: new Uint8Array(addressOctets),
    peerStart: 0,
    peerPort: 0,
    receivedAt: 0,
  };
}

/** Lets `exchange` read its queries from `request`. */
export function readFrom(exchange: Exchange, request: Buffer): void {
  exchange.request = request;
  exchange.requestView = viewOf(request);
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}

const nothing = Buffer.alloc(0);
