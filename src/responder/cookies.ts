/** DNS cookies (RFC 7873) in the form that servers of different make share (RFC 9018): no memory of clients is kept. */
import type { Exchange } from './exchange.ts';
import { writeUint32 } from './header.ts';
import { isIpv4 } from './networks.ts';
import type { Query } from './query.ts';
import { SipHash } from './siphash.ts';

/** Octets of a client cookie followed by our server cookie: version, three reserved, time stamp, hash. */
export const cookieLength = 24;

export const clientCookieLength = 8;
const timeOffset = 12;
const hashOffset = 16;
const version = 1;

/** Seconds (RFC 9018 section 4.3): how old a server cookie may be, how far ahead, and when it gets a successor. */
const maxAge = 3600;
const maxAhead = 300;
const renewAge = 1800;

export class Cookies {
  /** One for each secret: the first makes cookies, the others only recognise them (RFC 9018 section 5). */
  readonly #hashes: readonly SipHash[];

  /** `secrets` have 16 octets each, the present one first; at least one. */
  constructor(secrets: readonly Buffer[]) {
    this.#hashes = secrets.map((secret) => new SipHash(secret));
  }

  /**
   * True when the query, which has a COOKIE option, has a server cookie of ours: its source is not forged. `now` in
   * seconds since 1970.
   */
  isValid(exchange: Exchange, query: Query, now: number): boolean {
    return this.#hashes.some((hash) => isMadeBy(hash, exchange, query, now, maxAge));
  }

  /** Writes the cookies of the reply, `cookieLength` octets, at `at`. `now` in seconds since 1970. */
  write(exchange: Exchange, query: Query, now: number, at: number): void {
    const { request, reply, peer, peerStart } = exchange;
    const start = query.cookieStart;
    const hash = this.#hashes[0]!;
    // A client keeps its server cookie for a while, so that the replies to its queries have the same one in any order.
    if (isMadeBy(hash, exchange, query, now, renewAge)) {
      copy(request, start, reply, at, cookieLength);
      return;
    }
    copy(request, start, reply, at, clientCookieLength);
    writeUint32(reply, at + clientCookieLength, version << 24);
    writeUint32(reply, at + timeOffset, now);
    digest(hash, reply, at, peer, peerStart);
    reply.writeInt32LE(hash.low, at + hashOffset);
    reply.writeInt32LE(hash.high, at + hashOffset + 4);
  }
}

/** True when the query's server cookie has this hash, is at most `oldest` seconds old, and for this client. */
function isMadeBy(
  hash: SipHash,
  { request, peer, peerStart }: Exchange,
  query: Query,
  now: number,
  oldest: number,
): boolean {
  const start = query.cookieStart;
  if (query.cookieLength !== cookieLength || request[start + clientCookieLength] !== version) return false;
  // RFC 9018 section 4.3: serial number arithmetic.
  const age = (now - request.readUInt32BE(start + timeOffset)) | 0;
  if (age > oldest || age < -maxAhead) return false;
  digest(hash, request, start, peer, peerStart);
  return (
    hash.low === request.readInt32LE(start + hashOffset) && hash.high === request.readInt32LE(start + hashOffset + 4)
  );
}

/** Hashes the cookies up to the hash itself, and the client's address: four octets for IPv4 (RFC 9018 section 4.4). */
function digest(hash: SipHash, cookies: Buffer, start: number, peer: Uint8Array, peerStart: number): void {
  const { input } = hash;
  copy(cookies, start, input, 0, hashOffset);
  const from = isIpv4(peer, peerStart) ? 12 : 0;
  copy(peer, peerStart + from, input, hashOffset, 16 - from);
  hash.hash(hashOffset + 16 - from);
}

/** Octet by octet: for so few that is quicker than a call. */
function copy(source: Uint8Array, from: number, target: Buffer, to: number, length: number): void {
  for (let i = 0; i < length; i++) target[to + i] = source[from + i]!;
}
