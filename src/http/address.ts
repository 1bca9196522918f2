/** IP addresses of peers, and the networks that grants name. */
import { BlockList, isIP, isIPv4 } from 'node:net';

/** Canonical text of a peer's address: IPv4 that came over an IPv6 socket is IPv4 again, a zone index is left off. */
export function peerAddress(address: string | undefined): string {
  if (address === undefined) return '';
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  const zone = plain.indexOf('%');
  return zone === -1 ? plain : plain.slice(0, zone);
}

export function isLoopback(address: string): boolean {
  return address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}

export type Network = (address: string) => boolean;

/** The test for being inside `network` (`10.0.0.0/8`, `fd00::/8`, or one address); null when that is no network. */
export function networkOf(network: string): Network | null {
  const [, base = '', digits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(network) ?? [];
  const version = isIP(base);
  const longest = version === 4 ? 32 : 128;
  const length = digits === undefined ? longest : Number(digits);
  if (version === 0 || length > longest) return null;
  const list = new BlockList();
  list.addSubnet(base, length, version === 4 ? 'ipv4' : 'ipv6');
  return (address) => isIP(address) === version && list.check(address, version === 4 ? 'ipv4' : 'ipv6');
}
