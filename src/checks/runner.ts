/**
 * Runs the health checks of all instances: each at its interval, moved by up to a tenth so that they spread, a bounded
 * number at a time, and one at a time for each instance. What the checks of an instance say together goes to the registry.
 */
import type { Change } from '../registry/change.ts';
import { hasServerChecks, type Instance, isCheckedTheSame, type Status } from '../registry/instance.ts';
import type { InstanceRef } from '../registry/registration.ts';
import { Wheel } from '../registry/wheel.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import { probeGrpc } from './grpc.ts';
import { probeHttp } from './http.ts';
import type { Outcome, ProbedCheck, Target } from './probe.ts';
import { refusalToReach } from './reach.ts';
import { Streak, worstOf } from './streak.ts';
import { probeTcp } from './tcp.ts';

export interface CheckRunnerParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes what the checks of an instance say; may reject while the store is in trouble, and is told again later. */
  readonly sink: { observe(ref: InstanceRef, generation: number, reported: Status): Promise<void> };
  /** Ports of our own HTTP API, which no check may call. */
  readonly ownPorts: readonly number[];
  /** 0 to below 1. */
  readonly random?: () => number;
  /** False where another server checks the instance; asked at every turn. */
  readonly isOurs?: (instance: Instance) => boolean;
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
  readonly #results = new Map<string, CheckResult & { count: number }>();
  #inFlight = 0;
  #timer: Timer;

  constructor(parts: CheckRunnerParts) {
    this.#parts = { random: Math.random, isOurs: () => true, ...parts };
    this.#wheel = new Wheel(tick, parts.clock.now());
    this.#timer = this.#tickLater();
  }

  /** Follows the registry: starts and ends the checks of instances that came, changed or left. */
  take(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'instance') this.#follow(change.before, change.after, change.cause === 'loaded');
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

  #follow(before: Instance | null, after: Instance | null, loaded: boolean): void {
    const key = keyOf((after ?? before)!);
    const known = this.#watched.get(key);
    if (known !== undefined && after !== null && isCheckedTheSame(known.instance, after)) {
      known.instance = after;
      return;
    }
    known?.end.abort();
    this.#watched.delete(key);
    if (after !== null && hasServerChecks(after)) this.#watched.set(key, this.#watch(after, loaded));
  }

  #watch(instance: Instance, loaded: boolean): Watched {
    const watched: Watched = { instance, watches: [], end: new AbortController(), busy: false, told: instance.observed };
    const known = instance.observed === null || instance.observed === 'draining' ? 'unknown' : instance.observed;
    for (const check of instance.checks) {
      if (check.type === 'ttl') continue;
      const watch = { watched, check, streak: new Streak(check, known) };
      watched.watches.push(watch);
      // After a restart all checks begin at once: these spread over their whole interval.
      const within = loaded ? check.interval * 1000 : Math.min(firstWithin, check.interval * 1000);
      this.#wheel.add(watch, this.#parts.clock.now() + this.#parts.random() * within);
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
    for (let left = this.#queue.length; left > 0 && this.#inFlight < mostInFlight; left--) {
      const watch = this.#queue.shift()!;
      const { watched } = watch;
      if (watched.end.signal.aborted) continue;
      if (watched.busy) this.#queue.push(watch);
      else if (this.#parts.isOurs(watched.instance)) void this.#run(watch);
      else this.#again(watch);
    }
  }

  async #run(watch: Watch): Promise<void> {
    const { watched, check, streak } = watch;
    this.#inFlight++;
    watched.busy = true;
    const outcome = await this.#probe(watched, check);
    watched.busy = false;
    this.#inFlight--;
    if (!watched.end.signal.aborted) {
      this.#count(check.type, outcome);
      streak.take(outcome);
      void this.#tell(watched);
      this.#again(watch);
    }
    this.#startWhatFits();
  }

  async #probe({ instance, end }: Watched, check: ProbedCheck): Promise<Outcome> {
    const { clock, log, ownPorts } = this.#parts;
    const target: Target = { address: instance.addresses[0]!, port: check.port };
    const refusal = refusalToReach(target, instance, ownPorts);
    if (refusal !== null) {
      log.debug({ instance: keyOf(instance), refusal }, 'a check is not run');
      return 'critical';
    }
    const stop = new AbortController();
    const stopWithInstance = (): void => stop.abort(end.signal.reason);
    end.signal.addEventListener('abort', stopWithInstance);
    const timer = clock.after(check.timeout * 1000, () => stop.abort(new Error(`no answer within ${check.timeout} s`)));
    try {
      return await probe(target, check, stop.signal);
    } catch (error) {
      log.debug({ instance: keyOf(instance), check: check.type, err: error }, 'a check failed');
      return 'critical';
    } finally {
      timer.cancel();
      end.signal.removeEventListener('abort', stopWithInstance);
    }
  }

  /** Tells the registry what the checks say together, where it does not know; what it cannot take now is told after the next run. */
  async #tell(watched: Watched): Promise<void> {
    const status = worstOf(watched.watches.map(({ streak }) => streak.status));
    if (status === watched.told) return;
    const before = watched.told;
    watched.told = status;
    try {
      await this.#parts.sink.observe(watched.instance, watched.instance.generation, status);
    } catch (error) {
      watched.told = before;
      this.#parts.log.warn({ err: error, instance: keyOf(watched.instance), status }, 'the registry did not take what checks say');
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
  /** True while one of its checks runs. */
  busy: boolean;
  /** What the registry was told last. */
  told: Status | null;
}

interface Watch {
  readonly watched: Watched;
  readonly check: ProbedCheck;
  readonly streak: Streak;
}

function probe(target: Target, check: ProbedCheck, signal: AbortSignal): Promise<Outcome> {
  switch (check.type) {
    case 'http':
    case 'https':
      return probeHttp(target, check, signal);
    case 'tcp':
      return probeTcp(target, check, signal);
    case 'grpc':
      return probeGrpc(target, check, signal);
  }
}

function keyOf({ id, service, zone }: Instance): string {
  return `${id}.${service}.${zone}`;
}
