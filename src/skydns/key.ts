/** Keys and names: `/skydns/local/skydns/east/rails` is the key of `rails.east.skydns.local`. */
import { type Name, foldName, maxLabelLength, maxNameLength, rootName } from '../wire/name.ts';
import type { Octets } from '../wire/octets.ts';
import { SkydnsError } from './error.ts';

export interface KeyName {
  /** Folded. */
  readonly name: Name;
  /** True where the key ends in `/`: it lies below the key of this name, as `/x/a/` lies below `/x/a`. */
  readonly isBelow: boolean;
}

/** The name of a key that begins with `prefix`, which ends in `/`. Throws SkydnsError `name`. */
export function nameOfKey(key: Octets, prefix: Octets): KeyName {
  const segments = key.slice(prefix.length).split('/');
  const isBelow = segments.at(-1) === '';
  if (isBelow) segments.pop();
  let name = '';
  for (const segment of segments) {
    // A dot or a backslash means something else in a name, and no query would find what is not printable.
    if (segment.length > maxLabelLength || !/^[\x21-\x5b\x5d-\x7e]+$/.test(segment) || segment.includes('.')) {
      const wanted = `1 to ${maxLabelLength} printable characters without dot and backslash`;
      throw new SkydnsError('name', `found ${JSON.stringify(segment)} between slashes, wanted ${wanted}`);
    }
    name = String.fromCharCode(segment.length) + segment + name;
  }
  name += rootName;
  if (name.length === 1 || name.length > maxNameLength) {
    throw new SkydnsError('name', `found a name of ${name.length} octets, wanted 2 to ${maxNameLength}`);
  }
  return { name: foldName(name as Name), isBelow };
}
