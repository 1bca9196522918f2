/**
 * Runs the health checks of all instances: each at its interval, moved by up to a tenth so that they spread, a bounded
 * number at a time, and one at a time for each target. What the checks of an instance say together goes to the
 * registry.
 */
import type { Change } from '../registry/change.ts';
import { hasServerChecks, type Instance, isCheckedTheSame, type Status } from '../registry/instance.ts';
import type { InstanceRef } from '../registry/registration.ts';
import { Wheel } from '../registry/wheel.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import { type Outcome, printTarget, type Probe, type ProbedCheck, type Target } from './probe.ts';
import { probe } from './probes.ts';
import { refusalToReach } from './reach.ts';
import { Streak, worstOf } from './streak.ts';

export interface CheckRunnerParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes what the checks of an instance say; may reject while the store is in trouble, and is told again later. */
  readonly sink: { observe(ref: InstanceRef, generation: number, reported: Status): Promise<void> };
  /** Ports of our own HTTP API, which no check may call on this host. */
  readonly ownPorts: readonly number[];
  /** 0 to below 1. */
  readonly random?: () => number;
  /** False where another server checks the instance; asked at every turn. */
  readonly isOurs?: (instance: Instance) => boolean;
  /** Asks a target once; over the network unless given. */
  readonly probe?: Probe<ProbedCheck>;
}

export interface CheckResult {
  readonly type: ProbedCheck['type'];
  readonly result: Outcome;
  readonly count: number;
}

/** Probes that run at the same time. */
const mostInFlight = 64;
/** Milliseconds between two looks at what is due. */
const tick = 100;
/** A new instance is first checked within so many milliseconds: it is not answered before. */
const firstWithin = 1000;

export class CheckRunner {
  readonly #parts: Required<CheckRunnerParts>;
  readonly #wheel: Wheel<Watch>;
  readonly #watched = new Map<string, Watched>();
  /** Checks that are due and wait for a place. */
  readonly #queue: Watch[] = [];
  /** Targets that are being probed, with the checks that wait for them. */
  readonly #busy = new Map<string, Watch[]>();
  readonly #results = new Map<string, CheckResult & { count: number }>();
  #inFlight = 0;
  #timer: Timer;

  constructor(parts: CheckRunnerParts) {
    this.#parts = { random: Math.random, isOurs: () => true, probe, ...parts };
    this.#wheel = new Wheel(tick, parts.clock.now());
    this.#timer = this.#tickLater();
  }

  /** Begins with what the registry holds at the start: first runs spread over each check's whole interval. */
  resume(instances: Iterable<Instance>): void {
    for (const instance of instances) this.#follow(null, instance, Infinity);
  }

  /** Follows the registry: starts and ends the checks of instances that came, changed or left. */
  take(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'instance') this.#follow(change.before, change.after, firstWithin);
    }
  }

  /** Outcomes since the start. */
  results(): readonly CheckResult[] {
    return [...this.#results.values()];
  }

  close(): void {
    this.#timer.cancel();
    for (const watched of this.#watched.values()) watched.end.abort();
    this.#watched.clear();
    this.#queue.length = 0;
  }

  #follow(before: Instance | null, after: Instance | null, within: number): void {
    const key = keyOf((after ?? before)!);
    const known = this.#watched.get(key);
    // What another server found is where this one goes on, should the instance become its own.
    const isKnown = (after: Instance): boolean => this.#parts.isOurs(after) || known?.told === after.observed;
    if (known !== undefined && after !== null && isCheckedTheSame(known.instance, after) && isKnown(after)) {
      known.instance = after;
      return;
    }
    known?.end.abort();
    this.#watched.delete(key);
    if (after !== null && hasServerChecks(after)) this.#watched.set(key, this.#watch(after, within));
  }

  #watch(instance: Instance, within: number): Watched {
    const watched: Watched = { instance, watches: [], end: new AbortController(), told: instance.observed };
    const known = instance.observed === null || instance.observed === 'draining' ? 'unknown' : instance.observed;
    for (const check of instance.checks) {
      if (check.type === 'ttl') continue;
      const watch = { watched, check, streak: new Streak(check, known) };
      watched.watches.push(watch);
      const spread = Math.min(within, check.interval * 1000);
      this.#wheel.add(watch, this.#parts.clock.now() + this.#parts.random() * spread);
    }
    return watched;
  }

  #tickLater(): Timer {
    return this.#parts.clock.after(tick, () => {
      this.#queue.push(...this.#wheel.due(this.#parts.clock.now()));
      this.#startWhatFits();
      this.#timer = this.#tickLater();
    });
  }

  #startWhatFits(): void {
    while (this.#inFlight < mostInFlight) {
      const watch = this.#queue.shift();
      if (watch === undefined) return;
      const key = printTarget(targetOf(watch));
      const waiting = this.#busy.get(key);
      if (waiting !== undefined) waiting.push(watch);
      else void this.#runAll(key, watch);
    }
  }

  /** Runs a check, and then those that came to wait for the same target. */
  async #runAll(key: string, first: Watch): Promise<void> {
    const waiting = [first];
    this.#busy.set(key, waiting);
    this.#inFlight++;
    for (let watch = waiting.shift(); watch !== undefined; watch = waiting.shift()) await this.#run(watch);
    this.#busy.delete(key);
    this.#inFlight--;
    this.#startWhatFits();
  }

  async #run(watch: Watch): Promise<void> {
    const { watched, check, streak } = watch;
    if (hasEnded(watched)) return;
    if (this.#parts.isOurs(watched.instance)) {
      const outcome = await this.#probe(watch);
      if (hasEnded(watched)) return;
      this.#count(check.type, outcome);
      streak.take(outcome);
      void this.#tell(watched);
    }
    this.#again(watch);
  }

  async #probe(watch: Watch): Promise<Outcome> {
    const { clock, log, ownPorts } = this.#parts;
    const { watched: { instance, end }, check } = watch;
    const target = targetOf(watch);
    const refusal = refusalToReach(target, instance, ownPorts);
    if (refusal !== null) {
      log.debug({ instance: keyOf(instance), refusal }, 'a check is not run');
      return 'critical';
    }
    const stop = new AbortController();
    const stopWithInstance = (): void => stop.abort(end.signal.reason);
    end.signal.addEventListener('abort', stopWithInstance);
    const timer = clock.after(check.timeout * 1000, () => stop.abort(new Error(`no answer within ${check.timeout} s`)));
    // Whatever a probe makes of its signal, its place is free again in time.
    const stopped = new Promise<never>((_, reject) => {
      stop.signal.addEventListener('abort', () => reject(stop.signal.reason as Error));
    });
    try {
      return await Promise.race([this.#parts.probe(target, check, stop.signal), stopped]);
    } catch (error) {
      log.debug({ instance: keyOf(instance), check: check.type, err: error }, 'a check failed');
      return 'critical';
    } finally {
      timer.cancel();
      end.signal.removeEventListener('abort', stopWithInstance);
    }
  }

  /**
   * Tells the registry what the checks say together, where it does not know; what it cannot take now is told after the
   * next run.
   */
  async #tell(watched: Watched): Promise<void> {
    const status = worstOf(watched.watches.map(({ streak }) => streak.status));
    if (status === watched.told) return;
    const before = watched.told;
    watched.told = status;
    try {
      await this.#parts.sink.observe(watched.instance, watched.instance.generation, status);
    } catch (error) {
      watched.told = before;
      const instance = keyOf(watched.instance);
      this.#parts.log.warn({ err: error, instance, status }, 'the registry did not take what checks say');
    }
  }

  #again(watch: Watch): void {
    const moved = 1 + (this.#parts.random() - 0.5) / 5;
    this.#wheel.add(watch, this.#parts.clock.now() + watch.check.interval * 1000 * moved);
  }

  #count(type: ProbedCheck['type'], result: Outcome): void {
    const key = `${type} ${result}`;
    const known = this.#results.get(key);
    if (known === undefined) this.#results.set(key, { type, result, count: 1 });
    else known.count++;
  }
}

interface Watched {
  instance: Instance;
  readonly watches: Watch[];
  /** Aborted when the instance is no more, or is to be checked in another way. */
  readonly end: AbortController;
  /** What the registry was told last. */
  told: Status | null;
}

interface Watch {
  readonly watched: Watched;
  readonly check: ProbedCheck;
  readonly streak: Streak;
}

function hasEnded({ end }: Watched): boolean {
  return end.signal.aborted;
}

/** The first address of an instance is the one that is checked. */
function targetOf({ watched: { instance }, check }: Watch): Target {
  return { address: instance.addresses[0]!, port: check.port };
}

function keyOf({ id, service, zone }: Instance): string {
  return `${id}.${service}.${zone}`;
}
