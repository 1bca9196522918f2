/** 32-bit hashes: FNV-1a, finished as in MurmurHash3 where similar input must have nothing in common in its output. */
import type { Octets } from '../wire/octets.ts';

/** The multiplier of FNV-1a: `hash = Math.imul(hash ^ octet, fnvPrime)` takes in one octet. */
export const fnvPrime = 0x01000193;

/** 0 to 2^32-1; another seed makes another hash. */
export function hashOctets(octets: Octets, seed: number): number {
  let hash = seed;
  for (let i = 0; i < octets.length; i++) hash = Math.imul(hash ^ octets.charCodeAt(i), fnvPrime);
  return finish(hash);
}

/** Over `length` octets of `address`, all 16 unless set; 0 to 2^32-1. */
export function hashAddress(address: Uint8Array, start: number, seed: number, length = 16): number {
  let hash = seed;
  for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ address[i]!, fnvPrime);
  return finish(hash);
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
