/**
 * The registry: the services and instances of all service zones, and the only place that changes them. Reads are
 * answered from memory. A write is resolved when it is durable and published; until then nobody sees it. Longer than
 * most files, because it is the whole of what other folders call; what takes thought stands in the files it joins.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import { admit, patched } from './admission.ts';
import { Catalog, type Entry } from './catalog.ts';
import { type Change, type InstanceCause, type InstanceChange, instanceChange } from './change.ts';
import type { Decision, Published } from './decision.ts';
import { Drained } from './drained.ts';
import { RegistryError, type RegistryErrorCode } from './error.ts';
import { EventLog } from './events.ts';
import { Expiry } from './expiry.ts';
import { Following } from './following.ts';
import { type Instance, isCheckedTheSame, isSameRegistration, type Status } from './instance.ts';
import { foldAscii } from './label.ts';
import { sweepPeriod } from './lease-time.ts';
import type { Lease, Registered, RegistryStatistics, Removed, RenewalResult } from './outcome.ts';
import type { ProtectedScope } from './protection.ts';
import {
  absence, nameOf, refusalOf, refuseForeign, refuseGeneration, refuseInstanceBeyondLimits, refuseServiceBeyondLimit,
  refuseStale,
} from './refusal.ts';
import {
  type Caller, foldRef, foldZone, type InstancePatch, type InstanceRef, keyOf, type Registration, type Renewal,
  type ServiceSettings, type WriteOptions,
} from './registration.ts';
import { parseService, type Service } from './service.ts';
import type { RegistrySettings } from './settings.ts';
import { isShared, LostRace, type SharedRenewal, type SharedStore, stamped, type Store, type Tombstone } from './store.ts';
import { Tombstones } from './tombstones.ts';
import { Upkeep } from './upkeep.ts';
import { Writer } from './writer.ts';

export interface RegistryParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** Service zones in presentation form, lower case, without the final dot; at least one, the first is the default. */
  readonly zones: readonly string[];
  readonly settings: RegistrySettings;
  /**
   * Resolves when everyone who answers queries answers with the changes, and with zones of that revision. It may be
   * that nothing moves but the revision.
   */
  readonly publish: (changes: readonly Change[], revision: number) => Promise<Published>;
  /** False where another server that is alive looks after an instance. Without it all are this server's. */
  readonly isOurs?: (instance: Instance) => boolean;
}

export type { Lease, Registered, RegistryStatistics, Removed, RenewalResult } from './outcome.ts';

export class Registry {
  readonly events: EventLog;
  readonly #parts: RegistryParts;
  /** The store, where other servers write to it too. */
  readonly #shared: SharedStore | null;
  readonly #catalog: Catalog;
  readonly #writer: Writer;
  readonly #upkeep: Upkeep;
  readonly #expiry: Expiry;
  readonly #tombstones = new Tombstones(keptTombstones);
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();
  readonly #drained: Drained;
  /** Applied changes that took the last answerable instance of a service and are not published yet. */
  readonly #emptied = new Set<Change>();
  readonly #changes: Record<InstanceCause, number> = {
    registered: 0, updated: 0, deregistered: 0, expired: 0, draining: 0, checked: 0, late: 0, renewed: 0, loaded: 0,
  };
  #renewals = 0;
  #refusedRenewals = 0;
  #nextSweep: Timer | null = null;

  /** Loads the store, publishes what it holds with cause `loaded`, and gives each lease one full period. */
  static async open(parts: RegistryParts): Promise<Registry> {
    const registry = new Registry(parts);
    await registry.#load();
    registry.#expiry.time.begin();
    registry.#sweepLater();
    registry.#follow();
    return registry;
  }

  private constructor(parts: RegistryParts) {
    const { clock, log, settings, store } = parts;
    this.#parts = parts;
    this.#shared = isShared(store) ? store : null;
    this.#drained = new Drained(clock, settings.longestDefaultTtl);
    this.#catalog = new Catalog(parts.zones);
    this.events = new EventLog(settings.keptEvents, store.revision, () => clock.wall());
    this.#writer = new Writer({
      store,
      log,
      mostWaiting: settings.mostWaitingWrites,
      apply: (changes) => this.#apply(changes),
      publish: (changes, revision) => this.#publish(changes, revision),
    });
    this.#upkeep = new Upkeep({ writer: this.#writer, log, tombstoneOf: (entry) => this.#tombstoneOf(entry) });
    this.#expiry = new Expiry({
      clock,
      log,
      longestProtection: settings.longestProtection,
      entries: () => this.#catalog.entries(),
      announce: (scope, end) => {
        log.warn({ scope, end }, end === null ? 'protection begins: in this scope nothing expires' : 'protection ends');
        this.events.recordProtection(scope, end);
      },
      upkeep: this.#upkeep,
      isOurs: parts.isOurs ?? (() => true),
    });
  }

  /** Revision of the last committed change. */
  get revision(): number {
    return this.#parts.store.revision;
  }

  /** Seconds since a store shared with other servers was last known to be followed; 0 while it is, and for others. */
  get stale(): number {
    return this.#shared?.stale ?? 0;
  }

  get zones(): readonly string[] {
    return this.#parts.zones;
  }

  get instanceCount(): number {
    return this.#catalog.instanceCount;
  }

  get serviceCount(): number {
    return this.#catalog.serviceCount;
  }

  get statistics(): RegistryStatistics {
    return { changes: this.#changes, renewals: this.#renewals, refusedRenewals: this.#refusedRenewals };
  }

  hasZone(zone: string): boolean {
    return this.#catalog.hasZone(foldZone(zone));
  }

  /** Names of the services that have settings or instances. */
  services(zone: string): Iterable<string> {
    return this.#catalog.services(foldZone(zone)).keys();
  }

  hasService(zone: string, service: string): boolean {
    return this.#catalog.service(foldZone(zone), foldAscii(service)) !== undefined;
  }

  /** Settings of a service; null where it has none of its own. */
  service(zone: string, service: string): Service | null {
    return this.#catalog.service(foldZone(zone), foldAscii(service))?.settings ?? null;
  }

  *instances(zone: string, service: string): Iterable<Instance> {
    const entry = this.#catalog.service(foldZone(zone), foldAscii(service));
    if (entry !== undefined) for (const { instance } of entry.instances.values()) yield instance;
  }

  /** The instances of all services of all zones. */
  *allInstances(): Iterable<Instance> {
    for (const { instance } of this.#catalog.entries()) yield instance;
  }

  /** How many instances a service has, and how many of them are answerable. */
  countOf(zone: string, service: string): { readonly instances: number; readonly answerable: number } {
    const entry = this.#catalog.service(foldZone(zone), foldAscii(service));
    return { instances: entry?.instances.size ?? 0, answerable: entry?.answerable ?? 0 };
  }

  instance(zone: string, service: string, id: string): Instance | null {
    return this.#find({ zone, service, id })?.instance ?? null;
  }

  /** The lease of an instance; null where it is permanent or not registered. */
  leaseOf(ref: InstanceRef): Lease | null {
    const entry = this.#find(ref);
    return entry === undefined ? null : this.#expiry.leaseOf(entry);
  }

  /** The scopes under self-protection. */
  protection(): readonly ProtectedScope[] {
    return this.#expiry.protection.scopes();
  }

  /** True where the instance would have expired, but for protection. */
  isHeldByProtection(ref: InstanceRef): boolean {
    const entry = this.#find(ref);
    return entry !== undefined && this.#expiry.isHeld(entry);
  }

  /** The instance that a registration would make; changes nothing and throws what `register` would reject with. */
  plan(registration: Registration, caller: Caller, options: WriteOptions = {}): Instance {
    const wanted = this.#admit(registration, caller);
    this.#judgeRegistration(wanted, caller, options);
    return wanted;
  }

  /**
   * Registers or replaces. Safe to repeat: where the instance is already just what is asked for, from the same caller,
   * it keeps its generation and revision, and only its lease starts anew. Otherwise the generation rises, and renewals
   * of the old one are refused with `replaced`: of two processes with one id the one that came last holds it.
   */
  async register(registration: Registration, caller: Caller, options: WriteOptions = {}): Promise<Registered> {
    const admitted = this.#admit(registration, caller);
    const decide = (): Decision<Repeatable> => {
      const entry = this.#judgeRegistration(admitted, caller, options);
      if (entry !== undefined && isSameRegistration(entry.instance, admitted) && this.#expiry.renew(entry)) {
        return { kind: 'nothing', outcome: { instance: entry.instance, created: false, isRenewal: true } };
      }
      const before = entry?.instance ?? null;
      const observed = before !== null && isCheckedTheSame(before, admitted) ? entry!.reported : null;
      const wanted = { ...admitted, observed: observed ?? admitted.observed };
      return {
        kind: 'commit',
        write: { kind: 'instance', value: wanted, expect: before?.revision ?? 0 },
        change: (revision) => instanceChange('registered', revision, before, stamped(wanted, revision)),
        outcome: (_, revision) => ({
          instance: stamped(wanted, revision),
          created: before === null,
          isRenewal: false,
        }),
      };
    };
    return this.#inTime(async () => {
      const { isRenewal, ...registered } = await this.#write(keyOf(admitted), decide);
      if (isRenewal) await this.#share(registered.instance);
      return registered;
    });
  }

  /** Changes weight, priority, tags, meta or the declared status; the generation stays. */
  async patch(ref: InstanceRef, patch: InstancePatch, caller: Caller, options: WriteOptions = {}): Promise<Instance> {
    return (await this.#update(ref, null, caller, options, (instance) => patched(instance, patch))).instance;
  }

  /** Takes an instance out of all answers; it stays listed. Safe to repeat. */
  async drain(ref: InstanceRef, caller: Caller, options: WriteOptions = {}): Promise<Removed> {
    return this.#update(ref, null, caller, options, (instance) => patched(instance, { status: 'draining' }));
  }

  /** Removes an instance. With a generation that is not the current one: `gone` or `replaced`. */
  async deregister(
    ref: InstanceRef,
    generation: number | null,
    caller: Caller,
    options: WriteOptions = {},
  ): Promise<Removed> {
    return this.#write<Removed>(keyOf(foldRef(ref)), () => {
      const entry = this.#demand(ref, generation);
      const before = entry.instance;
      refuseStale(before, options);
      refuseForeign(before, caller);
      return {
        kind: 'commit',
        write: { kind: 'remove-instance', value: before, tombstone: this.#tombstoneOf(entry) },
        change: (revision) => instanceChange('deregistered', revision, before, null),
        outcome: (_, __, { heldFor }) => ({ instance: before, heldFor }),
      };
    });
  }

  /**
   * Renews leases, each for itself. Nothing is written unless a status changes; the promise then resolves when that is
   * durable and published. A status does not end a drain, which an operator may have asked for. Errors are `not-found`,
   * `gone`, `replaced`, `conflict`, and those of a write.
   */
  async renew(renewals: readonly Renewal[], caller: Caller): Promise<readonly RenewalResult[]> {
    return Promise.all(renewals.map((renewal) => this.#renew(renewal, caller)));
  }

  /** Takes over what the checks by the server say of an instance; nothing where it is of another generation by now. */
  async observe(ref: InstanceRef, generation: number, reported: Status): Promise<void> {
    const entry = this.#find(ref);
    if (entry?.instance.generation === generation) await this.#upkeep.observe(entry, reported);
  }

  /** Sets the settings of a service, all of them. */
  async putService(
    zone: string,
    name: string,
    settings: ServiceSettings,
    options: WriteOptions = {},
  ): Promise<{ readonly service: Service; readonly created: boolean }> {
    const wanted = parseService(this.#demandZone(zone), name, settings);
    return this.#write(`${wanted.service}.${wanted.zone}`, () => {
      const before = this.service(wanted.zone, wanted.service);
      refuseStale(before, options);
      refuseServiceBeyondLimit(this.#catalog, this.#parts.settings, wanted);
      if (before !== null && isDeepStrictEqual({ ...wanted, revision: before.revision }, before)) {
        return { kind: 'nothing', outcome: { service: before, created: false } };
      }
      return {
        kind: 'commit',
        write: { kind: 'service', value: wanted, expect: before?.revision ?? 0 },
        change: (revision) => ({ kind: 'service', revision, before, after: { ...wanted, revision } }),
        outcome: (_, revision) => ({ service: { ...wanted, revision }, created: before === null }),
      };
    });
  }

  /** Removes the settings of a service; its instances stay, and the defaults hold for them. */
  async deleteService(zone: string, name: string, options: WriteOptions = {}): Promise<void> {
    const [folded, service] = [this.#demandZone(zone), foldAscii(name)];
    await this.#write(`${service}.${folded}`, () => {
      const before = this.service(folded, service);
      if (before === null) throw new RegistryError('not-found', `service ${service} has no settings in zone ${folded}`);
      refuseStale(before, options);
      return {
        kind: 'commit',
        write: { kind: 'remove-service', value: before },
        change: (revision) => ({ kind: 'service', revision, before, after: null }),
        outcome: () => undefined,
      };
    });
  }

  /** Takes a revision for a change that is none of the registry's own: a zone file. Resolves when it is published. */
  async touch(): Promise<number> {
    return this.#writer.writeOwn<number>('', () => ({
      kind: 'commit',
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
    this.#nextSweep?.cancel();
    this.#nextSweep = null;
    await this.#writer.close();
  }

  async #load(): Promise<void> {
    const { revision, batches } = await this.#parts.store.snapshot();
    let unserved = 0;
    for await (const { instances, services, tombstones } of batches) {
      const changes: Change[] = [
        ...services.map((after): Change => ({ kind: 'service', revision: after.revision, before: null, after })),
        ...instances.map((after) =>
          instanceChange('loaded', after.revision, null, after.late ? { ...after, late: false } : after),
        ),
      ];
      const served = changes.filter(({ after }) => this.#catalog.hasZone(after!.zone));
      unserved += changes.length - served.length;
      for (const tombstone of tombstones) this.#tombstones.add(tombstone);
      this.#apply(served);
      if (served.length > 0) await this.#parts.publish(served, revision);
    }
    if (unserved > 0) {
      this.#parts.log.warn({ entries: unserved }, 'the store holds entries of zones that are not served');
    }
  }

  #follow(): void {
    const [catalog, tombstones, expiry, writer] = [this.#catalog, this.#tombstones, this.#expiry, this.#writer];
    this.#shared?.follow(new Following({ catalog, tombstones, expiry, writer }));
  }

  #sweepLater(): void {
    this.#nextSweep = this.#parts.clock.after(sweepPeriod, () => {
      this.#sweepLater();
      // Who cannot hear of renewals cannot tell what has ended.
      if (this.stale === 0) this.#expiry.sweep();
    });
  }

  #apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'instance') this.#applyInstance(change);
      else this.#catalog.applyService(change);
    }
  }

  #applyInstance(change: InstanceChange): void {
    const { before, after, cause } = change;
    this.#changes[cause]++;
    const known = before === null ? undefined : this.#find(before);
    const wasEmpty = known === undefined || known.service.answerable === 0;
    const entry = this.#catalog.applyInstance(change);
    if (!wasEmpty && entry.service.answerable === 0) this.#emptied.add(change);
    if (after === null) {
      this.#tombstones.add(this.#tombstoneOf(entry));
      this.#expiry.stop(entry, false);
    } else if (entry !== known) {
      if (known !== undefined) this.#expiry.stop(known, true);
      this.#expiry.start(entry, cause === 'loaded');
    }
  }

  async #publish(changes: readonly Change[], revision: number): Promise<Published> {
    try {
      return await this.#parts.publish(changes, revision);
    } finally {
      if (changes.length > 0) this.#tell(changes);
    }
  }

  #tell(changes: readonly Change[]): void {
    try {
      for (const change of changes) this.events.record(change, this.#emptied.has(change));
      this.#emptied.clear();
      for (const listener of this.#listeners) listener(changes);
    } catch (error) {
      this.#parts.log.error({ err: error }, 'a listener of the registry failed');
    }
  }

  #admit(registration: Registration, caller: Caller): Instance {
    const zone = this.#demandZone(registration.zone);
    return admit(registration, caller, {
      zone,
      service: this.#catalog.service(zone, foldAscii(registration.service)) ?? null,
      defaultLease: this.#parts.settings.defaultLease,
      wall: this.#parts.clock.wall(),
    });
  }

  /** The entry that a registration would replace, if any; throws where the registration may not be. */
  #judgeRegistration(wanted: Instance, caller: Caller, options: WriteOptions): Entry | undefined {
    const entry = this.#find(wanted);
    refuseStale(entry?.instance ?? null, options);
    if (entry === undefined) refuseInstanceBeyondLimits(this.#catalog, this.#parts.settings, wanted);
    else refuseForeign(entry.instance, caller);
    return entry;
  }

  async #renew(renewal: Renewal, caller: Caller): Promise<RenewalResult> {
    try {
      const { status, generation } = renewal;
      await this.#inTime(async () => {
        await this.#decided(() => refuseForeign(this.#demand(renewal, generation).instance, caller));
        await this.#share({ ...foldRef(renewal), generation });
      });
      const entry = this.#demand(renewal, generation);
      if (!this.#expiry.renew(entry)) throw new RegistryError('gone', `the lease of ${nameOf(renewal)} has ended`);
      this.#renewals++;
      const { declared } = entry.instance;
      if (status !== undefined && status !== declared && declared !== 'draining') {
        await this.#update(renewal, generation, caller, {}, (instance) => patched(instance, { status }));
      }
      return { instance: entry.instance, lease: this.#expiry.leaseOf(entry) };
    } catch (error) {
      this.#refusedRenewals++;
      if (error instanceof RegistryError) return { error };
      throw error;
    }
  }

  /** Lets the other servers know of a renewal, before anybody is told that it counts. */
  async #share({ zone, service, id, generation }: SharedRenewal): Promise<void> {
    await this.#shared?.renew({ zone, service, id, generation }).catch((error: unknown) => {
      throw refusalOf(error);
    });
  }

  #write<T>(key: string, decide: () => Decision<T>): Promise<T> {
    return this.#inTime(() => this.#decided(() => this.#writer.write(key, decide)));
  }

  /**
   * Nobody waits for a shared store for longer than `mostWait`, however many things must be asked of it. What is refused
   * then may still come to pass, as all that a store out of reach refuses.
   */
  #inTime<T>(work: () => Promise<T>): Promise<T> {
    if (this.#shared === null) return work();
    return new Promise((resolve, reject) => {
      const late = new RegistryError('store-unavailable', `the store did not answer within ${mostWait / 1000} s`);
      const timer = this.#parts.clock.after(mostWait, () => reject(late));
      void work().then(resolve, reject).finally(() => timer.cancel());
    });
  }

  /**
   * What is refused for how things stand is asked for once more when all is known that other servers have committed, and
   * what has lost a race to one of them a few times.
   */
  async #decided<T>(ask: () => T | Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await ask();
      } catch (error) {
        if (this.#shared === null || !(error instanceof RegistryError) || !outdatable.has(error.code)) throw error;
        if (tries === (error.cause instanceof LostRace ? mostRaces : 2)) throw error;
      }
      await this.#shared.catchUp().catch((cause: unknown) => {
        throw refusalOf(cause);
      });
      // What it brought goes through the writer.
      await this.#writer.writeOwn('', () => ({ kind: 'nothing', outcome: undefined }));
    }
  }

  #update(
    ref: InstanceRef,
    generation: number | null,
    caller: Caller,
    options: WriteOptions,
    edit: (instance: Instance) => Instance,
  ): Promise<Removed> {
    return this.#write<Removed>(keyOf(foldRef(ref)), () => {
      const entry = this.#demand(ref, generation);
      const before = entry.instance;
      refuseStale(before, options);
      refuseForeign(before, caller);
      const wanted = edit(before);
      if (wanted === before) {
        return { kind: 'nothing', outcome: { instance: before, heldFor: this.#drained.heldFor(entry) } };
      }
      const cause = wanted.declared === 'draining' && before.declared !== 'draining' ? 'draining' : 'updated';
      return {
        kind: 'commit',
        write: { kind: 'instance', value: wanted, expect: before.revision },
        change: (revision) => instanceChange(cause, revision, before, stamped(wanted, revision)),
        outcome: (_, revision, { heldFor }) => {
          if (cause === 'draining') this.#drained.note(entry, heldFor);
          return { instance: stamped(wanted, revision), heldFor };
        },
      };
    });
  }

  #find(ref: InstanceRef): Entry | undefined {
    const { zone, service, id } = foldRef(ref);
    return this.#catalog.entry(zone, service, id);
  }

  /** The entry, of that generation unless null; otherwise throws `not-found`, `gone` or `replaced`. */
  #demand(ref: InstanceRef, generation: number | null): Entry {
    const entry = this.#find(ref);
    if (entry === undefined) {
      throw absence(ref, generation, this.#tombstones.find(foldRef(ref), this.#parts.clock.wall()));
    }
    refuseGeneration(entry.instance, generation);
    return entry;
  }

  #demandZone(zone: string): string {
    const folded = foldZone(zone);
    const served = this.zones.find((other) => other === folded);
    if (served !== undefined) return served;
    throw new RegistryError(
      'not-found',
      `zone ${JSON.stringify(zone)} is not served, wanted one of ${this.zones.join(', ')}`,
      'zone',
    );
  }

  #tombstoneOf({ instance: { zone, service, id, generation } }: Entry): Tombstone {
    return { zone, service, id, generation, until: this.#parts.clock.wall() + tombstoneLife };
  }
}

/** `isRenewal`: nothing was registered, since it was already just so. */
type Repeatable = Registered & { readonly isRenewal: boolean };

/** Refusals that come from what other servers have committed, or from not having heard of it. */
const outdatable: ReadonlySet<RegistryErrorCode> = new Set(['not-found', 'gone', 'replaced', 'stale', 'conflict']);
const mostRaces = 5;
const keptTombstones = 100_000;
/** Milliseconds. */
const mostWait = 1900;
const tombstoneLife = 3_600_000;
