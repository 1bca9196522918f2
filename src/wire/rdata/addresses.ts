/** Fields that are IP addresses, and APL's lists of prefixes (RFC 3123). */
import { parseIpv4, parseIpv6, printIpv4, printIpv6 } from '../address.ts';
import { PresentationError, WireError } from '../error.ts';
import { parseNumber } from '../number.ts';
import { type Octets, uint16At, uint16Octets, uint8Octets } from '../octets.ts';
import { endAfter, type Field, fixedField } from './field.ts';

export const ipv4 = addressField(4, parseIpv4, printIpv4, 'an IPv4 address');
export const ipv6 = addressField(16, parseIpv6, printIpv6, 'an IPv6 address');

const families = {
  1: { size: 4, parse: parseIpv4, print: printIpv4 },
  2: { size: 16, parse: parseIpv6, print: printIpv6 },
};

/**
 * Items `[!]family:address/prefix` to the end of the rdata, none allowed; each is family, prefix, negation and length,
 * address.
 */
export const prefixList: Field = {
  parse(tokens) {
    let octets = '';
    while (!tokens.done) octets += parsePrefix(tokens.next('').text);
    return octets as Octets;
  },
  end(rdata, offset) {
    for (let at = offset; at < rdata.length; ) {
      const address = endAfter(rdata, at, 4);
      const length = rdata.charCodeAt(at + 3) & 0x7f;
      const family = familyOf(uint16At(rdata, at));
      if (family === undefined || length > family.size || rdata.charCodeAt(at + 2) > family.size * 8) {
        throw new WireError('bad-rdata', at, 'an address prefix of APL');
      }
      at = endAfter(rdata, address, length);
      // RFC 3123 section 4: trailing zero octets are left out.
      if (length > 0 && rdata.charCodeAt(at - 1) === 0) {
        throw new WireError('bad-rdata', at - 1, 'a zero octet at the end of an address of APL');
      }
    }
    return rdata.length;
  },
  print(field) {
    const items: string[] = [];
    for (let at = 0; at < field.length; at += 4 + (field.charCodeAt(at + 3) & 0x7f)) {
      const family = familyOf(uint16At(field, at))!;
      const significant = field.slice(at + 4, at + 4 + (field.charCodeAt(at + 3) & 0x7f));
      const address = significant.padEnd(family.size, '\0') as Octets;
      const negation = field.charCodeAt(at + 3) > 0x7f ? '!' : '';
      items.push(`${negation}${uint16At(field, at)}:${family.print(address)}/${field.charCodeAt(at + 2)}`);
    }
    return items.join(' ');
  },
};

function familyOf(code: number) {
  return code === 1 || code === 2 ? families[code] : undefined;
}

function parsePrefix(text: string): string {
  const wanted = 'an address prefix as in 1:192.0.2.0/24';
  const [, negation, code = '', address = '', prefix = ''] = /^(!?)([12]):([^/]+)\/(\d+)$/.exec(text) ?? [];
  const family = familyOf(Number(code));
  if (family === undefined) throw new PresentationError(text, wanted);
  const octets = required(family.parse(address), text, wanted).replace(/\0+$/, '');
  const length = octets.length | (negation === '!' ? 0x80 : 0);
  return uint16Octets(Number(code)) + uint8Octets(parseNumber(prefix, family.size * 8)) + uint8Octets(length) + octets;
}

function addressField(
  size: number,
  parse: (text: string) => Octets | null,
  print: (field: Octets) => string,
  wanted: string,
): Field {
  return fixedField(size, (text) => required(parse(text), text, wanted), print, wanted);
}

function required(octets: Octets | null, text: string, wanted: string): Octets {
  if (octets === null) throw new PresentationError(text, wanted);
  return octets;
}
