/**
 * The targets of one service over time: taken from records, picked by a policy, ejected and restored by how calls end.
 */
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { SrvRecord } from '../lookup.ts';
import type { ServiceSettings } from '../options.ts';
import { joinAuthority } from '../server-address.ts';
import type { CallResult, Target, TargetState } from '../target.ts';
import { type EjectionReason, Health, OutlierDetector } from './outlier.ts';
import type { Choose } from './policy.ts';
import { subsetOf } from './subset.ts';
import { Tiers } from './tiers.ts';

/** How a new set of records differs from the one before. */
export interface Difference {
  readonly added: readonly Target[];
  readonly removed: readonly Target[];
  /** Targets with another priority, weight or addresses than before. */
  readonly changed: readonly Target[];
}

/** What a balancer tells its service; `changed` comes after each of the others, and after every update. */
export interface BalancerListener {
  onEjected(target: Target, reason: EjectionReason, forMs: number): void;
  onRestored(target: Target): void;
  onFailover(fromPriority: number, toPriority: number): void;
  onPanic(on: boolean): void;
  /** No target that is well is left in the priority that was in use. */
  onExhausted(): void;
  onChange(): void;
}

export class BalancedTarget implements Target {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly health = new Health();
  addresses: readonly string[];
  priority: number;
  weight: number;
  inflight = 0;
  expired = false;
  #turn = 0;

  constructor({ target, port, addresses, priority, weight }: SrvRecord) {
    this.id = idOf(target, port);
    this.host = target;
    this.port = port;
    this.addresses = addresses;
    this.priority = priority;
    this.weight = weight;
  }

  get state(): TargetState {
    if (this.expired) return 'expired';
    return this.health.ejected ? 'ejected' : 'ok';
  }

  get ejected(): EjectionReason | null {
    return this.health.ejected;
  }

  /** The addresses of the first family take turns, for a host name with several is several servers. */
  nextAddress(): string {
    if (this.addresses.length === 1) return this.addresses[0]!;
    const isFirstFamily = (address: string): boolean => address.includes(':') === this.addresses[0]!.includes(':');
    const family = this.addresses.filter(isFirstFamily);
    this.#turn = (this.#turn + 1) % family.length;
    return family[this.#turn]!;
  }
}

function idOf(host: string, port: number): string {
  return joinAuthority(host, port);
}

export class Balancer {
  readonly #settings: ServiceSettings;
  readonly #clock: Clock;
  readonly #choose: Choose;
  readonly #client: number;
  readonly #listener: BalancerListener;
  readonly #detector: OutlierDetector;
  readonly #tiers: Tiers;
  readonly #targets = new Map<string, BalancedTarget>();
  readonly #expired = new Set<BalancedTarget>();
  #selected: readonly BalancedTarget[] = [];
  #priority: number | null = null;
  #panic = false;
  #review: Timer | null = null;

  constructor(
    settings: ServiceSettings,
    choose: Choose,
    clock: Clock,
    random: () => number,
    listener: BalancerListener,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#choose = choose;
    this.#client = Math.floor(random() * 2 ** 32);
    this.#listener = listener;
    this.#detector = new OutlierDetector(settings, clock, random);
    this.#tiers = new Tiers(settings.panicShare, settings.returnAfterMs);
  }

  /** All targets, those that expired and are still in use last. */
  get targets(): readonly BalancedTarget[] {
    return [...this.#targets.values(), ...this.#expired];
  }

  /** The targets that may be picked now. */
  get selected(): readonly BalancedTarget[] {
    return this.#selected;
  }

  /**
   * Takes a whole set of records; records without addresses count as absent. Returns what is different, null when
   * nothing is.
   */
  update(records: readonly SrvRecord[]): Difference | null {
    const added: BalancedTarget[] = [];
    const changed: BalancedTarget[] = [];
    const present = new Set<string>();
    for (const record of records) {
      const id = idOf(record.target, record.port);
      if (record.addresses.length === 0 || present.has(id)) continue;
      present.add(id);
      const known = this.#targets.get(id);
      if (known === undefined) {
        const target = new BalancedTarget(record);
        this.#targets.set(id, target);
        added.push(target);
      } else if (take(known, record)) {
        changed.push(known);
      }
    }
    const removed = [...this.#targets.values()].filter(({ id }) => !present.has(id));
    removed.forEach((target) => this.#expire(target));
    if (added.length + changed.length + removed.length === 0) return null;
    this.#select();
    return { added, removed, changed };
  }

  /** A target for one call, preferably none of `exclude`; null when there are no targets. */
  pick(key: string | undefined, exclude: ReadonlySet<Target>): BalancedTarget | null {
    const candidates = exclude.size === 0 ? this.#selected : this.#without(exclude);
    if (candidates.length === 0) return null;
    const target = this.#choose(candidates, key);
    target.inflight += 1;
    return target;
  }

  /** Takes in how a call on a picked target ended. */
  settle(target: BalancedTarget, result: CallResult): void {
    target.inflight -= 1;
    if (target.expired) {
      if (target.inflight === 0) this.#expired.delete(target);
      return;
    }
    if (this.#targets.size === 1) return; // there is nothing to use instead
    const { health } = target;
    const tier = (): Health[] =>
      [...this.#targets.values()].filter(({ priority }) => priority === target.priority).map((other) => other.health);
    const ejection = this.#detector.judge(health, result, tier);
    if (ejection === null) return;
    health.ejected = ejection.reason;
    health.restore = this.#clock.after(ejection.forMs, () => this.#restore(target));
    this.#listener.onEjected(target, ejection.reason, ejection.forMs);
    this.#select();
  }

  close(): void {
    this.#review?.cancel();
    for (const { health } of this.#targets.values()) health.restore?.cancel();
  }

  #restore(target: BalancedTarget): void {
    const { health } = target;
    health.ejected = null;
    health.failuresInARow = 0;
    health.restoredAt = this.#clock.now();
    this.#listener.onRestored(target);
    this.#select();
  }

  #expire(target: BalancedTarget): void {
    this.#targets.delete(target.id);
    target.health.restore?.cancel();
    target.expired = true;
    if (target.inflight === 0) return;
    this.#expired.add(target);
    this.#clock.after(this.#settings.expiredGraceMs, () => this.#expired.delete(target));
  }

  /** Those of the selected that are not excluded; else any other that is well; else the selected after all. */
  #without(exclude: ReadonlySet<Target>): readonly BalancedTarget[] {
    const others = this.#selected.filter((target) => !exclude.has(target));
    if (others.length > 0) return others;
    const elsewhere = [...this.#targets.values()].filter((target) => target.state === 'ok' && !exclude.has(target));
    const best = Math.min(...elsewhere.map(({ priority }) => priority));
    return elsewhere.length > 0 ? elsewhere.filter(({ priority }) => priority === best) : this.#selected;
  }

  #select(): void {
    this.#review?.cancel();
    const before = this.#priority;
    const selection = this.#tiers.select([...this.#targets.values()], this.#clock.now());
    this.#selected = [...subsetOf(selection.targets, this.#settings.subset, this.#client)];
    this.#priority = selection.priority;
    this.#review = selection.reviewInMs === null ? null : this.#clock.after(selection.reviewInMs, () => this.#select());
    if (before !== null && selection.priority !== null && before !== selection.priority) {
      this.#listener.onFailover(before, selection.priority);
      if (selection.priority > before) this.#listener.onExhausted();
    }
    if (selection.panic !== this.#panic) {
      this.#panic = selection.panic;
      this.#listener.onPanic(selection.panic);
      if (selection.panic) this.#listener.onExhausted();
    }
    this.#listener.onChange();
  }
}

/** Takes what a new record says of a known target; true when that is anything new. */
function take(target: BalancedTarget, record: SrvRecord): boolean {
  const sameAddresses =
    target.addresses.length === record.addresses.length &&
    record.addresses.every((address) => target.addresses.includes(address));
  if (sameAddresses && target.priority === record.priority && target.weight === record.weight) return false;
  if (!sameAddresses) target.addresses = record.addresses;
  target.priority = record.priority;
  target.weight = record.weight;
  return true;
}
