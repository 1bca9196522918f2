/** The catalog: what is registered, in memory, by zone, service and id. Only committed changes reach it. */
import type { InstanceChange, ServiceChange } from './change.ts';
import { type Instance, isAnswerable } from './instance.ts';
import type { Service } from './service.ts';

/** A registered instance and what is known of its lease, which is never stored. One object for as long as the id is registered. */
export interface Entry {
  instance: Instance;
  readonly service: ServiceEntry;
  /** Lease time (see lease.ts) of the registration or the last renewal; all its deadlines follow from this one number. */
  renewedAt: number;
  /** True once it is in the catalog no more; whoever still holds the entry lets go of it. */
  removed: boolean;
}

/** A service: exists while it has settings or instances. */
export interface ServiceEntry {
  readonly zone: string;
  readonly name: string;
  settings: Service | null;
  readonly instances: Map<string, Entry>;
  /** How many of the instances are answerable. */
  answerable: number;
}

export class Catalog {
  readonly #zones: Map<string, Map<string, ServiceEntry>>;
  instanceCount = 0;

  constructor(zones: readonly string[]) {
    this.#zones = new Map(zones.map((zone) => [zone, new Map<string, ServiceEntry>()]));
  }

  hasZone(zone: string): boolean {
    return this.#zones.has(zone);
  }

  /** The services of a zone by name; none where the zone is not served. */
  services(zone: string): ReadonlyMap<string, ServiceEntry> {
    return this.#zones.get(zone) ?? noServices;
  }

  service(zone: string, name: string): ServiceEntry | undefined {
    return this.#zones.get(zone)?.get(name);
  }

  entry(zone: string, service: string, id: string): Entry | undefined {
    return this.#zones.get(zone)?.get(service)?.instances.get(id);
  }

  /** Takes a committed change of an instance over; returns its entry, which is marked `removed` where it left. */
  applyInstance({ before, after }: InstanceChange, renewedAt: number): Entry {
    const { zone, service: name, id } = (after ?? before)!;
    const service = this.#service(zone, name);
    let entry = service.instances.get(id);
    if (entry !== undefined && isAnswerable(entry.instance)) service.answerable--;
    if (after === null) {
      if (entry === undefined) throw new Error(`${id}.${name}.${zone} leaves the catalog and is not in it`);
      service.instances.delete(id);
      this.instanceCount--;
      entry.removed = true;
      this.#dropIfEmpty(service);
      return entry;
    }
    if (isAnswerable(after)) service.answerable++;
    if (entry === undefined) {
      entry = { instance: after, service, renewedAt, removed: false };
      service.instances.set(id, entry);
      this.instanceCount++;
    } else {
      entry.instance = after;
      if (before?.generation !== after.generation) entry.renewedAt = renewedAt;
    }
    return entry;
  }

  /** Takes a committed change of a service's settings over. */
  applyService({ before, after }: ServiceChange): void {
    const { zone, service: name } = (after ?? before)!;
    const service = this.#service(zone, name);
    service.settings = after;
    this.#dropIfEmpty(service);
  }

  #service(zone: string, name: string): ServiceEntry {
    const services = this.#zones.get(zone);
    if (services === undefined) throw new Error(`${zone} is no zone of the catalog`);
    let service = services.get(name);
    if (service === undefined) {
      service = { zone, name, settings: null, instances: new Map(), answerable: 0 };
      services.set(name, service);
    }
    return service;
  }

  #dropIfEmpty(service: ServiceEntry): void {
    if (service.settings === null && service.instances.size === 0) this.#zones.get(service.zone)?.delete(service.name);
  }
}

const noServices: ReadonlyMap<string, ServiceEntry> = new Map();
