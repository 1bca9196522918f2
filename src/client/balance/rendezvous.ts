/** Rendezvous hashing: every key ranks all targets, and a target that leaves moves only the keys that were its own. */

/** A 32-bit hash of text (FNV-1a with a final mix). Spreads; it is not meant to resist anyone. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return mix(hash);
}

/** The place of a key on a target, uniform in (0, 1); both are hashes. */
export function placeOf(key: number, target: number): number {
  return (mix(key ^ Math.imul(target, 0x9e3779b1)) + 0.5) / 2 ** 32;
}

function mix(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
