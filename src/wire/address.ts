/**
 * IPv4 and IPv6 addresses as 4 and 16 octets (the rdata of A and AAAA) and as text (RFC 4291 section 2.2, RFC 5952).
 */
import { type Octets, uint16At, uint16Octets, uint8Octets } from './octets.ts';

/** Four octets; null when the text is no dotted quad of plain decimal numbers (no leading zeros, no short forms). */
export function parseIpv4(text: string): Octets | null {
  if (!/^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text)) return null;
  return text.split('.').map((part) => uint8Octets(Number(part))).join('') as Octets;
}

/** Sixteen octets; null when the text is no IPv6 address. A zone (`%eth0`) is refused. */
export function parseIpv6(text: string): Octets | null {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return null;
  if (tail === undefined) {
    const octets = groupOctets(head, true);
    return octets?.length === 16 ? octets : null;
  }
  const before = groupOctets(head, false);
  const after = groupOctets(tail, true);
  if (before === null || after === null) return null;
  // RFC 5952 section 4.2.2 advises against `::` for one group of zeros, RFC 4291 allows it.
  const zeros = 16 - before.length - after.length;
  return zeros >= 2 ? ((before + '\0'.repeat(zeros) + after) as Octets) : null;
}

export function printIpv4(address: Octets): string {
  return [0, 1, 2, 3].map((i) => address.charCodeAt(i)).join('.');
}

/**
 * The canonical text (RFC 5952): lower case, the longest run of two or more zero groups as `::`, the first of equals.
 */
export function printIpv6(address: Octets): string {
  if (address.startsWith(mappedPrefix)) return `::ffff:${printIpv4(address.slice(12) as Octets)}`;
  const groups = Array.from({ length: 8 }, (_, i) => uint16At(address, i * 2).toString(16));
  let longest = { at: 0, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (groups[at + length] === '0') length += 1;
    if (length > longest.length) longest = { at, length };
  }
  if (longest.length < 2) return groups.join(':');
  return `${groups.slice(0, longest.at).join(':')}::${groups.slice(longest.at + longest.length).join(':')}`;
}

/** ::ffff:0:0/96, under which IPv6 sockets show IPv4 peers; printed with the dotted quad (RFC 5952 section 5). */
const mappedPrefix = '\0'.repeat(10) + '\xff\xff';

/** `mayEndInIpv4`: the last group may be a dotted quad. Empty text is no groups. */
function groupOctets(text: string, mayEndInIpv4: boolean): Octets | null {
  if (text === '') return '' as Octets;
  let octets = '';
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    const dotted = mayEndInIpv4 && i === groups.length - 1 ? parseIpv4(group) : null;
    if (dotted === null && !/^[0-9a-f]{1,4}$/i.test(group)) return null;
    octets += dotted ?? uint16Octets(parseInt(group, 16));
  }
  return octets as Octets;
}
