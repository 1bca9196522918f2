/**
 * The seam between sockets and answers: a query's octets in, a reply's octets out. A transport makes one and reuses it.
 */

export interface Exchange {
  /** Holds the query at [start, end). */
  request: Buffer;
  /** The same memory. */
  requestView: DataView;
  start: number;
  end: number;
  /** Takes the reply from `replyStart` on; there is room for `replyRoom` octets (UDP: at least 4096, TCP: 65535). */
  readonly reply: Buffer;
  /** The same memory. */
  readonly replyView: DataView;
  replyStart: number;
  replyRoom: number;
  /** TCP has no size limit of its own, and its peer's address is proven; DNS over TLS would be `tcp` too. */
  transport: 'udp' | 'tcp';
  /** The peer's address, 16 octets at `peerStart`; IPv4 as ::ffff:a.b.c.d. */
  peer: Uint8Array;
  peerStart: number;
  /** The peer's port; queries from port 0 never get here (transports drop them). */
  peerPort: number;
  /** When the query came, in monotonic milliseconds of the clock; one reading does for a batch of queries. */
  receivedAt: number;
}

/** Makes replies; one in each DNS worker. Synchronous, never throws, waits for nothing. */
export interface Respond {
  /** Writes the reply into `exchange.reply` and returns its length in octets; 0: no reply is sent. */
  respond(exchange: Exchange): number;
}
