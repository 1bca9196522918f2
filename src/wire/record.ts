/** Resource records and rrsets as values (RFC 1035 section 3.2, RFC 2181 section 5). */
import { printType } from './codes.ts';
import { type Name, printName } from './name.ts';
import type { Octets } from './octets.ts';
import { printRdata } from './rdata/rdata.ts';

/** Seconds (RFC 2181 section 8). */
export const maxTtl = 0x7fffffff;

/** One resource record; class IN. `rdata` is in uncompressed wire form. */
export interface ResourceRecord {
  readonly owner: Name;
  readonly type: number;
  /** Seconds, 0 to 2^31-1 (RFC 2181 section 8). */
  readonly ttl: number;
  readonly rdata: Octets;
}

/** All records of one owner and type; class IN. They share one TTL (RFC 2181 section 5.2). */
export interface RRset {
  readonly owner: Name;
  readonly type: number;
  readonly ttl: number;
  readonly rdata: readonly Octets[];
}

/** The record as a line of a zone file: `host.example. 300 IN A 192.0.2.1`. */
export function printRecord({ owner, type, ttl, rdata }: ResourceRecord): string {
  return `${printName(owner)} ${ttl} IN ${printType(type)} ${printRdata(type, rdata)}`;
}
