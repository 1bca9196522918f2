/**
 * Every owner name that registrations make below a service zone, and what a name there means (RFC 2782, RFC 6763). What
 * the server reserves starts with `_`, what users choose never does, so the two cannot meet. A name that would break
 * the limits of RFC 1035 section 2.3.4 (a 63-octet service name has no room for the `_`) is null and is not made.
 */
import type { Protocol } from '../registry/instance.ts';
import { serverService } from '../registry/label.ts';
import {
  foldName, isAtOrBelow, labelCount, labelsOf, maxLabelLength, maxNameLength, type Name, parseName,
} from '../wire/name.ts';
import type { Octets } from '../wire/octets.ts';

export const protocols: readonly Protocol[] = ['tcp', 'udp'];

/** The folded name of a service zone as instances call it: `svc.internal`. Throws PresentationError. */
export function zoneName(text: string): Name {
  return foldName(parseName(text.endsWith('.') ? text : `${text}.`));
}

/** `SERVICE.Z` */
export function serviceName(zone: Name, service: string): Name | null {
  return below(service, zone);
}

/** `_SERVICE._PROTO.Z` (RFC 2782); of the servers' own service, whose name begins so already, `_signpost._PROTO.Z`. */
export function protocolName(zone: Name, service: string, protocol: Protocol): Name | null {
  return below(service === serverService ? service : `_${service}`, below(`_${protocol}`, zone));
}

/** `ID.SERVICE.Z`, the target of SRV records. */
export function instanceName(zone: Name, service: string, id: string): Name | null {
  return below(id, serviceName(zone, service));
}

/** `ID._SERVICE._PROTO.Z`, the service instance name of RFC 6763 section 4.1. */
export function browsingName(zone: Name, service: string, protocol: Protocol, id: string): Name | null {
  return below(id, protocolName(zone, service, protocol));
}

/** `_PORT._PROTO.SERVICE.Z` */
export function portName(zone: Name, service: string, port: string, protocol: Protocol): Name | null {
  return below(`_${port}`, below(`_${protocol}`, serviceName(zone, service)));
}

/** `TAG._tag.SERVICE.Z` */
export function tagName(zone: Name, service: string, tag: string): Name | null {
  return below(tag, below('_tag', serviceName(zone, service)));
}

/** `SELECTOR._sel.SERVICE.Z` */
export function selectorName(zone: Name, service: string, selector: string): Name | null {
  return below(selector, below('_sel', serviceName(zone, service)));
}

/** `_TAG._sub._SERVICE._PROTO.Z`, selective enumeration (RFC 6763 section 7.1). */
export function subtypeName(zone: Name, service: string, protocol: Protocol, tag: string): Name | null {
  return below(`_${tag}`, below('_sub', protocolName(zone, service, protocol)));
}

/** `_services._dns-sd._udp.Z`, service type enumeration (RFC 6763 section 9). */
export function serviceTypesName(zone: Name): Name | null {
  return below('_services', below('_dns-sd', below('_udp', zone)));
}

/** What a name of a service zone stands for, whether anything is registered under it or not. */
export type Meaning =
  | { readonly kind: 'apex' | 'service-types' }
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'protocol'; readonly service: string; readonly protocol: Protocol }
  | { readonly kind: 'port'; readonly service: string; readonly protocol: Protocol; readonly port: string }
  | { readonly kind: 'tag'; readonly service: string; readonly tag: string }
  | { readonly kind: 'selector'; readonly service: string; readonly selector: string }
  | { readonly kind: 'subtype'; readonly service: string; readonly protocol: Protocol; readonly tag: string }
  | { readonly kind: 'instance'; readonly service: string; readonly id: string }
  | { readonly kind: 'browsing'; readonly service: string; readonly protocol: Protocol; readonly id: string }
  /** Holds nothing itself, other names lie below it: `_tcp.Z`, `_tag.SERVICE.Z`. */
  | { readonly kind: 'between'; readonly service: string | null }
  /** Nothing that a registration could make. */
  | { readonly kind: 'foreign' };

/** What the folded `name` means in the service zone `zone`, which it is at or below. */
export function meaningOf(name: Name, zone: Name): Meaning {
  if (!isAtOrBelow(name, zone)) throw new RangeError('a name outside of the zone has no meaning in it');
  const labels = labelsOf(name).slice(0, labelCount(name) - labelCount(zone)).reverse();
  const [first, second, third, fourth] = labels;
  if (first === undefined) return { kind: 'apex' };
  if (labels.length > 4 || labels.includes('_' as Octets)) return { kind: 'foreign' };
  const protocol = protocolOf(first);
  if (protocol !== null) return belowProtocol(protocol, second, third, fourth);
  if ((isReserved(first) && first !== serverService) || fourth !== undefined) return { kind: 'foreign' };
  return belowService(first, second, third);
}

function belowProtocol(protocol: Protocol, second?: string, third?: string, fourth?: string): Meaning {
  if (second === undefined) return { kind: 'between', service: null };
  if (!isReserved(second)) return { kind: 'foreign' };
  const service = second === serverService ? second : second.slice(1);
  if (third === undefined) return { kind: 'protocol', service, protocol };
  if (third === '_sub') {
    if (fourth === undefined) return { kind: 'between', service };
    return isReserved(fourth) ? { kind: 'subtype', service, protocol, tag: fourth.slice(1) } : { kind: 'foreign' };
  }
  if (fourth !== undefined) return { kind: 'foreign' };
  if (third === '_services' && second === '_dns-sd' && protocol === 'udp') return { kind: 'service-types' };
  return isReserved(third) ? { kind: 'foreign' } : { kind: 'browsing', service, protocol, id: third };
}

function belowService(service: string, second?: string, third?: string): Meaning {
  if (second === undefined) return { kind: 'service', service };
  if (!isReserved(second)) return third === undefined ? { kind: 'instance', service, id: second } : { kind: 'foreign' };
  const protocol = protocolOf(second);
  if (protocol === null && second !== '_tag' && second !== '_sel') return { kind: 'foreign' };
  if (third === undefined) return { kind: 'between', service };
  if (protocol !== null) {
    return isReserved(third) ? { kind: 'port', service, protocol, port: third.slice(1) } : { kind: 'foreign' };
  }
  if (isReserved(third)) return { kind: 'foreign' };
  return second === '_tag' ? { kind: 'tag', service, tag: third } : { kind: 'selector', service, selector: third };
}

function protocolOf(label: string): Protocol | null {
  return protocols.find((protocol) => label === `_${protocol}`) ?? null;
}

function isReserved(label: string): boolean {
  return label.startsWith('_');
}

function below(label: string, parent: Name | null): Name | null {
  if (parent === null || label.length > maxLabelLength || label.length + 1 + parent.length > maxNameLength) return null;
  return (String.fromCharCode(label.length) + label + parent) as Name;
}
