/** What a registration means in DNS, as text for the one who registers: the names that find it, the records it makes. */
import type { Instance } from '../registry/instance.ts';
import type { Service } from '../registry/service.ts';
import { printType } from '../wire/codes.ts';
import { type Name, parseName, printName, rootName } from '../wire/name.ts';
import { printRdata } from '../wire/rdata/rdata.ts';
import { browsingName, instanceName, protocolName, serviceName } from './names.ts';
import type { Rdata } from './rdata.ts';
import { ownRecords, sharesOf } from './records.ts';
import { serviceAnswerTtl } from './ttl.ts';

/** Every name that finds the instance, without the final dot; those that are asked for most come first. */
export function namesOf(instance: Instance, settings: Service | null): string[] {
  const { service, id, protocol } = instance;
  const zone = parseName(instance.zone, rootName);
  const usual = [
    protocolName(zone, service, protocol),
    serviceName(zone, service),
    instanceName(zone, service, id),
    browsingName(zone, service, protocol, id),
  ];
  const owners = new Set<Name | null>();
  for (const { owner } of sharesOf(zone, instance, settings?.selectors ?? [])) owners.add(owner);
  for (const { owner } of ownRecords(zone, instance)) owners.add(owner);
  const names = new Set([...usual.filter((name) => owners.has(name)), ...owners]);
  return [...names].map((name) => printName(name!).slice(0, -1));
}

/** Every record that the instance makes while it is answered, in presentation form. */
export function recordsOf(instance: Instance, settings: Service | null, defaultTtl: number): string[] {
  const zone = parseName(instance.zone, rootName);
  const ttl = serviceAnswerTtl(instance, settings, defaultTtl);
  const line = (owner: Name, ttl: number, { type, rdata }: Rdata): string =>
    `${printName(owner)} ${ttl} IN ${printType(type)} ${printRdata(type, rdata)}`;
  return [
    ...sharesOf(zone, instance, settings?.selectors ?? []).flatMap(({ owner, records, addresses }) =>
      [...records, ...addresses].map((record) => line(owner, ttl, record)),
    ),
    ...ownRecords(zone, instance).flatMap((rrset) =>
      rrset.rdata.map((rdata) => line(rrset.owner, rrset.ttl, { type: rrset.type, rdata })),
    ),
  ];
}
