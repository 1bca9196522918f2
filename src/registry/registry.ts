/**
 * The registry: the services and instances of all service zones, and the only place that changes them. Reads are
 * answered from memory (`committed`). A write is resolved when it is durable and published; until then nobody sees it.
 *
 * A write is decided in `instance-writes`, `service-writes` or `renewals`, once more where `sharing` finds that another
 * server was first. The `writer` makes it durable, has it applied to `committed`, and has `publication` tell of it. What
 * the registry writes by itself comes by way of `expiry` and `upkeep`, what other servers wrote by way of `following`.
 */
import type { Timer } from '../runtime/clock.ts';
import { patched } from './admission.ts';
import { Catalog } from './catalog.ts';
import { Committed } from './committed.ts';
import { EventLog } from './events.ts';
import { Expiry } from './expiry.ts';
import { Following } from './following.ts';
import { Held } from './held.ts';
import type { Instance, Status } from './instance.ts';
import { InstanceWrites } from './instance-writes.ts';
import { sweepPeriod } from './lease-time.ts';
import { load } from './loading.ts';
import type { Lease, Registered, RegistryStatistics, Removed, RenewalResult } from './outcome.ts';
import type { RegistryParts } from './parts.ts';
import type { ProtectedScope } from './protection.ts';
import { type ChangeListener, Publication } from './publication.ts';
import {
  type Caller, foldZone, type InstancePatch, type InstanceRef, type Registration, type Renewal, type ServiceSettings,
  type WriteOptions,
} from './registration.ts';
import { Renewals } from './renewals.ts';
import type { Service } from './service.ts';
import { ServiceWrites } from './service-writes.ts';
import { Sharing } from './sharing.ts';
import { Tombstones } from './tombstones.ts';
import { Upkeep } from './upkeep.ts';
import { Writer } from './writer.ts';

export type { Lease, Registered, RegistryStatistics, Removed, RenewalResult } from './outcome.ts';

export class Registry {
  readonly events: EventLog;
  readonly #parts: RegistryParts;
  readonly #committed: Committed;
  readonly #publication: Publication;
  readonly #writer: Writer;
  readonly #sharing: Sharing;
  readonly #upkeep: Upkeep;
  readonly #expiry: Expiry;
  readonly #instances: InstanceWrites;
  readonly #services: ServiceWrites;
  readonly #renewals: Renewals;
  #nextSweep: Timer | null = null;

  /** Loads the store, publishes what it holds with cause `loaded`, and gives each lease one full period. */
  static async open(parts: RegistryParts): Promise<Registry> {
    const registry = new Registry(parts);
    await load({ ...parts, committed: registry.#committed });
    registry.#expiry.time.begin();
    registry.#sweepLater();
    registry.#follow();
    return registry;
  }

  private constructor(parts: RegistryParts) {
    const { store, clock, log, zones, settings } = parts;
    const catalog = new Catalog(zones);
    const tombstones = new Tombstones(clock);
    this.#parts = parts;
    this.events = new EventLog(settings.keptEvents, store.revision, () => clock.wall());
    const held = new Held(catalog, clock, settings.longestDefaultTtl);
    const publication = new Publication({ ...parts, events: this.events, held });
    const writer = new Writer({
      store,
      log,
      mostWaiting: settings.mostWaitingWrites,
      apply: (changes) => this.#committed.apply(changes),
      publish: (changes, revision) => publication.publish(changes, revision),
    });
    const upkeep = new Upkeep({ writer, log, tombstones });
    const expiry = new Expiry({
      clock,
      log,
      longestProtection: settings.longestProtection,
      entries: () => catalog.entries(),
      announce: (scope, end) => publication.tellOfProtection(scope, end),
      upkeep,
      isOurs: parts.isOurs ?? (() => true),
    });
    const committed = new Committed({ zones, catalog, tombstones, expiry, publication });
    const sharing = new Sharing({ store, clock, writer });
    this.#instances = new InstanceWrites({ committed, expiry, held, sharing, clock, settings });
    this.#services = new ServiceWrites({ committed, sharing, settings });
    this.#renewals = new Renewals({ committed, expiry, sharing, writes: this.#instances });
    this.#committed = committed;
    this.#publication = publication;
    this.#writer = writer;
    this.#sharing = sharing;
    this.#upkeep = upkeep;
    this.#expiry = expiry;
  }

  /** Revision of the last committed change. */
  get revision(): number {
    return this.#parts.store.revision;
  }

  /** Seconds since a store shared with other servers was last known to be followed; 0 while it is, and for others. */
  get stale(): number {
    return this.#sharing.stale;
  }

  get zones(): readonly string[] {
    return this.#parts.zones;
  }

  get instanceCount(): number {
    return this.#committed.catalog.instanceCount;
  }

  get serviceCount(): number {
    return this.#committed.catalog.serviceCount;
  }

  get statistics(): RegistryStatistics {
    const { taken, refused } = this.#renewals;
    return { changes: this.#committed.changes, renewals: taken, refusedRenewals: refused };
  }

  hasZone(zone: string): boolean {
    return this.#committed.catalog.hasZone(foldZone(zone));
  }

  /** Names of the services that have settings or instances. */
  services(zone: string): Iterable<string> {
    return this.#committed.catalog.services(foldZone(zone)).keys();
  }

  hasService(zone: string, service: string): boolean {
    return this.#committed.service(zone, service) !== undefined;
  }

  /** Settings of a service; null where it has none of its own. */
  service(zone: string, service: string): Service | null {
    return this.#committed.service(zone, service)?.settings ?? null;
  }

  *instances(zone: string, service: string): Iterable<Instance> {
    const entry = this.#committed.service(zone, service);
    if (entry !== undefined) for (const { instance } of entry.instances.values()) yield instance;
  }

  /** The instances of all services of all zones. */
  *allInstances(): Iterable<Instance> {
    for (const { instance } of this.#committed.catalog.entries()) yield instance;
  }

  /** How many instances a service has, and how many of them are answerable. */
  countOf(zone: string, service: string): { readonly instances: number; readonly answerable: number } {
    const entry = this.#committed.service(zone, service);
    return { instances: entry?.instances.size ?? 0, answerable: entry?.answerable ?? 0 };
  }

  instance(zone: string, service: string, id: string): Instance | null {
    return this.#committed.find({ zone, service, id })?.instance ?? null;
  }

  /** The lease of an instance; null where it is permanent or not registered. */
  leaseOf(ref: InstanceRef): Lease | null {
    const entry = this.#committed.find(ref);
    return entry === undefined ? null : this.#expiry.leaseOf(entry);
  }

  /** The scopes under self-protection. */
  protection(): readonly ProtectedScope[] {
    return this.#expiry.protection.scopes();
  }

  /** True where the instance would have expired, but for protection. */
  isHeldByProtection(ref: InstanceRef): boolean {
    const entry = this.#committed.find(ref);
    return entry !== undefined && this.#expiry.isHeld(entry);
  }

  /** The instance that a registration would make; changes nothing and throws what `register` would reject with. */
  plan(registration: Registration, caller: Caller, options: WriteOptions = {}): Instance {
    return this.#instances.plan(registration, caller, options);
  }

  /**
   * Registers or replaces. Safe to repeat: where the instance is already just what is asked for, from the same caller,
   * it keeps its generation and revision, and only its lease starts anew. Otherwise the generation rises, and renewals
   * of the old one are refused with `replaced`: of two processes with one id the one that came last holds it.
   */
  async register(registration: Registration, caller: Caller, options: WriteOptions = {}): Promise<Registered> {
    return this.#instances.register(registration, caller, options);
  }

  /** Changes weight, priority, tags, meta or the declared status; the generation stays. */
  async patch(ref: InstanceRef, patch: InstancePatch, caller: Caller, options: WriteOptions = {}): Promise<Instance> {
    return (await this.#instances.update(ref, null, caller, options, (before) => patched(before, patch))).instance;
  }

  /** Takes an instance out of all answers; it stays listed. Safe to repeat. */
  async drain(ref: InstanceRef, caller: Caller, options: WriteOptions = {}): Promise<Removed> {
    return this.#instances.update(ref, null, caller, options, (before) => patched(before, { status: 'draining' }));
  }

  /** Removes an instance. With a generation that is not the current one: `gone` or `replaced`. */
  async deregister(
    ref: InstanceRef,
    generation: number | null,
    caller: Caller,
    options: WriteOptions = {},
  ): Promise<Removed> {
    return this.#instances.deregister(ref, generation, caller, options);
  }

  /**
   * Renews leases, each for itself. Nothing is written unless a status changes; the promise then resolves when that is
   * durable and published. A status does not end a drain, which an operator may have asked for. Errors are `not-found`,
   * `gone`, `replaced`, `conflict`, and those of a write.
   */
  async renew(renewals: readonly Renewal[], caller: Caller): Promise<readonly RenewalResult[]> {
    return Promise.all(renewals.map((renewal) => this.#renewals.take(renewal, caller)));
  }

  /** Takes over what the checks by the server say of an instance; nothing where it is of another generation by now. */
  async observe(ref: InstanceRef, generation: number, reported: Status): Promise<void> {
    const entry = this.#committed.find(ref);
    if (entry?.instance.generation === generation) await this.#upkeep.observe(entry, reported);
  }

  /** Sets the settings of a service, all of them. */
  async putService(
    zone: string,
    name: string,
    settings: ServiceSettings,
    options: WriteOptions = {},
  ): Promise<{ readonly service: Service; readonly created: boolean }> {
    return this.#services.put(zone, name, settings, options);
  }

  /** Removes the settings of a service; its instances stay, and the defaults hold for them. */
  async deleteService(zone: string, name: string, options: WriteOptions = {}): Promise<void> {
    await this.#services.delete(zone, name, options);
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
  onChange(listener: ChangeListener): () => void {
    return this.#publication.onChange(listener);
  }

  /** Refuses further writes and waits for those under way; the store is the caller's to close. */
  async close(): Promise<void> {
    this.#nextSweep?.cancel();
    this.#nextSweep = null;
    await this.#writer.close();
  }

  #follow(): void {
    const { catalog, tombstones } = this.#committed;
    this.#sharing.follow(new Following({ catalog, tombstones, expiry: this.#expiry, writer: this.#writer }));
  }

  #sweepLater(): void {
    this.#nextSweep = this.#parts.clock.after(sweepPeriod, () => {
      this.#sweepLater();
      // Who cannot hear of renewals cannot tell what has ended.
      if (this.#sharing.isHearing) this.#expiry.sweep();
    });
  }
}
