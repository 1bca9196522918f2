/**
 * PublishedService: one service as the zone shows it. It turns changes of instances and settings into changes of records
 * and marks; one instance costs the names it touches. All instances are looked at only when the service's settings or
 * mode change, or another priority becomes the lowest at one of its names.
 */
import type { Change } from '../registry/change.ts';
import { type Instance, isAnswerable, statusOf } from '../registry/instance.ts';
import type { Service } from '../registry/service.ts';
import { RRType } from '../wire/codes.ts';
import type { Name } from '../wire/name.ts';
import { copyOctets, type Octets } from '../wire/octets.ts';
import type { RRset } from '../wire/record.ts';
import type { Mark, NameMark } from '../zone/change.ts';
import { type Decision, decide, isAnswered } from './decision.ts';
import type { ZoneDelta } from './delta.ts';
import { markOf } from './mark.ts';
import { meaningOf, protocolName, protocols, selectorName, serviceName, serviceTypesName } from './names.ts';
import type { Rdata } from './rdata.ts';
import { ownRecords, type Share, sharesOf } from './records.ts';
import { SharedName } from './shared.ts';
import { serviceAnswerTtl } from './ttl.ts';

/** An instance before and after a batch of changes; null: was not, or is no more. */
export interface Step {
  readonly before: Instance | null;
  readonly after: Instance | null;
}

/** What decides, beside the instance itself, what it adds to the names of its service. */
interface View {
  readonly settings: Service | null;
  readonly decision: Decision;
  readonly populated: boolean;
  readonly standing: readonly Name[];
  readonly advertisement: RRset;
}

export class PublishedService {
  readonly zone: Name;
  readonly name: string;
  readonly instances = new Map<string, Instance>();
  settings: Service | null = null;
  decision: Decision = decide({ answerable: 0, staying: 0 }, null, nobody);
  readonly #defaultTtl: number;
  readonly #names = new Map<Name, SharedName>();
  #answerable = 0;
  #staying = 0;
  #lastKnownGood: ReadonlySet<string> = nobody;

  constructor(zone: Name, name: string, defaultTtl: number) {
    this.zone = zone;
    this.name = name;
    this.#defaultTtl = defaultTtl;
  }

  /** True when nothing is left of the service. */
  get vacant(): boolean {
    return this.settings === null && this.instances.size === 0;
  }

  /** Healthy instances, and all that are not draining. */
  get census(): { readonly answerable: number; readonly staying: number } {
    return { answerable: this.#answerable, staying: this.#staying };
  }

  /** Takes in changes of this service, in order, and tells `delta` (null: nobody) what they mean. Returns what happened to each instance. */
  apply(changes: readonly Change[], delta: ZoneDelta | null): readonly Step[] {
    const before = this.#view();
    const steps = this.#takeIn(changes);
    this.decision = decide(this.census, this.settings, this.#lastKnownGood);
    const after = this.#view();
    const recast = before.settings !== after.settings || before.decision.mode !== after.decision.mode || before.populated !== after.populated;

    const touched = new Set<SharedName>();
    if (recast) {
      for (const owner of before.standing) this.#give(owner, -1, touched);
      for (const owner of after.standing) this.#give(owner, 1, touched);
    }
    const moving = recast ? this.#everyStep(steps) : [...steps.values()];
    for (const step of moving) if (step.before !== null) this.#share(step.before, before, -1, touched, delta);
    for (const step of moving) if (step.after !== null) this.#share(step.after, after, 1, touched, delta);
    this.#movePriorities(touched, after, delta);
    this.#mark(recast ? this.#names.values() : touched, delta);
    if (delta !== null) {
      moveAdvertisement(before.advertisement, -1, delta);
      moveAdvertisement(this.advertisement(), 1, delta);
      for (const step of steps.values()) this.#moveOwn(step, delta);
    }
    return [...steps.values()];
  }

  /** Every rrset as published, but for those of names that all services share. */
  *rrsets(): Generator<RRset> {
    for (const instance of this.instances.values()) yield* ownRecords(this.zone, instance);
    yield* this.#sharedRRsets(null);
  }

  /** The rrsets at one folded name of this service. */
  rrsetsAt(owner: Name): RRset[] {
    const name = this.#names.get(owner);
    if (name !== undefined) return [...this.#sharedRRsets(name)];
    const meaning = meaningOf(owner, this.zone);
    const instance = 'id' in meaning ? this.instances.get(meaning.id) : undefined;
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
  sharesOf(instance: Instance): readonly Share[] {
    return this.#shares(instance, this);
  }

  #view(): View {
    const { settings, decision } = this;
    return { settings, decision, populated: this.instances.size > 0, standing: this.#standingNames(), advertisement: this.advertisement() };
  }

  #takeIn(changes: readonly Change[]): Map<string, Step> {
    const steps = new Map<string, { before: Instance | null; after: Instance | null }>();
    const departed = new Set<string>();
    for (const change of changes) {
      if (change.kind === 'service') {
        this.settings = change.after;
        continue;
      }
      const id = (change.after ?? change.before!).id;
      const step = steps.get(id) ?? { before: this.instances.get(id) ?? null, after: null };
      step.after = change.after;
      steps.set(id, step);
      if (change.after === null || statusOf(change.after) === 'draining') departed.add(id);
    }
    for (const [id, { before, after }] of steps) {
      this.#count(before, -1);
      this.#count(after, 1);
      if (after === null) this.instances.delete(id);
      else this.instances.set(id, after);
    }
    this.#lastKnownGood = this.#rememberGood(steps, departed);
    return steps;
  }

  #count(instance: Instance | null, by: 1 | -1): void {
    if (instance === null) return;
    if (isAnswerable(instance)) this.#answerable += by;
    if (statusOf(instance) !== 'draining') this.#staying += by;
  }

  /** When nothing is answerable any more, whatever was until now is among the `steps`. Who left, or was told to, is not kept. */
  #rememberGood(steps: ReadonlyMap<string, Step>, departed: ReadonlySet<string>): ReadonlySet<string> {
    if (this.#answerable > 0) return nobody;
    const failed = [...steps].filter(([, { before }]) => before !== null && isAnswerable(before)).map(([id]) => id);
    const known = this.#lastKnownGood;
    if (failed.length === 0 && ![...departed].some((id) => known.has(id))) return known;
    return new Set([...known, ...failed].filter((id) => !departed.has(id)));
  }

  /** The names that the service has even without instances. */
  #standingNames(): Name[] {
    if (this.vacant) return [];
    const selectors = this.settings?.selectors ?? [];
    return [
      serviceName(this.zone, this.name),
      ...protocols.map((protocol) => protocolName(this.zone, this.name, protocol)),
      ...selectors.map((selector) => selectorName(this.zone, this.name, selector.name)),
    ].filter((name) => name !== null);
  }

  /** Steps of all instances, those that stand still too. */
  #everyStep(steps: ReadonlyMap<string, Step>): Step[] {
    const all = [...steps.values()];
    for (const [id, instance] of this.instances) if (!steps.has(id)) all.push({ before: instance, after: instance });
    return all;
  }

  #shares(instance: Instance, { settings }: Pick<View, 'settings'>): Share[] {
    return sharesOf(this.zone, instance, settings?.selectors ?? []);
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
    for (const share of this.#shares(instance, view)) {
      const name = this.#give(share.owner, by, touched);
      if (!answered) continue;
      name.priorities.count(instance.priority, by);
      // So that a new name, a tag that no other instance has, needs no look at the others.
      name.addressPriority ??= instance.priority;
      for (const record of publishedAt(name, share, instance)) moveRecord(name, record, ttl, by, delta);
    }
  }

  /** Moves the addresses over where another priority has become the lowest. */
  #movePriorities(touched: ReadonlySet<SharedName>, view: View, delta: ZoneDelta | null): void {
    const moving = [...touched].filter((name) => name.priorities.least !== name.addressPriority);
    if (moving.some((name) => name.priorities.least !== undefined)) {
      const names = new Set(moving);
      for (const instance of this.instances.values()) {
        if (!isAnswered(instance, view.decision)) continue;
        const ttl = serviceAnswerTtl(instance, view.settings, this.#defaultTtl);
        for (const { owner, addresses } of this.#shares(instance, view)) {
          const name = this.#names.get(owner)!;
          if (!names.has(name)) continue;
          const by = instance.priority === name.priorities.least ? 1 : -1;
          if (by === -1 && instance.priority !== name.addressPriority) continue;
          for (const record of addresses) moveRecord(name, record, ttl, by, delta);
        }
      }
    }
    for (const name of moving) name.addressPriority = name.priorities.least;
  }

  #mark(names: Iterable<SharedName>, delta: ZoneDelta | null): void {
    for (const name of names) {
      const mark = name.givers === 0 ? null : markOf(this.decision, this.#limitAt(name.owner), this.instances.size);
      if (mark !== name.mark) delta?.mark(name.owner, mark);
      name.mark = mark;
      if (name.givers === 0) this.#names.delete(name.owner);
    }
  }

  #limitAt(owner: Name): number | null {
    const selectors = this.settings?.selectors ?? [];
    const selector = selectors.find(({ name }) => selectorName(this.zone, this.name, name) === owner);
    return selector?.limit ?? this.settings?.limit ?? null;
  }

  *#sharedRRsets(only: SharedName | null): Generator<RRset> {
    const view = this.#view();
    const rdataOf = new Map<SharedName, Map<number, Octets[]>>();
    for (const instance of this.instances.values()) {
      if (!isAnswered(instance, view.decision)) continue;
      for (const share of this.#shares(instance, view)) {
        const name = this.#names.get(share.owner)!;
        if (only !== null && only !== name) continue;
        const types = rdataOf.get(name) ?? new Map<number, Octets[]>();
        rdataOf.set(name, types);
        for (const { type, rdata } of publishedAt(name, share, instance)) {
          const there = types.get(type);
          if (there === undefined) types.set(type, [rdata]);
          else there.push(rdata);
        }
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

const nobody: ReadonlySet<string> = new Set();

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
