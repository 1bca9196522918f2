/**
 * Domain names (RFC 1035 section 3.1) as the octets of their uncompressed wire form: length octet, label, ... root.
 * One form serves as Map key (folded), as rdata field and as what goes on the wire; a label that contains a dot can
 * never be taken for two labels.
 */
import { PresentationError, WireError } from './error.ts';
import { type Octets, octetsOf } from './octets.ts';
import { escapeOctet, unescapeText } from './escape.ts';
import { headerLength } from './flags.ts';

/**
 * A name of 1 to 255 octets, labels of 1 to 63 octets, ending with the root label; letters in the case they came in.
 */
export type Name = Octets;

export const rootName = '\0' as Name;
export const maxNameLength = 255;
export const maxLabelLength = 63;

/** Each octet in lower case, where it is an ASCII letter (RFC 4343); others as they are. */
export const foldedOctet = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet,
);

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

/** The labels from left to right without the root label, as octets. */
export function labelsOf(name: Name): Octets[] {
  const labels: Octets[] = [];
  for (let offset = 0; name.charCodeAt(offset) !== 0; offset += name.charCodeAt(offset) + 1) {
    labels.push(name.slice(offset + 1, offset + 1 + name.charCodeAt(offset)) as Octets);
  }
  return labels;
}

/** How many labels the name has, the root label not counted: 0 to 127. */
export function labelCount(name: Name): number {
  let count = 0;
  for (let offset = 0; name.charCodeAt(offset) !== 0; offset += name.charCodeAt(offset) + 1) count += 1;
  return count;
}

/** `label` in front of `parent`. Throws PresentationError where label or name get too long. */
export function childOf(label: string, parent: Name): Name {
  if (label.length === 0 || label.length > maxLabelLength) {
    throw new PresentationError(label, `a label of 1 to ${maxLabelLength} octets`);
  }
  if (label.length + 1 + parent.length > maxNameLength) {
    throw new PresentationError(label, `a label that leaves the name within ${maxNameLength} octets`);
  }
  return (String.fromCharCode(label.length) + label + parent) as Name;
}

/**
 * The name that `text` stands for, with `\.` and `\DDD` escapes. Without a final dot it is relative to `origin`; `@`
 * alone is the origin. Throws PresentationError.
 */
export function parseName(text: string, origin: Name = rootName): Name {
  if (text === '.') return rootName;
  if (text === '@') return origin;
  const labels = splitLabels(text);
  const isAbsolute = labels.length > 1 && labels.at(-1) === '';
  if (isAbsolute) labels.pop();
  let name = '';
  for (const label of labels) {
    const octets = unescapeText(label);
    if (octets.length === 0 || octets.length > maxLabelLength) {
      throw new PresentationError(text, `a domain name with labels of 1 to ${maxLabelLength} octets`);
    }
    name += String.fromCharCode(octets.length) + octets;
  }
  name += isAbsolute ? rootName : origin;
  if (name.length > maxNameLength) {
    throw new PresentationError(text, `a domain name of at most ${maxNameLength} octets`);
  }
  return name as Name;
}

/** The presentation form, absolute, with all escapes that a zone file needs; `parseName` gives the same octets back. */
export function printName(name: Name): string {
  if (name === rootName) return '.';
  let text = '';
  for (const label of labelsOf(name)) text += `${label.replace(/[^\x21-\x7e]|[."();@$\\]/g, escapeOctet)}.`;
  return text;
}

/**
 * Reads the name at `offset` of `buffer[start, end)`, a message or its beginning, and follows compression pointers
 * (RFC 1035 section 4.1.4). At most 127 labels and 127 pointers are looked at, whatever the octets are (RFC 9267
 * sections 2 and 3). Throws WireError.
 */
export function readName(buffer: Buffer, offset: number, end: number, start = 0): Name {
  let length = 0;
  let part = offset;
  let pointers = 0;
  for (let at = offset; ; ) {
    if (at >= end) throw new WireError('truncated', at - start, 'the message ends inside a name');
    const octet = buffer[at]!;
    if (octet === 0) {
      if (pointers === 0) return octetsOf(buffer, offset, at + 1);
      length += buffer.copy(scratch, length, part, at + 1);
      return octetsOf(scratch, 0, length);
    }
    if (octet <= maxLabelLength) {
      at += octet + 1;
      // The root label still has to find room.
      if (length + at - part >= maxNameLength) throw new WireError('name-too-long', offset - start);
      continue;
    }
    // RFC 6891 section 5: label types 01 and 10 are not to be used.
    if (octet < 0xc0) throw new WireError('bad-label', at - start, `label length octet 0x${octet.toString(16)}`);
    if (at + 1 >= end) throw new WireError('truncated', at - start, 'the message ends inside a pointer');
    const target = start + (((octet & 0x3f) << 8) | buffer[at + 1]!);
    pointers += 1;
    // No name begins inside the header.
    if (target < start + headerLength || target >= part || pointers > maxPointers) {
      throw new WireError('bad-pointer', at - start);
    }
    length += buffer.copy(scratch, length, part, at);
    part = target;
    at = target;
  }
}

/** The offset after the name at `offset`, which `readName` has read or will read: it alone looks where pointers go. */
export function skipName(buffer: Buffer, offset: number, end: number): number {
  for (let at = offset; at < end; ) {
    const octet = buffer[at]!;
    if (octet === 0) return at + 1;
    if (octet >= 0xc0) return Math.min(at + 2, end);
    at += octet + 1;
  }
  return end;
}

// A compressor has no use for more: each pointer but the first follows at least one label of the name.
const maxPointers = 127;
const scratch = Buffer.alloc(maxNameLength);

/** What stands between the dots that are not escaped: at least one label, the last one empty where a dot ends it all. */
function splitLabels(text: string): string[] {
  const labels: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '.') {
      labels.push(text.slice(start, at));
      start = at + 1;
    }
  }
  labels.push(text.slice(start));
  return labels;
}
