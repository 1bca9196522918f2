/** The reverse records of instances: `ID.SERVICE.Z` at each address for which a reverse zone is served. */
import type { Instance } from '../registry/instance.ts';
import type { Name } from '../wire/name.ts';
import type { RRset } from '../wire/record.ts';
import type { ZoneDelta } from './delta.ts';
import { instanceName, zoneName } from './names.ts';
import type { Pointer } from './pointers.ts';
import { enclosingApex, reverseName } from './reverse.ts';
import type { PublishedService } from './service.ts';
import { instanceAnswerTtl } from './ttl.ts';
import type { PublishedZone } from './zone.ts';

export class ReverseRecords {
  readonly #zones: ReadonlyMap<Name, PublishedZone>;

  constructor(zones: readonly PublishedZone[]) {
    this.#zones = new Map(zones.map((zone) => [zone.apex, zone]));
  }

  /** Those of an instance come (1) or leave (-1). */
  move(instance: Instance, by: 1 | -1, deltaOf: ((zone: PublishedZone) => ZoneDelta) | null): void {
    for (const { zone, owner, pointer } of this.#pointersOf(instance)) {
      zone.pointers.move(owner, pointer, by, deltaOf?.(zone) ?? null);
    }
  }

  /** Those of a service's instances, with the zones that they are in. */
  *of(service: PublishedService): Generator<{ readonly zone: PublishedZone; readonly rrset: RRset }> {
    for (const instance of service.roster.instances.values()) {
      for (const { zone, owner, pointer } of this.#pointersOf(instance)) {
        yield { zone, rrset: { ...zone.pointers.rrset(owner)!, rdata: [pointer.target] } };
      }
    }
  }

  #pointersOf(instance: Instance): { zone: PublishedZone; owner: Name; pointer: Pointer }[] {
    if (this.#zones.size === 0) return [];
    const target = instanceName(zoneName(instance.zone), instance.service, instance.id);
    if (target === null) return [];
    const pointer = { target, ttl: instanceAnswerTtl(instance) };
    return instance.addresses.flatMap((address) => {
      const owner = reverseName(address);
      const zone = enclosingApex(owner, this.#zones);
      return zone === null ? [] : [{ zone, owner, pointer }];
    });
  }
}
