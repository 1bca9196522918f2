/**
 * Addresses as text. Only the strict forms are read (IPv4 as four decimal numbers, IPv6 as in RFC 4291 section 2.2),
 * and all that is kept is canonical (RFC 5952), so that equal addresses are equal strings.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * What an address may be used for. `ordinary`: a host, public or private. `metadata`: cloud services that trust whoever
 * can reach them. `unusable`: no host has it (unspecified, multicast, broadcast, reserved).
 */
export type AddressScope = 'ordinary' | 'loopback' | 'link-local' | 'metadata' | 'unusable';

/**
 * The canonical text of an address, or null where `text` is none. An IPv4-mapped IPv6 address becomes the IPv4 address
 * it means.
 */
export function canonicalAddress(text: string): string | null {
  if (isIPv4(text)) return text;
  // A zone index (fe80::1%eth0, RFC 4007) has a meaning on one host only.
  if (!isIPv6(text) || text.includes('%')) return null;
  const groups = groupsOf(text);
  return embeddedIPv4(groups, ipv4Mapped) ?? formatIPv6(groups);
}

/**
 * The scope of a canonical address; one that carries an IPv4 address for a translator or tunnel has that one's scope
 * too.
 */
export function scopeOf(address: string): AddressScope {
  if (metadataAddresses.has(address)) return 'metadata';
  if (isIPv4(address)) return scopeOfIPv4(address);
  const groups = groupsOf(address);
  const first = groups[0]!;
  if (address === '::1') return 'loopback';
  if (first === 0 && groups.slice(0, 6).every((group) => group === 0)) return 'unusable'; // RFC 4291 2.5.2, 2.5.5.1
  if (first >= 0xff00) return 'unusable'; // RFC 4291 2.7
  if ((first & 0xffc0) === 0xfe80) return 'link-local'; // RFC 4291 2.5.6
  const carried = embeddedIPv4(groups, nat64) ?? (first === 0x2002 ? formatIPv4(groups[1]!, groups[2]!) : null);
  return carried === null ? 'ordinary' : scopeOf(carried);
}

function scopeOfIPv4(address: string): AddressScope {
  const [first, second] = address.split('.', 2).map(Number) as [number, number];
  if (first === 127) return 'loopback';
  if (first === 169 && second === 254) return 'link-local'; // RFC 3927
  if (first === 0 || first >= 224) return 'unusable'; // RFC 6890: this network, multicast, reserved, broadcast
  return 'ordinary';
}

/**
 * True where hosts anywhere can reach the canonical address: it is in no special-purpose block (RFC 6890 and the
 * registries that it began).
 */
export function isPublic(address: string): boolean {
  if (isIPv4(address)) return !specialBlocks.check(address, 'ipv4');
  return globalUnicast.check(address, 'ipv6') && !specialBlocks.check(address, 'ipv6');
}

const specialBlocks = blocksOf(
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24',
  '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24',
  '224.0.0.0/3',
  // IETF protocol assignments, documentation (twice), 6to4; all else that is special is no global unicast.
  '2001::/23', '2001:db8::/32', '3fff::/20', '2002::/16',
);
const globalUnicast = blocksOf('2000::/3'); // RFC 4291 2.4

function blocksOf(...networks: string[]): BlockList {
  const blocks = new BlockList();
  for (const network of networks) {
    const [first, length] = network.split('/') as [string, string];
    blocks.addSubnet(first, Number(length), isIPv4(first) ? 'ipv4' : 'ipv6');
  }
  return blocks;
}

const metadataAddresses: ReadonlySet<string> = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '168.63.129.16',
  'fd00:ec2::254',
]);

const ipv4Mapped = [0, 0, 0, 0, 0, 0xffff]; // RFC 4291 2.5.5.2
const nat64 = [0x64, 0xff9b, 0, 0, 0, 0]; // RFC 6052 2.1

function embeddedIPv4(groups: readonly number[], prefix: readonly number[]): string | null {
  return prefix.every((group, index) => groups[index] === group) ? formatIPv4(groups[6]!, groups[7]!) : null;
}

function formatIPv4(high: number, low: number): string {
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** The eight 16-bit groups of a valid IPv6 address. */
function groupsOf(text: string): number[] {
  const hexadecimal = text.replace(/[0-9.]+$/, (tail) => {
    if (!tail.includes('.')) return tail;
    const [a, b, c, d] = tail.split('.').map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [before, after] = hexadecimal.split('::', 2).map((half) => (half === '' ? [] : half.split(':'))) as [
    string[],
    string[]?,
  ];
  const zeros = after === undefined ? [] : Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...(after ?? [])].map((group) => Number.parseInt(group, 16));
}

/** RFC 5952 section 4: lower case, no leading zeros, the first longest run of at least two zero groups as `::`. */
function formatIPv6(groups: readonly number[]): string {
  let start = -1;
  let length = 1;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (groups[to] === 0) to++;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const text = groups.map((group) => group.toString(16));
  if (start === -1) return text.join(':');
  return `${text.slice(0, start).join(':')}::${text.slice(start + length).join(':')}`;
}
