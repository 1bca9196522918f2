/**
 * PublishedService: one service as the zone shows it. It turns changes of instances and settings into changes of
 * records and marks; one instance costs the names it touches. All instances are looked at only when the service's
 * settings or mode change, or another priority becomes the lowest at one of its names.
 */
import type { Change } from '../registry/change.ts';
import type { Instance } from '../registry/instance.ts';
import type { Service } from '../registry/service.ts';
import { RRType } from '../wire/codes.ts';
import type { Name } from '../wire/name.ts';
import { copyOctets, type Octets } from '../wire/octets.ts';
import type { RRset } from '../wire/record.ts';
import type { Mark, NameMark } from '../zone/change.ts';
import { type Decision, isAnswered } from './decision.ts';
import type { ZoneDelta } from './delta.ts';
import { markOf } from './mark.ts';
import { meaningOf, protocolName, protocols, selectorName, serviceName, serviceTypesName } from './names.ts';
import type { Rdata } from './rdata.ts';
import { ownRecords, type Share, sharesOf } from './records.ts';
import { Roster, type Step } from './roster.ts';
import { SharedName } from './shared.ts';
import { serviceAnswerTtl } from './ttl.ts';

/** What an instance's shares depend on beside the instance itself, as it was at one moment. */
interface View {
  readonly settings: Service | null;
  readonly decision: Decision;
  readonly populated: boolean;
}

export class PublishedService {
  /** The zone's apex. */
  readonly zone: Name;
  readonly name: string;
  readonly roster = new Roster();
  readonly #defaultTtl: number;
  readonly #names = new Map<Name, SharedName>();

  constructor(zone: Name, name: string, defaultTtl: number) {
    this.zone = zone;
    this.name = name;
    this.#defaultTtl = defaultTtl;
  }

  /** True when nothing is left of the service. */
  get vacant(): boolean {
    return this.roster.settings === null && this.roster.instances.size === 0;
  }

  /**
   * Takes in changes of this service, in order, and tells `delta` (null: nobody) what they mean. Returns what happened
   * to each instance.
   */
  apply(changes: readonly Change[], delta: ZoneDelta | null): readonly Step[] {
    const before = this.#view();
    const standingBefore = this.#standingNames();
    const advertisementBefore = this.advertisement();
    const steps = this.roster.takeIn(changes);
    const after = this.#view();
    const recast = isRecast(before, after);

    const touched = new Set<SharedName>();
    if (recast) {
      for (const owner of standingBefore) this.#give(owner, -1, touched);
      for (const owner of this.#standingNames()) this.#give(owner, 1, touched);
    }
    const moving = recast ? this.#everyStep(steps) : [...steps.values()];
    for (const step of moving) if (step.before !== null) this.#share(step.before, before, -1, touched, delta);
    for (const step of moving) if (step.after !== null) this.#share(step.after, after, 1, touched, delta);
    this.#movePriorities(touched, delta);
    this.#mark(recast ? this.#names.values() : touched, delta);
    if (delta !== null) {
      moveAdvertisement(advertisementBefore, -1, delta);
      moveAdvertisement(this.advertisement(), 1, delta);
      for (const step of steps.values()) this.#moveOwn(step, delta);
    }
    return [...steps.values()];
  }

  /** Every rrset as published, but for those of names that all services share. */
  *rrsets(): Generator<RRset> {
    for (const instance of this.roster.instances.values()) yield* ownRecords(this.zone, instance);
    yield* this.#sharedRRsets(null);
  }

  /** The rrsets at one folded name of this service. */
  rrsetsAt(owner: Name): RRset[] {
    const name = this.#names.get(owner);
    if (name !== undefined) return [...this.#sharedRRsets(name)];
    const meaning = meaningOf(owner, this.zone);
    const instance = 'id' in meaning ? this.roster.instances.get(meaning.id) : undefined;
    return instance === undefined ? [] : ownRecords(this.zone, instance).filter((rrset) => rrset.owner === owner);
  }

  /** Its part of the service types that can be browsed (RFC 6763 section 9): those with a service instance to find. */
  advertisement(): RRset {
    const rdata = protocols
      .map((protocol) => protocolName(this.zone, this.name, protocol))
      .filter((name) => name !== null)
      .filter((name) => (this.#names.get(name)?.ttl(RRType.PTR) ?? null) !== null);
    return { owner: serviceTypesName(this.zone)!, type: RRType.PTR, ttl: this.#defaultTtl, rdata };
  }

  *marks(): Generator<NameMark> {
    for (const { owner, mark } of this.#names.values()) yield { owner, mark };
  }

  markAt(owner: Name): Mark | null {
    return this.#names.get(owner)?.mark ?? null;
  }

  /** Priority whose addresses are answered at a name of many instances; undefined where none are. */
  addressPriorityAt(owner: Name): number | undefined {
    return this.#names.get(owner)?.addressPriority;
  }

  /** What an instance adds, when it is answered, to the names that it shares. */
  sharesOf(instance: Instance, { settings }: Pick<View, 'settings'> = this.roster): readonly Share[] {
    return sharesOf(this.zone, instance, settings?.selectors ?? []);
  }

  #view(): View {
    const { settings, decision, instances } = this.roster;
    return { settings, decision, populated: instances.size > 0 };
  }

  /** The names that the service has even without instances. */
  #standingNames(): Name[] {
    if (this.vacant) return [];
    const selectors = this.roster.settings?.selectors ?? [];
    return [
      serviceName(this.zone, this.name),
      ...protocols.map((protocol) => protocolName(this.zone, this.name, protocol)),
      ...selectors.map((selector) => selectorName(this.zone, this.name, selector.name)),
    ].filter((name) => name !== null);
  }

  /** Steps of all instances, those that stand still too. */
  #everyStep(steps: ReadonlyMap<string, Step>): Step[] {
    const all = [...steps.values()];
    for (const [id, instance] of this.roster.instances) {
      if (!steps.has(id)) all.push({ before: instance, after: instance });
    }
    return all;
  }

  #give(owner: Name, by: 1 | -1, touched: Set<SharedName>): SharedName {
    let name = this.#names.get(owner);
    if (name === undefined) {
      name = new SharedName(copyOctets(owner));
      this.#names.set(name.owner, name);
    }
    name.givers += by;
    touched.add(name);
    return name;
  }

  /** Adds (1) or takes away (-1) what an instance means to the names that it shares. */
  #share(instance: Instance, view: View, by: 1 | -1, touched: Set<SharedName>, delta: ZoneDelta | null): void {
    const answered = isAnswered(instance, view.decision);
    const ttl = serviceAnswerTtl(instance, view.settings, this.#defaultTtl);
    for (const share of this.sharesOf(instance, view)) {
      const name = this.#give(share.owner, by, touched);
      if (!answered) continue;
      name.priorities.count(instance.priority, by);
      // So that a new name, a tag that no other instance has, needs no look at the others.
      name.addressPriority ??= instance.priority;
      for (const record of publishedAt(name, share, instance)) moveRecord(name, record, ttl, by, delta);
    }
  }

  /** Moves the addresses over where another priority has become the lowest. */
  #movePriorities(touched: ReadonlySet<SharedName>, delta: ZoneDelta | null): void {
    const moving = new Set([...touched].filter((name) => name.priorities.least !== name.addressPriority));
    if ([...moving].some((name) => name.priorities.least !== undefined)) {
      for (const { instance, share, name } of this.#answeredShares()) {
        if (!moving.has(name)) continue;
        const by = instance.priority === name.priorities.least ? 1 : -1;
        if (by === -1 && instance.priority !== name.addressPriority) continue;
        const ttl = serviceAnswerTtl(instance, this.roster.settings, this.#defaultTtl);
        for (const record of share.addresses) moveRecord(name, record, ttl, by, delta);
      }
    }
    for (const name of moving) name.addressPriority = name.priorities.least;
  }

  #mark(names: Iterable<SharedName>, delta: ZoneDelta | null): void {
    const { decision, instances } = this.roster;
    for (const name of names) {
      const mark = name.givers === 0 ? null : markOf(decision, this.#limitAt(name.owner), instances.size);
      if (mark !== name.mark) delta?.mark(name.owner, mark);
      name.mark = mark;
      if (name.givers === 0) this.#names.delete(name.owner);
    }
  }

  #limitAt(owner: Name): number | null {
    const { settings } = this.roster;
    const selector = settings?.selectors.find(({ name }) => selectorName(this.zone, this.name, name) === owner);
    return selector?.limit ?? settings?.limit ?? null;
  }

  *#answeredShares(): Generator<{ instance: Instance; share: Share; name: SharedName }> {
    for (const instance of this.roster.instances.values()) {
      if (!isAnswered(instance, this.roster.decision)) continue;
      for (const share of this.sharesOf(instance)) yield { instance, share, name: this.#names.get(share.owner)! };
    }
  }

  /** The rrsets at one shared name, or (null) at all of them. */
  *#sharedRRsets(only: SharedName | null): Generator<RRset> {
    const rdataOf = new Map<SharedName, Map<number, Octets[]>>();
    for (const { instance, share, name } of this.#answeredShares()) {
      if (only !== null && only !== name) continue;
      const types = rdataOf.get(name) ?? new Map<number, Octets[]>();
      rdataOf.set(name, types);
      for (const { type, rdata } of publishedAt(name, share, instance)) {
        const there = types.get(type);
        if (there === undefined) types.set(type, [rdata]);
        else there.push(rdata);
      }
    }
    for (const [name, types] of rdataOf) {
      for (const [type, rdata] of types) yield { owner: name.owner, type, ttl: name.ttl(type)!, rdata };
    }
  }

  #moveOwn({ before, after }: Step, delta: ZoneDelta): void {
    if (before !== null) for (const rrset of ownRecords(this.zone, before)) delta.remove(rrset);
    if (after !== null) for (const rrset of ownRecords(this.zone, after)) delta.add(rrset);
  }
}

/** True when the shares of instances that have not changed themselves may have changed all the same. */
function isRecast(before: View, after: View): boolean {
  if (before.settings !== after.settings || before.populated !== after.populated) return true;
  return before.decision.mode !== after.decision.mode;
}

/** The records of a share that are answered now: addresses only of the lowest priority there. */
function publishedAt(name: SharedName, share: Share, instance: Instance): readonly Rdata[] {
  return instance.priority === name.addressPriority ? [...share.records, ...share.addresses] : share.records;
}

function moveRecord(name: SharedName, { type, rdata }: Rdata, ttl: number, by: 1 | -1, delta: ZoneDelta | null): void {
  const oldTtl = name.ttl(type);
  name.count(type, ttl, by);
  delta?.move(name.owner, type, rdata, by, oldTtl, name.ttl(type));
}

/** The rrset of all service types has one TTL whichever services are in it. */
function moveAdvertisement({ owner, type, ttl, rdata }: RRset, by: 1 | -1, delta: ZoneDelta): void {
  for (const each of rdata) delta.move(owner, type, each, by, ttl, ttl);
}
