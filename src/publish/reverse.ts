/**
 * Reverse names of addresses (RFC 1035 section 3.5, RFC 3596 section 2.5), and the zones that hold those of a prefix.
 */
import { parseIpv4, parseIpv6, printIpv4, printIpv6 } from '../wire/address.ts';
import { PresentationError } from '../wire/error.ts';
import { childOf, labelCount, labelsOf, type Name, parentOf, parseName } from '../wire/name.ts';
import { type Octets, uint8Octets } from '../wire/octets.ts';
import { parseNumber } from '../wire/number.ts';

interface Family {
  readonly root: Name;
  /** Bits that one label stands for. */
  readonly labelBits: 4 | 8;
  /** Labels of a whole address. */
  readonly labels: number;
  readonly print: (address: Octets) => string;
}

const ipv4: Family = { root: parseName('in-addr.arpa.'), labelBits: 8, labels: 4, print: printIpv4 };
const ipv6: Family = { root: parseName('ip6.arpa.'), labelBits: 4, labels: 32, print: printIpv6 };

/** `7.0.0.10.in-addr.arpa.` for 10.0.0.7. */
export function reverseName(address: string): Name {
  const { family, digits } = parseAddress(address);
  return nameOf(family, digits);
}

/** The address whose reverse name the folded `name` is, in canonical text; null where it is none. */
export function addressOfReverseName(name: Name): string | null {
  for (const family of [ipv4, ipv6]) {
    if (labelCount(name) !== family.labels + 2 || !name.endsWith(family.root)) continue;
    const radix = family === ipv4 ? 10 : 16;
    const digits = labelsOf(name)
      .slice(0, family.labels)
      .reverse()
      .map((label) => parseInt(label, radix));
    if (digits.every((digit) => digit < 1 << family.labelBits) && nameOf(family, digits) === name) {
      return family.print(octetsOfDigits(family, digits));
    }
  }
  return null;
}

/**
 * The apexes of the zones that hold the reverse names of `prefix`: `10.0.0.0/8` is one, `172.16.0.0/12` is sixteen, as
 * zones begin at labels only (as in RFC 6303 section 4). Throws PresentationError.
 */
export function reverseZones(prefix: string): Name[] {
  const wanted = 'an address prefix as in 10.0.0.0/8';
  const [address = '', length = '', ...more] = prefix.split('/');
  if (more.length > 0 || length === '') throw new PresentationError(prefix, wanted);
  const { family, digits } = parseAddress(address, wanted);
  const bits = parseNumber(length, family.labels * family.labelBits);
  const labels = Math.ceil(bits / family.labelBits);
  const count = 2 ** (labels * family.labelBits - bits);
  const last = digits[labels - 1] ?? 0;
  if (digits.slice(labels).some((digit) => digit !== 0) || last % count !== 0) {
    throw new PresentationError(prefix, 'a prefix without bits of a host');
  }
  return Array.from({ length: count }, (_, i) =>
    nameOf(family, labels === 0 ? [] : [...digits.slice(0, labels - 1), last + i]),
  );
}

/** The one of `apexes` that `name` is at or below, the deepest; null for none. */
export function enclosingApex<Zone>(name: Name, apexes: ReadonlyMap<Name, Zone>): Zone | null {
  for (let ancestor = name; ; ancestor = parentOf(ancestor)) {
    const zone = apexes.get(ancestor);
    if (zone !== undefined) return zone;
    if (ancestor.length === 1) return null;
  }
}

/** The address as its labels' numbers, from left to right. */
function parseAddress(text: string, wanted = 'an IP address'): { family: Family; digits: number[] } {
  const family = text.includes(':') ? ipv6 : ipv4;
  const octets = family === ipv4 ? parseIpv4(text) : parseIpv6(text);
  if (octets === null) throw new PresentationError(text, wanted);
  const digits = Array.from(octets, (octet) => octet.charCodeAt(0));
  return { family, digits: family === ipv4 ? digits : digits.flatMap((digit) => [digit >> 4, digit & 15]) };
}

function octetsOfDigits(family: Family, digits: readonly number[]): Octets {
  if (family === ipv4) return digits.map(uint8Octets).join('') as Octets;
  const pairs = Array.from({ length: 16 }, (_, i) => (digits[2 * i]! << 4) | digits[2 * i + 1]!);
  return pairs.map(uint8Octets).join('') as Octets;
}

function nameOf(family: Family, digits: readonly number[]): Name {
  const radix = family === ipv4 ? 10 : 16;
  return digits.reduce((parent, digit) => childOf(digit.toString(radix), parent), family.root);
}
