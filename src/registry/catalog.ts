/** The catalog: what is registered, in memory, by zone, service and id. Only committed changes reach it. */
import type { InstanceChange, ServiceChange } from './change.ts';
import { type Instance, isAnswerable, type Status } from './instance.ts';
import { serverService } from './label.ts';
import type { Service } from './service.ts';

/**
 * How an instance stands with its renewals. `timeless`: none are waited for. `renewed`, `late`: within `lateAfter` of
 * its period, or not. `leaving`: its lease ended under a protection that is over, and its turn to leave comes.
 * `ending`: its removal is being written. `removed`: in the catalog no more.
 */
export type LeaseState = 'timeless' | 'renewed' | 'late' | 'leaving' | 'ending' | 'removed';

/** A registered instance and what of it is never stored. One object for each generation of an id. */
export interface Entry {
  instance: Instance;
  readonly service: ServiceEntry;
  state: LeaseState;
  /** Lease time of the registration or the last renewal, in whole milliseconds. */
  renewedAt: number;
  /** What the checks by the server say; null without such checks. */
  reported: Status | null;
  /** True while a ttl check is critical because no renewal came. */
  overdue: boolean;
}

/** How many instances there are that must renew, and how many of these are late. */
export interface RenewalCount {
  timed: number;
  late: number;
  /** How many were deregistered while they were late, since the start. */
  departedLate: number;
}

/** A service: exists while it has settings or instances. */
export interface ServiceEntry {
  readonly zone: string;
  readonly name: string;
  settings: Service | null;
  readonly instances: Map<string, Entry>;
  /** How many of the instances are answerable. */
  answerable: number;
  readonly renewals: RenewalCount;
}

export class Catalog {
  readonly #zones: ReadonlyMap<string, Map<string, ServiceEntry>>;
  #instanceCount = 0;
  #serviceCount = 0;

  constructor(zones: readonly string[]) {
    this.#zones = new Map(zones.map((zone) => [zone, new Map<string, ServiceEntry>()]));
  }

  get instanceCount(): number {
    return this.#instanceCount;
  }

  get serviceCount(): number {
    return this.#serviceCount;
  }

  /** How many of the instances are servers, and of the services theirs. */
  get servers(): { readonly instances: number; readonly services: number } {
    const services = [...this.#zones.values()].flatMap((zone) => zone.get(serverService) ?? []);
    return { instances: services.reduce((sum, { instances }) => sum + instances.size, 0), services: services.length };
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

  *allServices(): Iterable<ServiceEntry> {
    for (const services of this.#zones.values()) yield* services.values();
  }

  *entries(): Iterable<Entry> {
    for (const services of this.#zones.values()) {
      for (const { instances } of services.values()) yield* instances.values();
    }
  }

  /**
   * Takes a committed change of an instance over and returns its entry, also where it just left; a new generation gets
   * a new one.
   */
  applyInstance({ before, after }: InstanceChange): Entry {
    const { zone, service: name, id } = (after ?? before)!;
    const service = this.#demandService(zone, name);
    const known = service.instances.get(id);
    if (known !== undefined && isAnswerable(known.instance)) service.answerable--;
    if (after === null) {
      if (known === undefined) throw new Error(`instance ${id} of ${name}.${zone} leaves the catalog and is not in it`);
      service.instances.delete(id);
      this.#instanceCount--;
      this.#dropIfEmpty(service);
      return known;
    }
    if (isAnswerable(after)) service.answerable++;
    if (known?.instance.generation === after.generation) {
      known.instance = after;
      return known;
    }
    const entry: Entry = { instance: after, service, state: 'timeless', renewedAt: 0, reported: null, overdue: false };
    service.instances.set(id, entry);
    if (known === undefined) this.#instanceCount++;
    return entry;
  }

  /** Takes a committed change of a service's settings over. */
  applyService({ before, after }: ServiceChange): void {
    const { zone, service: name } = (after ?? before)!;
    const service = this.#demandService(zone, name);
    service.settings = after;
    this.#dropIfEmpty(service);
  }

  #demandService(zone: string, name: string): ServiceEntry {
    const services = this.#zones.get(zone);
    if (services === undefined) throw new Error(`${zone} is no zone of the catalog`);
    const known = services.get(name);
    if (known !== undefined) return known;
    const service: ServiceEntry = {
      zone,
      name,
      settings: null,
      instances: new Map(),
      answerable: 0,
      renewals: { timed: 0, late: 0, departedLate: 0 },
    };
    services.set(name, service);
    this.#serviceCount++;
    return service;
  }

  #dropIfEmpty(service: ServiceEntry): void {
    if (service.settings !== null || service.instances.size > 0) return;
    this.#zones.get(service.zone)?.delete(service.name);
    this.#serviceCount--;
  }
}

const noServices: ReadonlyMap<string, ServiceEntry> = new Map();
