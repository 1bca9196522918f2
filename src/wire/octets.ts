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

/** A number from 0 to 255, 65,535 or 2^32-1 as octets in network order. */
export function uint8Octets(value: number): Octets {
  return String.fromCharCode(value) as Octets;
}

export function uint16Octets(value: number): Octets {
  return String.fromCharCode(value >> 8, value & 0xff) as Octets;
}

export function uint32Octets(value: number): Octets {
  return String.fromCharCode(value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff) as Octets;
}

/** The number in network order at `offset`, which the caller knows to be there. */
export function uint16At(octets: Octets, offset: number): number {
  return (octets.charCodeAt(offset) << 8) | octets.charCodeAt(offset + 1);
}

export function uint32At(octets: Octets, offset: number): number {
  return uint16At(octets, offset) * 0x10000 + uint16At(octets, offset + 2);
}

/** The same octets in a string of their own: a slice of a longer string keeps all of it in memory. */
export function copyOctets(octets: Octets): Octets {
  const buffer = octets.length <= scratch.length ? scratch : Buffer.allocUnsafe(octets.length);
  return octetsOf(buffer, 0, writeOctets(octets, buffer, 0));
}

const scratch = Buffer.alloc(1024);
