/**
 * The projection: one instance in, its records out; pure. Some names are the instance's own and live as long as its
 * registration; at the others it is one of many, and only while it is answered.
 */
import { type Instance, statusOf } from '../registry/instance.ts';
import type { Selector } from '../registry/service.ts';
import { RRType } from '../wire/codes.ts';
import type { Name } from '../wire/name.ts';
import type { Octets } from '../wire/octets.ts';
import type { RRset } from '../wire/record.ts';
import { browsingName, instanceName, portName, protocolName } from './names.ts';
import { selectorName, serviceName, subtypeName, tagName } from './names.ts';
import { addressRdata, type Rdata, srvRdata, txtRdata } from './rdata.ts';
import { instanceAnswerTtl } from './ttl.ts';

/** What an answered instance adds at a name that it shares with others. */
export interface Share {
  readonly owner: Name;
  readonly records: readonly Rdata[];
  /** A and AAAA. These cannot say a priority, so only the instances of the lowest one there have theirs answered. */
  readonly addresses: readonly Rdata[];
}

/** The records at the instance's own names, `ID.SERVICE.Z` and `ID._SERVICE._PROTO.Z`, whatever its health. */
export function ownRecords(zone: Name, instance: Instance): RRset[] {
  const { service, id, protocol, port } = instance;
  const owner = instanceName(zone, service, id);
  if (owner === null) return [];
  const ttl = instanceAnswerTtl(instance);
  const txt = [txtRdata(instance.meta)];
  const rrsets: RRset[] = [{ owner, type: RRType.TXT, ttl, rdata: txt }];
  const addresses = addressesOf(instance);
  for (const type of [RRType.A, RRType.AAAA]) {
    const rdata = addresses.filter((address) => address.type === type).map((address) => address.rdata);
    if (rdata.length > 0) rrsets.push({ owner, type, ttl, rdata });
  }
  if (port === null) return rrsets;
  const srv = [srvOf(instance, port, owner)];
  rrsets.push({ owner, type: RRType.SRV, ttl, rdata: srv });
  const entry = browsingName(zone, service, protocol, id);
  // RFC 6763 section 6.1: every service instance has a TXT record, if an empty one.
  if (entry !== null) {
    rrsets.push(
      { owner: entry, type: RRType.SRV, ttl, rdata: srv },
      { owner: entry, type: RRType.TXT, ttl, rdata: txt },
    );
  }
  return rrsets;
}

/** What the instance adds to the names of its service, tags, ports and to those of `selectors` that select it. */
export function sharesOf(zone: Name, instance: Instance, selectors: readonly Selector[]): Share[] {
  const { service, id, protocol, port, tags } = instance;
  const target = instanceName(zone, service, id);
  if (target === null) return [];
  const shares: Share[] = [];
  const share = (owner: Name | null, records: readonly Rdata[], addresses: readonly Rdata[] = []) => {
    if (owner !== null) shares.push({ owner, records, addresses });
  };
  const addresses = addressesOf(instance);
  const srv = port === null ? [] : [{ type: RRType.SRV, rdata: srvOf(instance, port, target) }];
  share(serviceName(zone, service), srv, addresses);
  for (const tag of tags) share(tagName(zone, service, tag), srv, addresses);
  for (const selector of selectors) {
    if (selects(selector, instance)) share(selectorName(zone, service, selector.name), srv, addresses);
  }
  for (const named of instance.ports) {
    share(portName(zone, service, named.name, named.protocol), [
      { type: RRType.SRV, rdata: srvOf(instance, named.port, target) },
    ]);
  }
  const entry = browsingName(zone, service, protocol, id);
  if (entry === null || port === null) return shares;
  const pointer = { type: RRType.PTR, rdata: entry };
  share(protocolName(zone, service, protocol), [...srv, pointer]);
  for (const tag of tags) share(subtypeName(zone, service, protocol, tag), [pointer]);
  return shares;
}

/** True when the instance has all tags that the selector asks for, and none of those that it rules out. */
export function selects(selector: Selector, { tags }: Instance): boolean {
  return selector.all.every((tag) => tags.includes(tag)) && !selector.none.some((tag) => tags.includes(tag));
}

/** The weight that is answered: half of it while the instance warns, but not 0, which would mean a last resort. */
export function answeredWeight(instance: Instance): number {
  if (statusOf(instance) !== 'warning' || instance.weight === 0) return instance.weight;
  return Math.max(1, Math.floor(instance.weight / 2));
}

function srvOf(instance: Instance, port: number, target: Name): Octets {
  return srvRdata(instance.priority, answeredWeight(instance), port, target);
}

function addressesOf(instance: Instance): Rdata[] {
  return instance.addresses.map((address) => addressRdata(address));
}
