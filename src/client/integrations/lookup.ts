/** `createLookup`: a `lookup` function for libraries whose port is fixed and only the host can be found. */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { addressesInOrder } from './connect.ts';
import { Router, type RouteOptions } from './router.ts';

export type LookupOptions = Omit<RouteOptions, 'tlsName'>;

export interface Lookup extends LookupFunction {
  /** Ends the watch of all services. */
  close(): void;
}

/**
 * Makes a function like `dns.lookup`, for the `lookup` option of node:net, node:http and many drivers: for host names
 * that are services it gives the addresses of their targets in the order of RFC 2782, for others what the system says.
 * The ports of the SRV records are not used, for a lookup cannot give any.
 */
export function createLookup(options: LookupOptions = {}): Lookup {
  const router = new Router(options, () => undefined);
  const lookup: LookupFunction = (hostname, { family, all, ...rest }, callback) => {
    const service = router.find(hostname);
    if (service === null) {
      systemLookup(
        hostname,
        { ...rest, ...(family !== undefined && { family }), ...(all !== undefined && { all }) },
        callback as never,
      );
      return;
    }
    const give = (): void => {
      const found = addressesInOrder(service.targets())
        .map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
        .filter((entry) => !family || family === entry.family || family === `IPv${entry.family}`);
      const [first] = found;
      if (first === undefined) {
        callback(Object.assign(new Error(`${hostname} has no address of that family`), { code: 'ENOTFOUND' }), '');
      } else if (all) callback(null, found);
      else callback(null, first.address, first.family);
    };
    service.ready().then(give, (error: unknown) => callback(error as Error, ''));
  };
  return Object.assign(lookup, { close: () => router.close() });
}
