/**
 * What stands where in LevelDB: `instance/ZONE/SERVICE/ID`, `service/ZONE/SERVICE`, `tombstone/UNTIL/ZONE/SERVICE/ID`,
 * `meta/format` and `meta/revision`.
 */
import type { Instance } from '../registry/instance.ts';
import type { Service } from '../registry/service.ts';
import { stamped, type StoreWrite, type Tombstone } from '../registry/store.ts';
import { encodeInstance, encodeService, encodeTombstone, formatVersion } from './entry.ts';

export type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'del'; readonly key: string };

/** What a write comes to at the revision it was given. */
export function operationsOf(write: StoreWrite, revision: number): Operation[] {
  switch (write.kind) {
    case 'instance':
      return [putInstance(stamped(write.value, revision))];
    case 'remove-instance':
      return [{ type: 'del', key: instanceKey(write.value) }, putTombstone(write.tombstone)];
    case 'service':
      return [putService({ ...write.value, revision })];
    case 'remove-service':
      return [{ type: 'del', key: serviceKey(write.value) }];
    case 'revision':
      return [];
  }
}

export function putInstance(instance: Instance): Operation {
  return { type: 'put', key: instanceKey(instance), value: encodeInstance(instance) };
}

export function putService(service: Service): Operation {
  return { type: 'put', key: serviceKey(service), value: encodeService(service) };
}

export function putTombstone(tombstone: Tombstone): Operation {
  return { type: 'put', key: tombstoneKey(tombstone), value: encodeTombstone(tombstone) };
}

function instanceKey({ zone, service, id }: Instance): string {
  return `instance/${zone}/${service}/${id}`;
}

function serviceKey({ zone, service }: Service): string {
  return `service/${zone}/${service}`;
}

/** Tombstones stand in the order in which they may be forgotten. */
function tombstoneKey({ until, zone, service, id }: Tombstone): string {
  return `tombstone/${sortable(until)}/${zone}/${service}/${id}`;
}

/** A time as digits that sort as it does. */
export function sortable(milliseconds: number): string {
  return String(Math.max(0, Math.trunc(milliseconds))).padStart(15, '0');
}

export const formatNow: Operation = { type: 'put', key: 'meta/format', value: String(formatVersion) };

export function revisionTo(revision: number): Operation {
  return { type: 'put', key: 'meta/revision', value: String(revision) };
}
