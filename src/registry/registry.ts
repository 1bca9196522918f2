/**
 * The registry: the services and instances of all service zones, and the only place that changes them. Reads are answered
 * from memory. A write is resolved when it is durable and published; until then nobody sees it.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import { admit, patched } from './admission.ts';
import { Catalog, type Entry } from './catalog.ts';
import type { Change, InstanceCause, InstanceChange } from './change.ts';
import { RegistryError } from './error.ts';
import type { Instance } from './instance.ts';
import { foldAscii } from './label.ts';
import { LeaseTime, longestRenewal, usualRenewal } from './lease.ts';
import type { Caller, InstancePatch, InstanceRef, Registration, Renewal, ServiceSettings, WriteOptions } from './registration.ts';
import { parseService, type Service } from './service.ts';
import { stamped, type Store } from './store.ts';
import { type Published, Writer } from './writer.ts';

export interface RegistrySettings {
  /** Lease in seconds of registrations that name none. */
  readonly defaultLease: number;
  readonly mostInstances: number;
  readonly mostInstancesPerService: number;
  readonly mostServices: number;
  /** Writes that may wait for the store before further ones are refused. */
  readonly mostWaitingWrites: number;
}

export const defaultRegistrySettings: RegistrySettings = {
  defaultLease: 30,
  mostInstances: 2_000_000,
  mostInstancesPerService: 100_000,
  mostServices: 200_000,
  mostWaitingWrites: 4096,
};

export interface RegistryParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** Service zones in presentation form, lower case, without the final dot; at least one, the first is the default. */
  readonly zones: readonly string[];
  readonly settings: RegistrySettings;
  /** Resolves when everyone who answers queries answers with the changes. */
  publish(changes: readonly Change[]): Promise<Published>;
}

export interface Lease {
  readonly seconds: number;
  /** Wall-clock milliseconds, for people. */
  readonly expiresAt: number;
  /** Seconds after which to renew. */
  readonly renewAfter: number;
}

export interface Registered {
  readonly instance: Instance;
  /** False where the id was registered before. */
  readonly created: boolean;
}

export interface Removed {
  /** The instance as drained, or as it was when it left. */
  readonly instance: Instance;
  /** Seconds for which a resolver may still hold answers that name it. */
  readonly heldFor: number;
}

export type RenewalResult = { readonly instance: Instance; readonly lease: Lease | null } | { readonly error: RegistryError };

export class Registry {
  readonly #parts: RegistryParts;
  readonly #catalog: Catalog;
  readonly #writer: Writer;
  readonly #leaseTime: LeaseTime;
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();

  /** Loads the store, publishes what it holds with cause `loaded`, and gives each lease one full period. */
  static async open(parts: RegistryParts): Promise<Registry> {
    const registry = new Registry(parts);
    await registry.#load();
    return registry;
  }

  private constructor(parts: RegistryParts) {
    this.#parts = parts;
    this.#catalog = new Catalog(parts.zones);
    this.#leaseTime = new LeaseTime(parts.clock);
    this.#writer = new Writer({
      store: parts.store,
      log: parts.log,
      mostWaiting: parts.settings.mostWaitingWrites,
      apply: (changes) => {
        for (const change of changes) this.#apply(change);
      },
      publish: async (changes) => {
        const published = await parts.publish(changes);
        for (const listener of this.#listeners) listener(changes);
        return published;
      },
    });
  }

  /** Revision of the last committed change. */
  get revision(): number {
    return this.#parts.store.revision;
  }

  get zones(): readonly string[] {
    return this.#parts.zones;
  }

  get instanceCount(): number {
    return this.#catalog.instanceCount;
  }

  hasZone(zone: string): boolean {
    return this.#catalog.hasZone(foldZone(zone));
  }

  /** Names of the services that have settings or instances. */
  services(zone: string): Iterable<string> {
    return this.#catalog.services(foldZone(zone)).keys();
  }

  /** Settings of a service; null where it has none of its own. */
  service(zone: string, service: string): Service | null {
    return this.#catalog.service(foldZone(zone), foldAscii(service))?.settings ?? null;
  }

  hasService(zone: string, service: string): boolean {
    return this.#catalog.service(foldZone(zone), foldAscii(service)) !== undefined;
  }

  *instances(zone: string, service: string): Iterable<Instance> {
    const entry = this.#catalog.service(foldZone(zone), foldAscii(service));
    if (entry !== undefined) for (const { instance } of entry.instances.values()) yield instance;
  }

  /** How many instances a service has, and how many of them are answerable. */
  countOf(zone: string, service: string): { readonly instances: number; readonly answerable: number } {
    const entry = this.#catalog.service(foldZone(zone), foldAscii(service));
    return { instances: entry?.instances.size ?? 0, answerable: entry?.answerable ?? 0 };
  }

  instance(zone: string, service: string, id: string): Instance | null {
    return this.#find({ zone, service, id })?.instance ?? null;
  }

  /** The lease of an instance; null where it is permanent or no more. */
  leaseOf(ref: InstanceRef): Lease | null {
    const entry = this.#find(ref);
    return entry === undefined ? null : this.#leaseOfEntry(entry);
  }

  /** The instance that a registration would make; changes nothing and throws what `register` would reject with. */
  plan(registration: Registration, caller: Caller): Instance {
    return this.#admit(registration, caller);
  }

  /**
   * Registers or replaces. Safe to repeat: where the instance is already just what is asked for, by the same caller, it keeps
   * its generation and revision and only its lease starts anew. Otherwise the generation rises, and renewals of the old one
   * are refused with `replaced`.
   */
  async register(registration: Registration, caller: Caller, options: WriteOptions = {}): Promise<Registered> {
    const wanted = this.#admit(registration, caller);
    return this.#writer.write<Registered>(keyOf(wanted), () => {
      const entry = this.#find(wanted);
      const before = entry?.instance ?? null;
      refuseStale(before, options);
      if (before !== null) refuseForeign(before, caller);
      if (entry === undefined) this.#refuseBeyondLimits(wanted);
      return {
        kind: 'write',
        write: { kind: 'instance', value: wanted, expect: before?.revision ?? 0 },
        change: (revision) => instanceChange('registered', before, stamped(wanted, revision)),
        outcome: (change) => ({ instance: afterOf(change), created: before === null }),
      };
    });
  }

  /** Changes weight, priority, tags, meta or the declared status; the generation stays. */
  async patch(ref: InstanceRef, patch: InstancePatch, caller: Caller, options: WriteOptions = {}): Promise<Instance> {
    return (await this.#update(ref, caller, options, (instance) => patched(instance, patch))).instance;
  }

  /** Takes an instance out of all answers; it stays listed. */
  async drain(ref: InstanceRef, caller: Caller, options: WriteOptions = {}): Promise<Removed> {
    return this.#update(ref, caller, options, (instance) =>
      instance.declared === 'draining' ? instance : { ...instance, declared: 'draining' },
    );
  }

  /** Removes an instance; `gone` where `generation` is given and not the current one. */
  async deregister(ref: InstanceRef, generation: number | null, caller: Caller, options: WriteOptions = {}): Promise<Removed> {
    return this.#writer.write<Removed>(keyOf(this.#fold(ref)), () => {
      const entry = this.#require(ref, generation);
      refuseStale(entry.instance, options);
      refuseForeign(entry.instance, caller);
      return this.#removal(entry, 'deregistered');
    });
  }

  /**
   * Renews leases, each for itself. Nothing is written unless a status changes; the promise then resolves when that is
   * durable and published. Errors: `not-found`, `gone`, `replaced`, `conflict`, and those of a write.
   */
  async renew(renewals: readonly Renewal[], caller: Caller): Promise<readonly RenewalResult[]> {
    return Promise.all(renewals.map((renewal) => this.#renew(renewal, caller)));
  }

  /** Takes over what the checks say of an instance of that generation; of another one nothing is taken. */
  async observe(ref: InstanceRef, generation: number, observed: Instance['observed']): Promise<void> {
    await this.#writer.writeOwn(keyOf(this.#fold(ref)), () => {
      const before = this.#find(ref)?.instance;
      if (before === undefined || before.generation !== generation || before.observed === observed) {
        return { kind: 'nothing', outcome: undefined };
      }
      return {
        kind: 'write',
        write: { kind: 'instance', value: { ...before, observed }, expect: before.revision },
        change: (revision) => instanceChange('checked', before, stamped({ ...before, observed }, revision)),
        outcome: () => undefined,
      };
    });
  }

  /** Sets the settings of a service, all of them. */
  async putService(
    zone: string, name: string, settings: ServiceSettings, _caller: Caller, options: WriteOptions = {},
  ): Promise<{ readonly service: Service; readonly created: boolean }> {
    const wanted = parseService(this.#requireZone(zone), name, settings);
    return this.#writer.write(`${wanted.service}.${wanted.zone}`, () => {
      const before = this.service(wanted.zone, wanted.service);
      refuseStale(before, options);
      return {
        kind: 'write',
        write: { kind: 'service', value: wanted, expect: before?.revision ?? 0 },
        change: (revision) => ({ kind: 'service', revision, before, after: { ...wanted, revision } }),
        outcome: (_, revision) => ({ service: { ...wanted, revision }, created: before === null }),
      };
    });
  }

  /** Removes the settings of a service; its instances stay and the defaults hold for them. */
  async deleteService(zone: string, name: string, _caller: Caller, options: WriteOptions = {}): Promise<void> {
    const folded = { zone: this.#requireZone(zone), service: foldAscii(name) };
    await this.#writer.write(`${folded.service}.${folded.zone}`, () => {
      const before = this.service(folded.zone, folded.service);
      if (before === null) throw new RegistryError('not-found', `service ${folded.service}.${folded.zone} has no settings`);
      refuseStale(before, options);
      return {
        kind: 'write',
        write: { kind: 'remove-service', value: before },
        change: (revision) => ({ kind: 'service', revision, before, after: null }),
        outcome: () => undefined,
      };
    });
  }

  /** Takes a revision for a change that is none of the registry's own: a zone file. Resolves when it is durable. */
  async touch(): Promise<number> {
    return this.#writer.writeOwn<number>('', () => ({
      kind: 'write',
      write: { kind: 'revision' },
      change: () => null,
      outcome: (_, revision) => revision,
    }));
  }

  /** Calls `listener` with all further changes, after they were published; returns what ends that. */
  onChange(listener: (changes: readonly Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Refuses further writes and waits for those under way; the store is the caller's to close. */
  async close(): Promise<void> {
    await this.#writer.close();
  }

  async #load(): Promise<void> {
    const { batches } = await this.#parts.store.snapshot();
    for await (const { instances, services } of batches) {
      const changes: Change[] = [];
      for (const service of services) {
        if (this.hasZone(service.zone)) changes.push({ kind: 'service', revision: service.revision, before: null, after: service });
      }
      for (const instance of instances) if (this.hasZone(instance.zone)) changes.push(instanceChange('loaded', null, instance));
      for (const change of changes) this.#apply(change);
      await this.#parts.publish(changes);
    }
  }

  #apply(change: Change): void {
    if (change.kind === 'service') this.#catalog.applyService(change);
    else this.#catalog.applyInstance(change, this.#leaseTime.now());
  }

  #admit(registration: Registration, caller: Caller): Instance {
    const zone = this.#requireZone(registration.zone);
    return admit(registration, caller, {
      zone,
      service: this.service(zone, registration.service),
      defaultLease: this.#parts.settings.defaultLease,
      wall: this.#parts.clock.wall(),
    });
  }

  async #renew(renewal: Renewal, caller: Caller): Promise<RenewalResult> {
    try {
      const entry = this.#require(renewal, renewal.generation);
      refuseForeign(entry.instance, caller);
      entry.renewedAt = this.#leaseTime.now();
      const { status } = renewal;
      if (status !== undefined && status !== entry.instance.declared) await this.patch(renewal, { status }, caller);
      return { instance: entry.instance, lease: this.#leaseOfEntry(entry) };
    } catch (error) {
      if (error instanceof RegistryError) return { error };
      throw error;
    }
  }

  #update(ref: InstanceRef, caller: Caller, options: WriteOptions, edit: (instance: Instance) => Instance): Promise<Removed> {
    return this.#writer.write<Removed>(keyOf(this.#fold(ref)), () => {
      const before = this.#require(ref, null).instance;
      refuseStale(before, options);
      refuseForeign(before, caller);
      const wanted = edit(before);
      if (wanted === before) return { kind: 'nothing', outcome: { instance: before, heldFor: 0 } };
      const cause = wanted.declared === 'draining' && before.declared !== 'draining' ? 'draining' : 'updated';
      return {
        kind: 'write',
        write: { kind: 'instance', value: wanted, expect: before.revision },
        change: (revision) => instanceChange(cause, before, stamped(wanted, revision)),
        outcome: (change, _, { heldFor }) => ({ instance: afterOf(change), heldFor }),
      };
    });
  }

  #removal(entry: Entry, cause: 'deregistered' | 'expired') {
    const before = entry.instance;
    const { zone, service, id, generation } = before;
    const tombstone = { zone, service, id, generation, until: this.#parts.clock.wall() + 3_600_000 };
    return {
      kind: 'write' as const,
      write: { kind: 'remove-instance' as const, value: before, tombstone },
      change: (revision: number) => instanceChange(cause, before, null, revision),
      outcome: (_: Change | null, __: number, { heldFor }: Published): Removed => ({ instance: before, heldFor }),
    };
  }

  #fold({ zone, service, id }: InstanceRef): InstanceRef {
    return { zone: foldZone(zone), service: foldAscii(service), id: foldAscii(id) };
  }

  #find(ref: InstanceRef): Entry | undefined {
    const { zone, service, id } = this.#fold(ref);
    return this.#catalog.entry(zone, service, id);
  }

  /** The entry; throws `not-found`, `gone`, or, where another generation of the id is registered, `replaced`. */
  #require(ref: InstanceRef, generation: number | null): Entry {
    const entry = this.#find(ref);
    const name = `instance ${ref.id} of service ${ref.service}`;
    if (entry === undefined) throw new RegistryError('not-found', `${name} is not registered`);
    if (generation === null || generation === entry.instance.generation) return entry;
    throw new RegistryError('replaced', `${name} is held by generation ${entry.instance.generation}, not ${generation}`);
  }

  #requireZone(zone: string): string {
    const folded = foldZone(zone);
    if (this.#catalog.hasZone(folded)) return folded;
    throw new RegistryError('not-found', `zone ${JSON.stringify(zone)} is not served, wanted one of ${this.zones.join(', ')}`, 'zone');
  }

  #refuseBeyondLimits({ zone, service }: Instance): void {
    const { mostInstances, mostInstancesPerService } = this.#parts.settings;
    if (this.#catalog.instanceCount >= mostInstances) {
      throw new RegistryError('too-many', `the registry holds ${mostInstances} instances, its limit`);
    }
    if (this.countOf(zone, service).instances >= mostInstancesPerService) {
      throw new RegistryError('too-many', `service ${service} has ${mostInstancesPerService} instances, its limit`);
    }
  }

  #leaseOfEntry({ instance, renewedAt }: Entry): Lease | null {
    if (instance.lease === null) return null;
    const left = renewedAt + instance.lease * 1000 - this.#leaseTime.now();
    return {
      seconds: instance.lease,
      expiresAt: Math.round(this.#parts.clock.wall() + left),
      renewAfter: instance.lease * Math.min(longestRenewal, usualRenewal),
    };
  }
}

function foldZone(zone: string): string {
  return foldAscii(zone.endsWith('.') ? zone.slice(0, -1) : zone);
}

function keyOf({ zone, service, id }: InstanceRef): string {
  return `${id}.${service}.${zone}`;
}

function instanceChange(cause: InstanceCause, before: Instance | null, after: Instance | null, revision = after!.revision): InstanceChange {
  return { kind: 'instance', cause, revision, before, after };
}

function afterOf(change: Change | null): Instance {
  return (change as InstanceChange).after!;
}

function refuseStale(current: { readonly revision: number } | null, { ifMatch }: WriteOptions): void {
  const revision = current?.revision ?? 0;
  if (ifMatch === undefined || ifMatch === revision) return;
  throw new RegistryError('stale', `the revision is ${revision}, not ${ifMatch}`);
}

/** An id belongs to the token that registered it for as long as it is registered. */
function refuseForeign(instance: Instance, caller: Caller): void {
  if (instance.registeredBy === null || instance.registeredBy === caller.tokenId || caller.mayTakeOver) return;
  throw new RegistryError('conflict', `instance ${instance.id} of service ${instance.service} was registered with another token`);
}
