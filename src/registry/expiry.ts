/**
 * Expiry: watches over everything that must renew. A renewal only moves a number; each entry stands in the wheel no
 * later than its next deadline could be, is looked at then, and put back for what has become of its deadlines
 * meanwhile.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import type { Entry, LeaseState, RenewalCount, ServiceEntry } from './catalog.ts';
import { hasServerChecks, type Instance } from './instance.ts';
import { serverService } from './label.ts';
import { lateAfter, longestRenewal, overdueAfter, periodOf, usualRenewal } from './lease.ts';
import { LeaseTime, sweepPeriod } from './lease-time.ts';
import type { Lease } from './outcome.ts';
import { Protection, type ProtectionParts, type Unfrozen } from './protection.ts';
import type { Upkeep } from './upkeep.ts';
import { Wheel } from './wheel.ts';

export interface ExpiryParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Longest protection in seconds; 0: none at all. */
  readonly longestProtection: number;
  readonly entries: () => Iterable<Entry>;
  readonly announce: ProtectionParts['announce'];
  readonly upkeep: Pick<Upkeep, 'expire' | 'publishLateness' | 'publishObserved'>;
  /** False where another server writes what becomes of an instance, while it is alive. */
  readonly isOurs: (instance: Instance) => boolean;
}

export class Expiry {
  readonly time: LeaseTime;
  readonly protection: Protection;
  readonly #parts: ExpiryParts;
  readonly #wheel: Wheel<Entry>;
  readonly #whole: RenewalCount = { timed: 0, late: 0, departedLate: 0 };
  /** Entries that leave one by one, in random order, and how many of them with each sweep. */
  #leaving: Entry[] = [];
  #leavingStep = 0;
  /** Entries that another server is to write about, and the lease time at which this one does. */
  readonly #elsewhere = new Map<Entry, number>();

  constructor(parts: ExpiryParts) {
    const { clock, longestProtection, announce } = parts;
    this.#parts = parts;
    this.time = new LeaseTime(clock);
    this.#wheel = new Wheel(sweepPeriod, this.time.now());
    this.protection = new Protection({
      whole: this.#whole,
      longest: longestProtection,
      wall: () => clock.wall(),
      announce,
    });
  }

  /**
   * Gives a new entry its full period, with what its instance says of its checks. Of entries out of the store a great
   * many come at once, so they are spread over the wheel.
   */
  start(entry: Entry, fromStore: boolean): void {
    const { instance } = entry;
    if (hasServerChecks(instance)) entry.reported = instance.observed;
    else entry.overdue = instance.observed === 'critical';
    entry.renewedAt = this.#now();
    const lookIn = lookAgainAfter(instance);
    this.#move(entry, lookIn === Infinity ? 'timeless' : 'renewed');
    if (lookIn !== Infinity) this.#wheel.add(entry, entry.renewedAt + (fromStore ? Math.random() : 1) * lookIn);
  }

  /** Takes a renewal over; false where it comes too late because the removal is being written. */
  renew(entry: Entry): boolean {
    if (entry.state === 'ending' || entry.state === 'removed') return false;
    entry.renewedAt = this.#now();
    if (entry.state === 'late' || entry.state === 'leaving') this.#move(entry, 'renewed');
    if (entry.instance.late) this.#parts.upkeep.publishLateness(entry);
    if (entry.overdue) {
      entry.overdue = false;
      this.#publishObserved(entry);
    }
    return true;
  }

  /** Takes over a renewal that some server has answered: it counts, should the removal that is being written fail. */
  hear(entry: Entry): void {
    if (!this.renew(entry) && entry.state === 'ending') entry.renewedAt = this.#now();
  }

  /** Takes over what another server wrote of the checks of an instance. */
  adopt(entry: Entry, after: Instance): void {
    if (!hasServerChecks(after)) entry.overdue = after.observed === 'critical';
    else if (!entry.overdue) entry.reported = after.observed;
  }

  /** Lets go of an entry that left the catalog, or whose place another generation took. */
  stop(entry: Entry, replaced: boolean): void {
    if (entry.state === 'late' && !replaced && entry.service.name !== serverService) {
      this.#whole.departedLate++;
      entry.service.renewals.departedLate++;
    }
    this.#move(entry, 'removed');
  }

  /** The lease of an entry; null where it is permanent. The later sweeps come, the later owners are asked to renew. */
  leaseOf({ instance, renewedAt }: Entry): Lease | null {
    if (instance.lease === null) return null;
    const left = renewedAt + instance.lease * 1000 - this.time.now();
    const share = Math.min(longestRenewal, usualRenewal * (1 + this.time.lag));
    return {
      seconds: instance.lease,
      expiresAt: Math.round(this.#parts.clock.wall() + left),
      renewAfter: Math.round(share * periodOf(instance) * 1000) / 1000,
    };
  }

  /** True where the entry would have left, but for protection. */
  isHeld(entry: Entry): boolean {
    return entry.state === 'late' && hasEnded(entry, this.time.now()) && this.protection.holds(entry);
  }

  /** Looks at all that is due. */
  sweep(): void {
    const gap = this.time.tick();
    if (gap > 0) this.#parts.log.warn({ gap: gap / 1000 }, 'the server stood still, so all leases were extended');
    const now = this.time.now();
    for (const unfrozen of this.protection.unfreeze(now)) this.#release(unfrozen, now);

    const timedOut: Entry[] = [];
    for (const entry of this.#wheel.due(now)) if (this.#isTimedOut(entry, now)) timedOut.push(entry);
    if (timedOut.length > 0) this.protection.judge(new Set(timedOut.map(({ service }) => service)), now);
    for (const entry of timedOut) {
      if (!this.protection.holds(entry)) this.#timeOut(entry, now);
    }
    this.#letLeave();
    this.#takeOver(now);
  }

  /**
   * Looks at one entry and puts it back; true where its lease has ended or its ttl check is overdue, and nothing has
   * been done about it yet.
   */
  #isTimedOut(entry: Entry, now: number): boolean {
    const { instance, state, overdue } = entry;
    if (state === 'removed') return false;
    const silence = now - entry.renewedAt;
    const lateIn = lateAfter * periodOf(instance) * 1000 - silence;
    const overdueIn = overdueAfter(instance) * 1000 - silence;
    const endsIn = (instance.lease ?? Infinity) * 1000 - silence;

    let lookIn = state === 'ending' ? retryDelay : lookAgainAfter(instance);
    for (const deadline of [lateIn, overdueIn, endsIn]) if (deadline > 0 && deadline < lookIn) lookIn = deadline;
    this.#wheel.add(entry, now + lookIn);

    if (state === 'renewed' && lateIn <= 0) {
      this.#move(entry, 'late');
      this.#parts.upkeep.publishLateness(entry);
    }
    return (state === 'renewed' || state === 'late') && (endsIn <= 0 || (overdueIn <= 0 && !overdue));
  }

  #timeOut(entry: Entry, now: number): void {
    if (hasEnded(entry, now)) {
      this.#expire(entry);
    } else {
      entry.overdue = true;
      this.#publishObserved(entry);
    }
  }

  /** Sends those on their way whose leases ended under a protection that is over. */
  #release({ service, reason }: Unfrozen, now: number): void {
    const entries = service === null ? this.#parts.entries() : service.instances.values();
    const ended = [...entries].filter((entry) => entry.state === 'late' && hasEnded(entry, now));
    // What as a whole has recovered may still have services that have not.
    if (service === null && reason === 'recovered') {
      this.protection.judgeServices(new Set(ended.map((entry) => entry.service)), now);
    }
    const released = ended.filter((entry) => !this.protection.holds(entry));
    for (const entry of released) this.#move(entry, 'leaving');
    this.#leaving = shuffled([...this.#leaving, ...released]);
    this.#leavingStep = Math.ceil((this.#leaving.length * sweepPeriod) / releaseTime);
  }

  #letLeave(): void {
    for (const entry of this.#leaving.splice(0, this.#leavingStep)) {
      if (entry.state === 'leaving') this.#expire(entry);
    }
  }

  #expire(entry: Entry): void {
    if (this.#isOurs(entry)) this.#remove(entry);
  }

  #remove(entry: Entry): void {
    this.#move(entry, 'ending');
    const isDue = (): boolean => hasEnded(entry, this.#now());
    this.#parts.upkeep.expire(entry, isDue, () => {
      if (entry.state !== 'ending') return;
      this.#move(entry, 'late');
      if (!isDue()) this.renew(entry);
    });
  }

  #publishObserved(entry: Entry): void {
    if (this.#isOurs(entry)) this.#parts.upkeep.publishObserved(entry);
  }

  /** True where this server is to write about an entry now. */
  #isOurs(entry: Entry): boolean {
    if (this.#parts.isOurs(entry.instance)) return true;
    if (!this.#elsewhere.has(entry)) this.#elsewhere.set(entry, this.#now() + patience);
    return false;
  }

  /** Writes what another server should have written: it may be gone, or take a third one for the one to do it. */
  #takeOver(now: number): void {
    for (const [entry, due] of this.#elsewhere) {
      if (due > now) return;
      this.#elsewhere.delete(entry);
      const { state } = entry;
      const isLeaving = state === 'leaving' || (state === 'late' && !this.protection.holds(entry));
      if (isLeaving && hasEnded(entry, now)) this.#remove(entry);
      else if (state !== 'ending') this.#parts.upkeep.publishObserved(entry);
    }
  }

  /** Changes the state and with it what is counted: `renewed` and `late` are waited for. */
  #move(entry: Entry, state: LeaseState): void {
    this.#count(entry, -1);
    entry.state = state;
    this.#count(entry, 1);
  }

  #count({ state, service }: { readonly state: LeaseState; readonly service: ServiceEntry }, sign: 1 | -1): void {
    // Servers that go say nothing of the owners of instances.
    if ((state !== 'renewed' && state !== 'late') || service.name === serverService) return;
    for (const count of [this.#whole, service.renewals]) {
      count.timed += sign;
      if (state === 'late') count.late += sign;
    }
  }

  /** Whole milliseconds, which V8 keeps without a box. */
  #now(): number {
    return Math.ceil(this.time.now());
  }
}

/**
 * Milliseconds after which an entry must be looked at again, whatever its deadlines: a renewal moves the next one at
 * least so far away. At most a minute, so that removed entries are not kept for long.
 */
function lookAgainAfter(instance: Instance): number {
  const period = periodOf(instance);
  return period === Infinity ? Infinity : Math.min(60_000, lateAfter * period * 1000);
}

/** Milliseconds that another server gets to write what becomes of an instance: while it is silent it counts as alive. */
const patience = 5000;

/** Milliseconds until a removal that could not be written is tried again. */
const retryDelay = 1000;

/** Milliseconds over which those leave whose leases ended under protection. */
const releaseTime = 10_000;

function hasEnded({ instance, renewedAt }: Entry, now: number): boolean {
  return instance.lease !== null && now - renewedAt >= instance.lease * 1000;
}

function shuffled<T>(items: T[]): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
