/** A peer's address as responders see it: 16 octets, IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
import { parseIpv4, parseIpv6 } from '../wire/address.ts';

export const addressOctets = 16;

/** Writes the address that `text` stands for into `target`; a zone index (`%eth0`) is left out. Throws RangeError on other text. */
export function writeAddress(text: string, target: Uint8Array): void {
  const ipv4 = parseIpv4(text);
  const octets = ipv4 === null ? parseIpv6(text.split('%')[0]!) : `${mappedPrefix}${ipv4}`;
  if (octets === null) throw new RangeError(`found '${text}', wanted an IPv4 or IPv6 address`);
  for (let i = 0; i < addressOctets; i++) target[i] = octets.charCodeAt(i);
}

/** What counts as one client: an IPv4 address, or the network of 64 bits that one user of IPv6 commonly has. */
export function clientOf(peer: Uint8Array): string {
  const octets = Buffer.from(peer).latin1Slice();
  return octets.startsWith(mappedPrefix) ? octets : octets.slice(0, 8);
}

/** What stands before an IPv4 address. */
export const mappedPrefix = '\0'.repeat(10) + '\xff\xff';
