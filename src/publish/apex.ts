/** The apex of a zone that registrations fill and no zone file describes (RFC 1035 sections 3.3.11 and 3.3.13). */
import { RRType } from '../wire/codes.ts';
import { childOf, type Name } from '../wire/name.ts';
import type { ResourceRecord } from '../wire/record.ts';
import { addressRdata, soaRdata } from './rdata.ts';
import { negativeTtl } from './ttl.ts';

/** `ns1` below a service zone. No service can take a name that begins with ns. */
export function nameServerOf(zone: Name): Name {
  return childOf('ns1', zone);
}

/** SOA and NS; and, where `nameServer` lies in the zone itself, its `addresses` (canonical text). */
export function madeApex(zone: Name, nameServer: Name, addresses: readonly string[]): ResourceRecord[] {
  const soa = soaRdata(nameServer, childOf('hostmaster', zone), [refresh, retry, expire, negativeTtl]);
  const inZone = nameServer === nameServerOf(zone) ? addresses : [];
  return [
    // RFC 2308 section 5: a negative answer may be kept for the lesser of the SOA's TTL and its MINIMUM.
    { owner: zone, type: RRType.SOA, ttl: negativeTtl, rdata: soa },
    { owner: zone, type: RRType.NS, ttl: apexTtl, rdata: nameServer },
    ...inZone.map(addressRdata).map(({ type, rdata }) => ({ owner: nameServer, type, ttl: apexTtl, rdata })),
  ];
}

// Seconds. Secondaries of a zone that changes by the second should be told of it (RFC 1996), or ask often.
const refresh = 60;
const retry = 15;
const expire = 604_800;
// The addresses of this server may change when it restarts.
const apexTtl = 60;
