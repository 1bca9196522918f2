/**
 * The records of a name, made from the entries that count at it: what CoreDNS would answer, as far as the records of an
 * ordinary zone can say it (docs/skydns.md).
 */
import { madeApex } from '../publish/apex.ts';
import { addressRdata, type Rdata } from '../publish/rdata.ts';
import { RRType } from '../wire/codes.ts';
import { isAtOrBelow, type Name } from '../wire/name.ts';
import type { Octets } from '../wire/octets.ts';
import type { RRset } from '../wire/record.ts';
import { type Entry, isAlias, recordsOf } from './entry.ts';
import { grouped } from './group.ts';
import type { Node } from './node.ts';

/** The nodes of a zone that have a meaning of their own. */
export interface ZonePlan {
  readonly top: Node;
  /** `ns.dns.ZONE`: its addresses are those of the zone's name servers. */
  readonly nameServers: Node;
  /** `apex.dns.ZONE`: where it has entries, their addresses are those of the apex, and no others. */
  readonly apexAddresses: Node | null;
  /** True below in-addr.arpa and ip6.arpa, where names have PTR alone. */
  readonly isReverse: boolean;
  /** Of this server, in canonical text. It is the zone's name server where the keys name none. */
  readonly addresses: readonly string[];
}

interface TimedRecord extends Rdata {
  readonly ttl: number;
}

export function rrsetsAt(node: Node, plan: ZonePlan): RRset[] {
  const records = plan.isReverse ? node.own.flatMap(pointerOf) : recordsAt(node, plan);
  if (node === plan.top) records.push(...apexRecords(plan));
  if (node === plan.nameServers && !records.some(isAddress)) records.push(...ownAddresses(plan));
  const rrsets = new Map<number, RRset & { readonly rdata: Octets[] }>();
  for (const { type, ttl, rdata } of records) {
    const rrset = rrsets.get(type);
    // RFC 2181 section 5.2.
    rrsets.set(type, { owner: node.owner, type, ttl: Math.min(ttl, rrset?.ttl ?? ttl), rdata: rrset?.rdata ?? [] });
    rrsets.get(type)!.rdata.push(rdata);
  }
  return [...rrsets.values()];
}

/**
 * The name that the node's own is an alias of; null where it is none. All that counts at it must say the same, since a
 * CNAME stands alone (RFC 1034 section 3.6.2), and CoreDNS leaves out what leads back to the name or below it.
 */
export function aliasAt(node: Node, { top, nameServers }: Pick<ZonePlan, 'top' | 'nameServers'>): Name | null {
  // Where no group can keep the others out, they need not be looked at.
  if (node.census?.grouped === 0 && node.census.others > 0) return null;
  return aliasOf(node, withHosts(node.entries), { top, nameServers });
}

function aliasOf(
  node: Node, hosts: readonly Entry[], { top, nameServers }: Pick<ZonePlan, 'top' | 'nameServers'>,
): Name | null {
  const target = hosts[0]?.target;
  // RFC 2181 section 10.3 wants no alias for a name server.
  if (node === top || node === nameServers) return null;
  if (target === undefined || isAtOrBelow(target, node.owner)) return null;
  if (!hosts.every((entry) => isAlias(entry) && entry.target === target)) return null;
  return textsOf(node.entries).length === 0 ? target : null;
}

export function isAddress({ type }: Pick<Rdata, 'type'>): boolean {
  return type === RRType.A || type === RRType.AAAA;
}

function recordsAt(node: Node, plan: ZonePlan): TimedRecord[] {
  const { entries } = node;
  const hosts = withHosts(entries);
  const alias = aliasOf(node, hosts, plan);
  if (alias !== null) return hosts.map(({ ttl }) => ({ type: RRType.CNAME, ttl, rdata: alias }));
  const records = [...hosts.filter(({ kind }) => kind !== 'text'), ...textsOf(entries)].flatMap(timedRecords);
  const special = node === plan.top ? (plan.apexAddresses?.entries ?? []) : [];
  if (special.length === 0) return records;
  const addresses = withHosts(special).flatMap(timedRecords).filter(isAddress);
  return [...records.filter((record) => !isAddress(record)), ...addresses];
}

/** CoreDNS asks for texts and for all else separately, and groups what it gets. */
function withHosts(entries: readonly Entry[]): readonly Entry[] {
  return grouped(entries.filter(({ hasHost }) => hasHost));
}

function textsOf(entries: readonly Entry[]): readonly Entry[] {
  return grouped(entries).filter(({ kind }) => kind === 'text');
}

function timedRecords(entry: Entry): TimedRecord[] {
  return recordsOf(entry).map((record) => ({ ...record, ttl: entry.ttl }));
}

function pointerOf({ address, hasHost, target, ttl }: Entry): TimedRecord[] {
  return hasHost && address === null ? [{ type: RRType.PTR, ttl, rdata: target }] : [];
}

/** SOA, and NS of the servers that the keys name, or of this one. */
function apexRecords(plan: ZonePlan): TimedRecord[] {
  const servers = plan.isReverse ? [] : withHosts(plan.nameServers.entries).filter(({ kind }) => kind === 'address');
  const named = servers.map(({ target, ttl }) => ({ type: RRType.NS, ttl, rdata: target }));
  const made = madeApex(plan.top.owner, [{ name: plan.nameServers.owner, addresses: [] }]);
  return [...made.filter(({ type }) => type !== RRType.NS || named.length === 0), ...named];
}

function ownAddresses({ addresses }: ZonePlan): TimedRecord[] {
  return addresses.map((address) => ({ ...addressRdata(address), ttl: ownAddressTtl }));
}

/** Seconds; they may change when the server restarts. */
const ownAddressTtl = 60;
