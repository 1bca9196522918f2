/**
 * Domain names (RFC 1035 section 3.1) as the octets of their uncompressed wire form: length octet, label, ... root.
 * One form serves as Map key (folded), as rdata field and as what goes on the wire; a label that contains a dot can
 * never be taken for two labels.
 */
import type { Octets } from './octets.ts';

/** A name of 1 to 255 octets, labels of 1 to 63 octets, ending with the root label; letters in the case they came in. */
export type Name = Octets;

export const rootName = '\0' as Name;
export const maxNameLength = 255;
export const maxLabelLength = 63;

/** The name with ASCII letters in lower case (RFC 4343): equal names have equal folded forms. Octets above 127 stay. */
export function foldName(name: Name): Name {
  return /[A-Z]/.test(name) ? (name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) as Name) : name;
}

/** The name without its first label; the root is its own parent. */
export function parentOf(name: Name): Name {
  return name.length === 1 ? name : (name.slice(name.charCodeAt(0) + 1) as Name);
}

/** True when the folded `name` is the folded `ancestor` or lies below it. Compares whole labels. */
export function isAtOrBelow(name: Name, ancestor: Name): boolean {
  if (!name.endsWith(ancestor)) return false;
  let offset = 0;
  const start = name.length - ancestor.length;
  while (offset < start) offset += name.charCodeAt(offset) + 1;
  return offset === start;
}
