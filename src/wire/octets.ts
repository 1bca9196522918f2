/**
 * Octets as a string: each char code, 0 to 255, is one octet. All that is kept (names, rdata) has this form, because
 * in V8 such a string takes its length plus a header (a Uint8Array takes 200 octets more), compares with `===`, is a
 * Map key as it stands, and can be handed between threads. Buffers appear only where octets meet a socket.
 */
declare global {
  interface Buffer {
    // What toString('latin1') and write(..., 'latin1') call, without their argument juggling.
    latin1Slice(start?: number, end?: number): string;
    latin1Write(string: string, offset?: number, length?: number): number;
  }
}

declare const octets: unique symbol;

/** A sequence of octets, one a char code. Never shown to people as it stands, never folded with `toLowerCase`. */
export type Octets = string & { readonly [octets]: true };

/** Copies `buffer[start, end)` into octets of their own. */
export function octetsOf(buffer: Buffer, start = 0, end = buffer.length): Octets {
  return buffer.latin1Slice(start, end) as Octets;
}

/** Writes octets into a buffer at `offset`, which must have room; returns the offset after them. */
export function writeOctets(octets: Octets, buffer: Buffer, offset: number): number {
  return offset + buffer.latin1Write(octets, offset);
}

/** The UTF-8 octets of text from outside (JSON, a flag). Text read from a zone file is octets already. */
export function utf8Octets(text: string): Octets {
  return octetsOf(Buffer.from(text, 'utf8'));
}
