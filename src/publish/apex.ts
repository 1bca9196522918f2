/** The apex of a zone that registrations fill and no zone file describes (RFC 1035 sections 3.3.11 and 3.3.13). */
import { isPublic } from '../registry/address.ts';
import { type Instance, isAnswerable } from '../registry/instance.ts';
import { RRType } from '../wire/codes.ts';
import { childOf, isAtOrBelow, type Name } from '../wire/name.ts';
import type { ResourceRecord } from '../wire/record.ts';
import { addressRdata, soaRdata } from './rdata.ts';
import { negativeTtl } from './ttl.ts';

/** A name server as NS records call it. No service can take a name that begins with ns. */
export interface NameServer {
  readonly name: Name;
  /** Canonical text. */
  readonly addresses: readonly string[];
}

/**
 * The name servers of a service zone: one for each public address of a `server` (an instance of `_signpost`) that
 * answers DNS, named after the address, so that a delegation holds when servers start anew; or, where there is none,
 * this server as `ns1`, at `addresses`. At least one.
 */
export function nameServersOf(
  zone: Name, servers: Iterable<Instance>, addresses: readonly string[],
): readonly [NameServer, ...NameServer[]] {
  const answering = [...servers].filter((server) => isAnswerable(server) && server.ports.some(({ name }) => name === 'dns'));
  const all = new Set(answering.flatMap((server) => server.addresses.filter(isPublic)));
  const [first, ...others] = [...all].sort().slice(0, mostNameServers).map((address) => nameServerAt(zone, address));
  return first === undefined ? [{ name: childOf('ns1', zone), addresses }] : [first, ...others];
}

function nameServerAt(zone: Name, address: string): NameServer {
  const { type, rdata } = addressRdata(address);
  const label = type === RRType.A ? address.replaceAll('.', '-') : Buffer.from(rdata, 'latin1').toString('hex');
  return { name: childOf(`ns-${label}`, zone), addresses: [address] };
}

/** SOA and NS; and the addresses of those name servers that lie in the zone itself. */
export function madeApex(zone: Name, nameServers: readonly [NameServer, ...NameServer[]]): ResourceRecord[] {
  const soa = soaRdata(nameServers[0].name, childOf('hostmaster', zone), [refresh, retry, expire, negativeTtl]);
  const inZone = nameServers.filter(({ name }) => isAtOrBelow(name, zone));
  return [
    // RFC 2308 section 5: a negative answer may be kept for the lesser of the SOA's TTL and its MINIMUM.
    { owner: zone, type: RRType.SOA, ttl: negativeTtl, rdata: soa },
    ...nameServers.map(({ name }) => ({ owner: zone, type: RRType.NS, ttl: apexTtl, rdata: name })),
    ...inZone.flatMap(({ name, addresses }) =>
      addresses.map((address) => ({ owner: name, ttl: apexTtl, ...addressRdata(address) })),
    ),
  ];
}

/** As many as fit into the smallest answers. */
const mostNameServers = 13;

// Seconds. Secondaries of a zone that changes by the second should be told of it (RFC 1996), or ask often.
const refresh = 60;
const retry = 15;
const expire = 604_800;
// The addresses of servers may change when they restart.
const apexTtl = 60;
