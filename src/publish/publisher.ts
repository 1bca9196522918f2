/**
 * Publisher: turns what the registry and the zone files say into ZoneChanges. It keeps what it needs to make each
 * change from the names that it touches, and to replay everything to a DNS worker that starts.
 */
import type { Change } from '../registry/change.ts';
import { serverService } from '../registry/label.ts';
import { foldName, type Name } from '../wire/name.ts';
import type { ResourceRecord } from '../wire/record.ts';
import type { AppliedChange, ZoneChange } from '../zone/change.ts';
import { madeApex, nameServersOf } from './apex.ts';
import { type Difference, isEmpty, noDifference, ZoneDelta } from './delta.ts';
import { zoneName } from './names.ts';
import { Replay } from './replay.ts';
import { enclosingApex, reverseZones } from './reverse.ts';
import { ReverseRecords } from './reverse-records.ts';
import { PublishedService } from './service.ts';
import { noStatics, type StaticRecords, staticRecords } from './static.ts';
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
  readonly #reverse: ReverseRecords;
  /** Static records that come with the next batch. */
  readonly #waiting = new Map<PublishedZone, StaticRecords>();
  readonly #replays = new Set<Replay>();

  /** Throws PresentationError where a zone or prefix is none. */
  constructor(settings: PublisherSettings, deliver: Deliver) {
    this.#settings = settings;
    this.#deliver = deliver;
    for (const text of settings.zones) this.#serviceZones.set(text, this.#open(zoneName(text), 'services'));
    const reverse = settings.reversePrefixes.flatMap(reverseZones);
    this.#reverse = new ReverseRecords(reverse.map((apex) => this.#open(apex, 'reverse')));
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
    for (const [zone, statics] of this.#waiting) updates.push([zone, zone.replaceStatics(statics)]);
    this.#waiting.clear();

    const moved = this.#moveSerials(revision);
    const changed = updates.filter(([, difference]) => !isEmpty(difference));
    for (const [zone] of changed) moved.delete(zone);
    return this.#send([
      ...changed.map(([zone, difference]) => zone.update(difference)),
      ...[...moved].map((zone) => zone.update(noDifference)),
    ]);
  }

  /** Has all answers from what is registered, or external, say that they may be out of date, or say so no more. */
  setStale(stale: boolean, which: 'registered' | 'external' = 'registered'): Promise<AppliedChange> {
    const isMeant = ({ isRegistered, external }: PublishedZone) => (which === 'external' ? external !== null : isRegistered);
    const zones = [...this.#zones.values()].filter(isMeant);
    for (const zone of zones) zone.stale = stale;
    return this.#send(zones.map((zone) => zone.update(noDifference)));
  }

  /**
   * Serves the records of the file of a zone that nobody registers in, SOA and NS among them. Of a zone that is there
   * already only the difference is published. `serial` is the file's.
   */
  setStaticZone(apex: Name, records: Iterable<ResourceRecord>, serial: number): Promise<AppliedChange> {
    const folded = foldName(apex);
    const known = this.#zones.get(folded);
    if (known !== undefined) {
      const difference = known.replaceStatics(staticRecords(records));
      return this.#send(known.moveSerial(serial) || !isEmpty(difference) ? [known.update(difference)] : []);
    }
    const zone = this.#open(folded, 'static');
    zone.statics = staticRecords(records);
    zone.moveSerial(serial);
    return this.#send([zone.load([...zone.statics.values()].flat())]);
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
    return this.#send([zone.drop()]);
  }

  /** Serves a zone that nobody else fills with the records that `external` makes. */
  openExternalZone(apex: Name, external: ExternalRecords, serial: number): Promise<AppliedChange> {
    const zone = new PublishedZone(apex, 'external', noStatics, external);
    this.#zones.set(apex, zone);
    zone.moveSerial(serial);
    return this.#send([zone.load([...external.rrsets()])]);
  }

  /** Publishes what has changed in the records of an external zone, which must have changed in this moment. */
  changeExternalZone(apex: Name, difference: Difference, serial: number): Promise<AppliedChange> {
    const zone = this.#zones.get(apex)!;
    zone.moveSerial(serial);
    return this.#send([zone.update(difference)]);
  }

  /**
   * Everything as it is at this moment, for one DNS worker, made while it is read. What is delivered from now on comes
   * after it. To be read to its end or left by `return`.
   */
  replay(): Iterable<ZoneChange> {
    const replay = new Replay(this.#zones.values(), this.#reverse);
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
      if (before !== null) this.#reverse.move(before, -1, deltaOf);
      if (after !== null) this.#reverse.move(after, 1, deltaOf);
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

function isOfServers(change: Change): boolean {
  return (change.after ?? change.before)!.service === serverService;
}

function latestOf(changes: readonly Change[]): number {
  return changes.reduce((highest, { revision }) => Math.max(highest, revision), 0);
}

/** The entry of `key`, made where it is missing. */
function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
