/** The rdata of registered records, straight from an instance's values: a million of them pass here at a start. */
import { parseIpv6 } from '../wire/address.ts';
import { RRType } from '../wire/codes.ts';
import type { Name } from '../wire/name.ts';
import { type Octets, uint16Octets, uint32Octets, uint8Octets, utf8Octets } from '../wire/octets.ts';

export interface Rdata {
  readonly type: number;
  readonly rdata: Octets;
}

/**
 * A or AAAA (RFC 1035 section 3.4.1, RFC 3596) of an address in canonical text, which the registry has made sure of.
 */
export function addressRdata(address: string): Rdata {
  return address.includes(':')
    ? { type: RRType.AAAA, rdata: parseIpv6(address)! }
    : { type: RRType.A, rdata: ipv4Octets(address) };
}

/** SRV (RFC 2782). */
export function srvRdata(priority: number, weight: number, port: number, target: Name): Octets {
  return (uint16Octets(priority) + uint16Octets(weight) + uint16Octets(port) + target) as Octets;
}

/**
 * TXT with a `key=value` string for each entry (RFC 6763 section 6), in UTF-8. A pair of more than 255 octets goes on
 * in the next string, as SPF and DKIM have made usual; no pair at all is one empty string (RFC 6763 section 6.1).
 */
export function txtRdata(meta: Readonly<Record<string, string>>): Octets {
  let rdata = '';
  for (const [key, value] of Object.entries(meta)) rdata += characterStrings(utf8Octets(`${key}=${value}`));
  return (rdata === '' ? '\0' : rdata) as Octets;
}

/** SOA (RFC 1035 section 3.3.13). Its serial is 0: a zone puts its own in. Times in seconds. */
export function soaRdata(
  mname: Name,
  rname: Name,
  times: readonly [refresh: number, retry: number, expire: number, minimum: number],
): Octets {
  return (mname + rname + [0, ...times].map(uint32Octets).join('')) as Octets;
}

/** As the strict parser of `wire` gives, which a start with a million addresses would feel. */
function ipv4Octets(address: string): Octets {
  let octets = '';
  let number = 0;
  for (let at = 0; at < address.length; at++) {
    const digit = address.charCodeAt(at) - zero;
    if (digit >= 0) number = number * 10 + digit;
    else {
      octets += String.fromCharCode(number);
      number = 0;
    }
  }
  return (octets + String.fromCharCode(number)) as Octets;
}

/** The octets as character-strings (RFC 1035 section 3.3), as many as it takes; none for none. */
export function characterStrings(octets: Octets): string {
  let strings = '';
  for (let at = 0; at < octets.length; at += maxStringLength) {
    const part = octets.slice(at, at + maxStringLength);
    strings += uint8Octets(part.length) + part;
  }
  return strings;
}

const zero = 48;
const maxStringLength = 255;
