/**
 * Publisher: turns what the registry and the zone files say into ZoneChanges. It keeps what it needs to make each
 * change from the names that it touches, and to replay everything to a DNS worker that starts. Longer than most files,
 * because all kinds of zones pass here, each of which is a file of its own.
 */
import type { Change } from '../registry/change.ts';
import type { Instance } from '../registry/instance.ts';
import { serverService } from '../registry/label.ts';
import { foldName, type Name, parseName } from '../wire/name.ts';
import type { ResourceRecord, RRset } from '../wire/record.ts';
import type { AppliedChange, ZoneChange } from '../zone/change.ts';
import { madeApex, nameServersOf } from './apex.ts';
import { type Difference, ZoneDelta } from './delta.ts';
import { instanceName } from './names.ts';
import type { Pointer } from './pointers.ts';
import { Replay } from './replay.ts';
import { enclosingApex, reverseName, reverseZones } from './reverse.ts';
import { PublishedService } from './service.ts';
import { differingOwners, jointMark, jointRRsets, noStatics, type StaticRecords, staticRecords } from './static.ts';
import { instanceAnswerTtl } from './ttl.ts';
import { type ExternalRecords, PublishedZone } from './zone.ts';

export interface PublisherSettings {
  /**
   * Service zones as instances name them: `svc.internal`. At least one; the first has the name server of reverse zones.
   */
  readonly zones: readonly string[];
  /** Prefixes as in `10.0.0.0/8` whose instance addresses get reverse names. */
  readonly reversePrefixes: readonly string[];
  /** Addresses in canonical text at which this server answers, for zones whose file names no server. */
  readonly addresses: readonly string[];
  /** TTL in seconds of service answers where neither instance nor service has one. */
  readonly defaultTtl: number;
}

/** Hands changes to every DNS worker, in the order of the calls; resolves when all have applied them. */
export type Deliver = (changes: readonly ZoneChange[]) => Promise<AppliedChange>;

export class Publisher {
  readonly #settings: PublisherSettings;
  readonly #deliver: Deliver;
  readonly #zones = new Map<Name, PublishedZone>();
  /** By the text that instances name them with. */
  readonly #serviceZones = new Map<string, PublishedZone>();
  readonly #reverseZones = new Map<Name, PublishedZone>();
  /** Static records that come with the next batch. */
  readonly #waiting = new Map<PublishedZone, StaticRecords>();
  readonly #replays = new Set<Replay>();

  /** Throws PresentationError where a zone or prefix is none. */
  constructor(settings: PublisherSettings, deliver: Deliver) {
    this.#settings = settings;
    this.#deliver = deliver;
    for (const text of settings.zones) this.#serviceZones.set(text, this.#open(apexOf(text), 'services'));
    for (const prefix of settings.reversePrefixes) {
      for (const apex of reverseZones(prefix)) this.#reverseZones.set(apex, this.#open(apex, 'reverse'));
    }
  }

  /** Takes in what the store held, in any number of calls; delivers nothing, since workers start with a replay. */
  load(changes: readonly Change[]): void {
    for (const [service, its] of this.#byService(changes)) this.#takeIn(service, its, null);
  }

  /**
   * Ends loading. Lifts the serials of registered zones to `revision`: what was changed last before a restart need not
   * be there any more.
   */
  resumeAt(revision: number): void {
    for (const zone of this.#withoutFile()) zone.statics = this.#madeApex(zone);
    this.#moveSerials(revision);
  }

  /**
   * Publishes a batch as one change a zone, and all zones that registrations fill at one serial, `revision`: that of the
   * last commit. So servers that share a store have the same serials, whenever they started and whatever of a zone is
   * no more. Resolves when every worker answers with it, with the longest time that a resolver may hold what it removed.
   */
  publish(changes: readonly Change[], revision: number = latestOf(changes)): Promise<AppliedChange> {
    const deltas = new Map<PublishedZone, ZoneDelta>();
    for (const [service, its] of this.#byService(changes)) {
      this.#takeIn(service, its, (touched) => entryOf(deltas, touched, () => new ZoneDelta()));
    }
    const updates: [PublishedZone, Difference][] = [];
    for (const [zone, delta] of deltas) updates.push([zone, delta.beside(zone.statics)]);
    if (changes.some(isOfServers)) for (const zone of this.#withoutFile()) this.#waiting.set(zone, this.#madeApex(zone));
    for (const [zone, statics] of this.#waiting) updates.push([zone, replaceStatics(zone, statics)]);
    this.#waiting.clear();

    const moved = this.#moveSerials(revision);
    const changed = updates.filter(([, difference]) => !isEmpty(difference));
    for (const [zone] of changed) moved.delete(zone);
    return this.#send([...changed, ...[...moved].map((zone) => [zone, nothing] as const)].map(updateOf));
  }

  /** Has all answers from what is registered, or external, say that they may be out of date, or say so no more. */
  setStale(stale: boolean, which: 'registered' | 'external' = 'registered'): Promise<AppliedChange> {
    const isMeant = ({ isRegistered, external }: PublishedZone) => (which === 'external' ? external !== null : isRegistered);
    const zones = [...this.#zones.values()].filter(isMeant);
    for (const zone of zones) zone.stale = stale;
    return this.#send(zones.map((zone) => updateOf([zone, nothing])));
  }

  /**
   * Serves the records of the file of a zone that nobody registers in, SOA and NS among them. Of a zone that is there
   * already only the difference is published. `serial` is the file's.
   */
  setStaticZone(apex: Name, records: Iterable<ResourceRecord>, serial: number): Promise<AppliedChange> {
    const folded = foldName(apex);
    const known = this.#zones.get(folded);
    if (known !== undefined) {
      const difference = replaceStatics(known, staticRecords(records));
      return this.#send(known.moveSerial(serial) || !isEmpty(difference) ? [updateOf([known, difference])] : []);
    }
    const zone = this.#open(folded, 'static');
    zone.statics = staticRecords(records);
    zone.moveSerial(serial);
    return this.#send([load(zone)]);
  }

  /**
   * Has a zone file's records (null: its own) served in a zone that registrations fill, beside what is registered. They
   * come with the next `publish`, so that with every serial goes one content.
   */
  setRecordsBeside(apex: Name, records: Iterable<ResourceRecord> | null): void {
    const zone = this.#zones.get(foldName(apex))!;
    zone.hasFile = records !== null;
    this.#waiting.set(zone, records === null ? this.#madeApex(zone) : staticRecords(records));
  }

  /** Ends a zone that came from a zone file alone. */
  dropStaticZone(apex: Name): Promise<AppliedChange> {
    const zone = this.#zones.get(foldName(apex));
    if (zone?.kind !== 'static') return this.#send([]);
    this.#zones.delete(zone.apex);
    return this.#send([{ zone: zone.apex, serial: zone.serial, kind: 'drop', removed: [], added: [], marks: [] }]);
  }

  /** Serves a zone that nobody else fills with the records that `external` makes. */
  openExternalZone(apex: Name, external: ExternalRecords, serial: number): Promise<AppliedChange> {
    const zone = new PublishedZone(apex, 'external', noStatics, external);
    this.#zones.set(apex, zone);
    zone.moveSerial(serial);
    return this.#send([{ ...load(zone), added: [...external.rrsets()] }]);
  }

  /** Publishes what has changed in the records of an external zone, which must have changed in this moment. */
  changeExternalZone(apex: Name, difference: Difference, serial: number): Promise<AppliedChange> {
    const zone = this.#zones.get(apex)!;
    zone.moveSerial(serial);
    return this.#send([updateOf([zone, difference])]);
  }

  /**
   * Everything as it is at this moment, for one DNS worker, made while it is read. What is delivered from now on comes
   * after it. To be read to its end or left by `return`.
   */
  replay(): Iterable<ZoneChange> {
    const replay = new Replay(this.#zones.values(), (service) => this.#reverseRecords(service));
    this.#replays.add(replay);
    return this.#read(replay);
  }

  /** The zone with the deepest apex at or above a name; null where none is served. */
  zoneOf(name: Name): PublishedZone | null {
    return enclosingApex(foldName(name), this.#zones);
  }

  /** True for the apex of a zone that registrations fill, whose serial is a revision. */
  isRegistered(apex: Name): boolean {
    return this.#zones.get(foldName(apex))?.isRegistered ?? false;
  }

  /** The zones, in no order. */
  get zones(): Iterable<PublishedZone> {
    return this.#zones.values();
  }

  /** Returns the zones whose serial moved. */
  #moveSerials(revision: number): Set<PublishedZone> {
    return new Set([...this.#zones.values()].filter((zone) => zone.isRegistered && zone.moveSerial(revision)));
  }

  #takeIn(
    service: PublishedService,
    changes: readonly Change[],
    deltaOf: ((zone: PublishedZone) => ZoneDelta) | null,
  ): void {
    for (const replay of this.#replays) replay.preserve(service);
    const zone = this.#zones.get(service.zone)!;
    const steps = service.apply(changes, deltaOf?.(zone) ?? null);
    if (service.vacant) zone.services.delete(service.name);
    for (const { before, after } of steps) {
      this.#point(before, -1, deltaOf);
      this.#point(after, 1, deltaOf);
    }
  }

  /** The changes by the service that they are about, in order; what is in no zone that is served is left out. */
  #byService(changes: readonly Change[]): Map<PublishedService, Change[]> {
    const byService = new Map<PublishedService, Change[]>();
    for (const change of changes) {
      const { zone: zoneName, service: name } = (change.after ?? change.before)!;
      const zone = this.#serviceZones.get(zoneName);
      if (zone === undefined) continue;
      const service = entryOf(
        zone.services,
        name,
        () => new PublishedService(zone.apex, name, this.#settings.defaultTtl),
      );
      entryOf(byService, service, () => []).push(change);
    }
    return byService;
  }

  #point(instance: Instance | null, by: 1 | -1, deltaOf: ((zone: PublishedZone) => ZoneDelta) | null): void {
    if (instance === null) return;
    for (const { zone, owner, pointer } of this.#pointersOf(instance)) {
      zone.pointers.move(owner, pointer, by, deltaOf?.(zone) ?? null);
    }
  }

  /** The reverse records of an instance: `ID.SERVICE.Z` at each of its addresses for which a reverse zone is served. */
  #pointersOf(instance: Instance): { zone: PublishedZone; owner: Name; pointer: Pointer }[] {
    if (this.#reverseZones.size === 0) return [];
    const target = instanceName(apexOf(instance.zone), instance.service, instance.id);
    if (target === null) return [];
    const pointer = { target, ttl: instanceAnswerTtl(instance) };
    return instance.addresses.flatMap((address) => {
      const owner = reverseName(address);
      const zone = enclosingApex(owner, this.#reverseZones);
      return zone === null ? [] : [{ zone, owner, pointer }];
    });
  }

  *#reverseRecords(service: PublishedService): Generator<{ zone: PublishedZone; rrset: RRset }> {
    for (const instance of service.roster.instances.values()) {
      for (const { zone, owner, pointer } of this.#pointersOf(instance)) {
        yield { zone, rrset: { ...zone.pointers.rrset(owner)!, rdata: [pointer.target] } };
      }
    }
  }

  *#read(replay: Replay): Generator<ZoneChange> {
    try {
      yield* replay.changes();
    } finally {
      this.#replays.delete(replay);
    }
  }

  #open(apex: Name, kind: PublishedZone['kind']): PublishedZone {
    const zone = new PublishedZone(apex, kind, noStatics);
    if (kind !== 'static') zone.statics = this.#madeApex(zone);
    this.#zones.set(apex, zone);
    return zone;
  }

  #madeApex(zone: PublishedZone): StaticRecords {
    // Reverse zones have the name servers of the first service zone.
    const { apex, services } = zone.kind === 'services' ? zone : this.#serviceZones.get(this.#settings.zones[0]!)!;
    const servers = services.get(serverService)?.roster.instances.values() ?? [];
    return staticRecords(madeApex(zone.apex, nameServersOf(apex, servers, this.#settings.addresses)));
  }

  /** The zones that registrations fill and no zone file describes. */
  #withoutFile(): PublishedZone[] {
    return [...this.#zones.values()].filter(({ isRegistered, hasFile }) => isRegistered && !hasFile);
  }

  async #send(changes: readonly ZoneChange[]): Promise<AppliedChange> {
    return changes.length === 0 ? { heldFor: 0 } : await this.#deliver(changes);
  }
}

function load(zone: PublishedZone): ZoneChange {
  return {
    zone: zone.apex,
    serial: zone.serial,
    stale: zone.stale,
    kind: 'load',
    removed: [],
    added: [...zone.statics.values()].flat(),
    marks: [],
  };
}

function updateOf([zone, difference]: readonly [PublishedZone, Difference]): ZoneChange {
  return { zone: zone.apex, serial: zone.serial, stale: zone.stale, kind: 'update', ...difference };
}

const nothing: Difference = { removed: [], added: [], marks: [] };

/** Gives a zone other static records; returns what differs beside those that are registered. */
function replaceStatics(zone: PublishedZone, statics: StaticRecords): Difference {
  const delta = new ZoneDelta();
  for (const owner of differingOwners(zone.statics, statics)) {
    const registered = zone.registeredAt(owner);
    for (const rrset of jointRRsets(owner, registered, zone.statics)) delta.remove(rrset);
    for (const rrset of jointRRsets(owner, registered, statics)) delta.add(rrset);
    const mark = zone.markAt(owner);
    if (mark !== null) delta.mark(owner, jointMark(mark, owner, statics));
  }
  zone.statics = statics;
  return delta.beside(noStatics);
}

function isOfServers(change: Change): boolean {
  return (change.after ?? change.before)!.service === serverService;
}

function latestOf(changes: readonly Change[]): number {
  return changes.reduce((highest, { revision }) => Math.max(highest, revision), 0);
}

function isEmpty({ removed, added, marks }: Difference): boolean {
  return removed.length + added.length + marks.length === 0;
}

function apexOf(text: string): Name {
  return foldName(parseName(text.endsWith('.') ? text : `${text}.`));
}

/** The entry of `key`, made where it is missing. */
function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
