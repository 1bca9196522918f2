/** Which targets a check may contact: an instance must not make the server knock where only the server can. */
import { canonicalAddress, scopeOf } from '../registry/address.ts';
import type { Instance } from '../registry/instance.ts';
import type { Target } from './probe.ts';

/**
 * Why a check of the instance must not contact `target`; null where it may. The target must be an address that the instance
 * registered. Loopback, link-local and metadata addresses are for instances that registered from there: on
 * loopback from loopback, on the others from that very address. `ownPorts` are the ports of our own HTTP API.
 */
export function refusalToReach(target: Target, instance: Instance, ownPorts: readonly number[]): string | null {
  const { address, port } = target;
  const { registeredFrom, addresses } = instance;
  if (canonicalAddress(address) !== address) return 'the target is no canonical address';
  if (!addresses.includes(address)) return 'the target is no address of the instance';
  const scope = scopeOf(address);
  switch (scope) {
    case 'ordinary':
      return null;
    case 'unusable':
      return 'no host has this address';
    case 'loopback':
      if (registeredFrom === null || scopeOf(registeredFrom) !== 'loopback') return 'a loopback address, registered from elsewhere';
      return ownPorts.includes(port) ? 'the target is the HTTP API of this server' : null;
    case 'link-local':
    case 'metadata':
      return registeredFrom === address ? null : `a ${scope} address, registered from elsewhere`;
  }
}
