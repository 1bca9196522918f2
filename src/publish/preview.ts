/**
 * What a registration means in DNS, as text for the one who registers: the names that find it, the records it makes.
 */
import type { Instance } from '../registry/instance.ts';
import type { Service } from '../registry/service.ts';
import { printType } from '../wire/codes.ts';
import { type Name, parseName, printName } from '../wire/name.ts';
import { printRdata } from '../wire/rdata/rdata.ts';
import {
  browsingName,
  instanceName,
  portName,
  protocolName,
  selectorName,
  serviceName,
  subtypeName,
  tagName,
} from './names.ts';
import type { Rdata } from './rdata.ts';
import { ownRecords, selects, sharesOf } from './records.ts';
import { serviceAnswerTtl } from './ttl.ts';

/** Every name that finds the instance, without the final dot; those that are asked for most come first. */
export function namesOf(instance: Instance, settings: Service | null): string[] {
  const { service, id, protocol, port, tags, ports } = instance;
  const zone = parseName(instance.zone);
  const names: (Name | null)[] = [
    port === null ? null : protocolName(zone, service, protocol),
    serviceName(zone, service),
    instanceName(zone, service, id),
    port === null ? null : browsingName(zone, service, protocol, id),
  ];
  for (const named of ports) names.push(portName(zone, service, named.name, named.protocol));
  for (const tag of tags) names.push(tagName(zone, service, tag));
  for (const selector of settings?.selectors ?? []) {
    if (selects(selector, instance)) names.push(selectorName(zone, service, selector.name));
  }
  if (port !== null) for (const tag of tags) names.push(subtypeName(zone, service, protocol, tag));
  return names.flatMap((name) => (name === null ? [] : printName(name).slice(0, -1)));
}

/** Every record that the instance makes while it is answered, in presentation form. */
export function recordsOf(instance: Instance, settings: Service | null, defaultTtl: number): string[] {
  const zone = parseName(instance.zone);
  const shared = serviceAnswerTtl(instance, settings, defaultTtl);
  const line = (owner: Name, ttl: number, { type, rdata }: Rdata): string =>
    `${printName(owner)} ${ttl} IN ${printType(type)} ${printRdata(type, rdata)}`;
  return [
    ...sharesOf(zone, instance, settings?.selectors ?? []).flatMap(({ owner, records, addresses }) =>
      [...records, ...addresses].map((record) => line(owner, shared, record)),
    ),
    ...ownRecords(zone, instance).flatMap(({ owner, type, ttl, rdata }) =>
      rdata.map((each) => line(owner, ttl, { type, rdata: each })),
    ),
  ];
}
