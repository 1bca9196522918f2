/** Socket names: struct sockaddr_in (16 octets) and sockaddr_in6 (28), for 64-bit Linux. */
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../../runtime/endpoint.ts';
import { addressOctets, writeAddress } from '../peer.ts';
import { AF_INET, AF_INET6 } from './libc.ts';

/** The family in the host's byte order, then the port in the network's. */
export const portOffset = 2;
/** Where the address stands in a name: 4 octets. */
export const ipv4Offset = 4;
/** 16 octets; 4 of flow information stand before them, 4 of scope behind. */
export const ipv6Offset = 8;

/** The name of an endpoint. Throws RangeError on a host that is no address, or that has a zone index. */
export function socketName({ host, port }: Endpoint): Buffer {
  if (host.includes('%')) throw new RangeError(`found '${host}', wanted an address without interface; portable I/O takes it`);
  const address = Buffer.alloc(addressOctets);
  writeAddress(host, address);
  const name = Buffer.alloc(isIPv6(host) ? 28 : 16);
  name.writeUInt16LE(isIPv6(host) ? AF_INET6 : AF_INET, 0);
  name.writeUInt16BE(port, portOffset);
  if (isIPv6(host)) address.copy(name, ipv6Offset);
  else address.copy(name, ipv4Offset, addressOctets - 4);
  return name;
}
