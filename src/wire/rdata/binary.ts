/** Fields of octets without a structure of their own, written in hexadecimal, base64 or base32hex (RFC 4648). */
import { PresentationError, WireError } from '../error.ts';
import { type Octets, octetsOf, uint8Octets } from '../octets.ts';
import { endAfter, type Field, fixedField } from './field.ts';

/** Hexadecimal, or base64, to the end of the rdata; spaces may divide it; at least one octet. */
export const hexadecimal = remainder(parseHex, printHex);
export const base64 = remainder(parseBase64, printBase64);

/** The same, where nothing at all is allowed too (IPSECKEY without a key). */
export const optionalBase64: Field = {
  parse: (tokens) => (tokens.done ? ('' as Octets) : base64.parse(tokens)),
  end: (rdata) => rdata.length,
  print: printBase64,
};

/** The salt of NSEC3: a length octet, then up to 255 octets in hexadecimal; `-` is none (RFC 5155 section 3.3). */
export const salt = counted(
  0,
  (text) => (text === '-' ? ('' as Octets) : parseHex(text)),
  (octets) => printHex(octets) || '-',
  'a salt in hexadecimal, or -',
);

/** The next hashed owner of NSEC3: a length octet and base32hex (RFC 5155 section 3.3). */
export const hashedOwner = counted(1, parseBase32, printBase32, 'a hash in base32hex');

/** EUI48 and EUI64: two digits an octet, joined by hyphens (RFC 7043). */
export function hyphenated(size: 6 | 8): Field {
  const form = new RegExp(`^[0-9a-f]{2}(?:-[0-9a-f]{2}){${size - 1}}$`, 'i');
  const wanted = `${size} octets as in 00-00-5e-...`;
  return fixedField(
    size,
    (text) => {
      if (!form.test(text)) throw new PresentationError(text, wanted);
      return parseHex(text.replaceAll('-', ''));
    },
    (field) => printHex(field).toLowerCase().replace(/..(?!$)/g, '$&-'),
    wanted,
  );
}

/** The 64-bit identifier and locator of ILNP: four groups of four digits (RFC 6742 section 2.1.1). */
export const nodeIdentifier = fixedField(
  8,
  (text) => {
    const groups = text.split(':');
    if (groups.length !== 4 || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) {
      throw new PresentationError(text, 'four groups as in 0014:4fff:ff20:ee64');
    }
    return parseHex(groups.map((group) => group.padStart(4, '0')).join(''));
  },
  (field) => printHex(field).toLowerCase().replace(/....(?!$)/g, '$&:'),
  'four groups as in 0014:4fff:ff20:ee64',
);

/** NSAP addresses: 0x and hexadecimal, dots anywhere (RFC 1706 section 5). */
export const nsapAddress: Field = {
  parse(tokens) {
    const { text } = tokens.next('an NSAP address');
    if (!/^0x/i.test(text)) throw new PresentationError(text, 'an NSAP address that begins with 0x');
    return parseHex(text.slice(2).replaceAll('.', ''));
  },
  end: (rdata, offset) => hexadecimal.end(rdata, offset),
  print: (field) => `0x${printHex(field)}`,
};

export function parseHex(text: string): Octets {
  if (text.length % 2 !== 0 || !/^[0-9a-f]+$/i.test(text)) {
    throw new PresentationError(text, 'hexadecimal digits, two an octet');
  }
  return octetsOf(Buffer.from(text, 'hex'));
}

export function printHex(octets: Octets): string {
  return Buffer.from(octets, 'latin1').toString('hex').toUpperCase();
}

export function parseBase64(text: string): Octets {
  if (!/^(?=.)(?:[a-z0-9+/]{4})*(?:[a-z0-9+/]{2}==|[a-z0-9+/]{3}=)?$/i.test(text)) {
    throw new PresentationError(text, 'base64');
  }
  return octetsOf(Buffer.from(text, 'base64'));
}

export function printBase64(octets: Octets): string {
  return Buffer.from(octets, 'latin1').toString('base64');
}

const base32Digits = '0123456789ABCDEFGHIJKLMNOPQRSTUV';

function parseBase32(text: string): Octets {
  const unpadded = text.toUpperCase().replace(/=*$/, '');
  if (!/^[0-9A-V]+$/.test(unpadded)) throw new PresentationError(text, 'base32hex: digits and the letters A to V');
  let octets = '';
  let bits = 0;
  let value = 0;
  for (const digit of unpadded) {
    value = ((value << 5) | base32Digits.indexOf(digit)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    octets += String.fromCharCode((value >> bits) & 0xff);
  }
  return octets as Octets;
}

function printBase32(octets: Octets): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (let i = 0; i < octets.length; i++) {
    value = ((value << 8) | octets.charCodeAt(i)) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += base32Digits.charAt((value >> (bits - 5)) & 0x1f);
  }
  return bits === 0 ? text : text + base32Digits.charAt((value << (5 - bits)) & 0x1f);
}

function remainder(parse: (text: string) => Octets, print: (octets: Octets) => string): Field {
  return {
    parse: (tokens) => parse(tokens.rest()),
    end(rdata, offset) {
      if (offset >= rdata.length) throw new WireError('bad-rdata', offset, 'rdata ends before its last field');
      return rdata.length;
    },
    print,
  };
}

/** A length octet and `min` to 255 octets, in one word. */
function counted(
  min: number,
  parse: (text: string) => Octets,
  print: (octets: Octets) => string,
  wanted: string,
): Field {
  return {
    parse(tokens) {
      const { text } = tokens.next(wanted);
      const octets = parse(text);
      if (octets.length > 255) throw new PresentationError(text, 'at most 255 octets');
      return (uint8Octets(octets.length) + octets) as Octets;
    },
    end(rdata, offset) {
      const length = rdata.charCodeAt(offset) || 0;
      if (length < min) throw new WireError('bad-rdata', offset, 'an empty field');
      return endAfter(rdata, offset, 1 + length);
    },
    print: (field) => print(field.slice(1) as Octets),
  };
}
