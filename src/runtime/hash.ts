/** 32-bit hashes of octets: FNV-1a, finished as in MurmurHash3 where similar input must have nothing in common in its output. */

/** The multiplier of FNV-1a: `hash = Math.imul(hash ^ octet, fnvPrime)` takes in one octet. */
const fnvPrime = 0x01000193;

/** Of a string of octets; 0 to 2^32-1. Another seed makes another hash. */
export function hashOctets(octets: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < octets.length; i++) hash = Math.imul(hash ^ octets.charCodeAt(i), fnvPrime);
  return finishHash(hash);
}

/** Of `length` octets from `start`; 0 to 2^32-1. */
export function hashBytes(bytes: Uint8Array, start: number, length: number, seed: number): number {
  let hash = seed;
  for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ bytes[i]!, fnvPrime);
  return finishHash(hash);
}

/** Where in a table of any size a hash has its home: its lower bits alone may say little. */
export function homeOf(hash: number): number {
  const product = Math.imul(hash ^ (hash >>> 16), 0x9e3779b1);
  return product ^ (product >>> 16);
}

/** Spreads each bit of a number over all 32 of another. */
export function finishHash(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
