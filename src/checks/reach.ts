/** Which targets a check may contact: an instance must not make the server knock where only the server can. */
import { networkInterfaces } from 'node:os';
import { canonicalAddress, scopeOf } from '../registry/address.ts';
import type { Instance } from '../registry/instance.ts';
import type { Target } from './probe.ts';

/**
 * Why a check of the instance must not contact `target`; null where it may. The target must be an address that the
 * instance registered. Loopback, link-local and metadata addresses are for instances that registered from there: on
 * loopback from loopback, on the others from that very address. `ownPorts` are the ports of our own HTTP API, which no
 * check may call on any address of this host.
 */
export function refusalToReach(
  target: Target,
  instance: Pick<Instance, 'addresses' | 'registeredFrom'>,
  ownPorts: readonly number[],
): string | null {
  const { address, port } = target;
  const { registeredFrom, addresses } = instance;
  if (canonicalAddress(address) !== address) return 'the target is no canonical address';
  if (!addresses.includes(address)) return 'the target is no address of the instance';
  const scope = scopeOf(address);
  if (scope === 'unusable') return 'no host has this address';
  const registeredFromThere = registeredFrom === address || (isLoopback(address) && isLoopback(registeredFrom));
  if (scope !== 'ordinary' && !registeredFromThere) return `a ${scope} address, registered from elsewhere`;
  return ownPorts.includes(port) && isOfThisHost(address) ? 'the target is the HTTP API of this server' : null;
}

/** Loopback itself: an address that only carries one, for a translator to unpack, leads elsewhere. */
function isLoopback(address: string | null): boolean {
  return address !== null && (address === '::1' || address.startsWith('127.'));
}

function isOfThisHost(address: string): boolean {
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return isLoopback(address) || interfaces.some((each) => canonicalAddress(each.address) === address);
}
