/** The service that callers get: what a view knows goes to a balancer, and what the balancer does is told. */
import { EventEmitter } from 'node:events';
import type { Clock } from '../runtime/clock.ts';
import { Balancer, type BalancerListener } from './balance/balancer.ts';
import { RetryBudget } from './balance/budget.ts';
import { policies } from './balance/policy.ts';
import { abortedError, SrvError, type SrvErrorCode } from './error.ts';
import { channels, type ServiceEventName, type ServiceEvents } from './events.ts';
import { holdFor } from './hold.ts';
import type { SrvRecord } from './lookup.ts';
import { readNumbers, serviceNumbers, type ServiceOptions } from './options.ts';
import type { Attempt, PickOptions, ReadyOptions, RunOptions, Service, ServiceStats } from './service.ts';
import { isConnectFailure, type Pick, PickedTarget, type Target } from './target.ts';
import type { View, ViewListener } from './view.ts';

const noTargets: ReadonlySet<Target> = new Set();
const certain: ReadonlySet<SrvErrorCode> = new Set([
  'SRV_NXDOMAIN',
  'SRV_NODATA',
  'SRV_UNAVAILABLE',
  'SRV_NOTARGETS',
  'SRV_CLOSED',
]);

export class LiveService extends EventEmitter<ServiceEvents> implements Service, ViewListener, BalancerListener {
  readonly name: string;
  readonly #view: View;
  readonly #balancer: Balancer;
  readonly #budget: RetryBudget;
  readonly #clock: Clock;
  readonly #onChange: (() => void) | undefined;
  readonly #onClose: () => void;
  readonly #stats = {
    picks: 0,
    successes: 0,
    failures: 0,
    connectFailures: 0,
    retries: 0,
    retriesDenied: 0,
    ejections: 0,
  };
  /** Called, and forgotten, when something is known that was not known before. */
  #waiting: (() => void)[] = [];
  #used = true;
  #error: SrvError | null = null;
  #closed = false;

  constructor(view: View, options: ServiceOptions, clock: Clock, random: () => number, onClose: () => void) {
    super();
    const { policy = 'weighted' } = options;
    if (!Object.hasOwn(policies, policy)) {
      throw new RangeError(`policy is ${policy}, wanted ${Object.keys(policies).join(', ')}`);
    }
    const settings = readNumbers(serviceNumbers, options);
    this.name = view.name;
    this.#view = view;
    this.#clock = clock;
    this.#onChange = options.onChange;
    this.#onClose = onClose;
    this.#budget = new RetryBudget(settings.retryShare, settings.retriesPerSecond, clock);
    this.#balancer = new Balancer(settings, policies[policy](random), clock, random, this);
    view.add(this);
  }

  get lastError(): SrvError | null {
    return this.#closed ? this.#error : (this.#view.lastError ?? this.#error);
  }

  targets(): readonly Target[] {
    return this.#balancer.targets;
  }

  async ready({ signal, timeoutMs = 5000 }: ReadyOptions = {}): Promise<readonly Target[]> {
    this.#used = true;
    if (this.#balancer.selected.length === 0 || this.#view.isSuspended)
      await holdFor(this.#becomeReady(timeoutMs, signal));
    return this.targets();
  }

  pick({ key, exclude = noTargets }: PickOptions = {}): Pick {
    this.#used = true;
    if (this.#view.isSuspended) this.#view.wake();
    const target = this.#balancer.pick(key, exclude);
    if (target === null) throw this.#noTargetsError();
    if (exclude.size === 0) this.#budget.call();
    this.#stats.picks += 1;
    return new PickedTarget(target, target.nextAddress(), (result) => {
      if (result === 'success') this.#stats.successes += 1;
      else if (result === 'failure') this.#stats.failures += 1;
      else if (result === 'connect-failure') this.#stats.connectFailures += 1;
      this.#balancer.settle(target, result);
    });
  }

  async run<Result>(
    call: (pick: Pick, attempt: Attempt) => Promise<Result>,
    options: RunOptions = {},
  ): Promise<Result> {
    const { retries = 1, idempotent = false, key, signal } = options;
    await this.ready({ signal });
    const exclude = new Set<Target>();
    for (let attempt = 0; ; attempt++) {
      if (signal?.aborted) throw abortedError(this.name, signal);
      const pick = this.pick({ key, exclude });
      try {
        const result = await call(pick, { attempt, signal });
        pick.done();
        return result;
      } catch (error) {
        pick.done(signal?.aborted ? abortedError(this.name, signal) : error);
        const canRetry = attempt < retries && !signal?.aborted && (idempotent || isConnectFailure(error));
        if (!canRetry || !this.mayRetry()) throw error;
        exclude.add(pick.target);
      }
    }
  }

  mayRetry(): boolean {
    const allowed = this.#budget.retry();
    this.#stats[allowed ? 'retries' : 'retriesDenied'] += 1;
    return allowed;
  }

  refresh(): Promise<void> {
    this.#used = true;
    return holdFor(this.#view.refresh());
  }

  stats(): ServiceStats {
    return { ...this.#stats };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = new SrvError('SRV_CLOSED', this.name, 'the service was closed');
    this.#view.remove(this);
    this.#balancer.close();
    this.#balancer.update([]);
    this.#onClose();
    this.#wakeWaiting();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** The targets now and after every change, the latest only when the loop is slower than the changes. */
  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Target[], void> {
    let changed = this.#balancer.targets.length > 0;
    const onUpdate = (): void => void (changed = true);
    this.on('update', onUpdate);
    try {
      while (!this.#closed) {
        if (changed) {
          changed = false;
          yield this.targets();
        } else {
          await holdFor(this.#nextNews());
        }
      }
    } finally {
      this.off('update', onUpdate);
    }
  }

  onRecords(records: readonly SrvRecord[], answer: { readonly ttlMs: number; readonly authoritative: boolean }): void {
    const difference = this.#balancer.update(records);
    if (difference) this.#tell('update', { ...difference, ...answer });
    if (this.#balancer.selected.length > 0) this.#error = null;
    else this.#becomeUnavailable(new SrvError('SRV_NOTARGETS', this.name, 'none of its targets has an address'));
    this.#wakeWaiting();
  }

  onUnavailable(error: SrvError): void {
    const difference = this.#balancer.update([]);
    if (difference) this.#tell('update', { ...difference, ttlMs: 0, authoritative: false });
    this.#becomeUnavailable(error);
    this.#wakeWaiting();
  }

  onStale(sinceMs: number, cause: SrvError): void {
    this.#tell('stale', { sinceMs, cause });
  }

  onFresh(): void {
    this.#tell('fresh');
  }

  isWatched(): boolean {
    const watched = this.#used || this.eventNames().length > 0;
    this.#used = false;
    return watched;
  }

  onEjected(target: Target, reason: 'failures' | 'connect', forMs: number): void {
    this.#stats.ejections += 1;
    this.#tell('ejected', { target, reason, forMs });
  }

  onRestored(target: Target): void {
    this.#tell('restored', { target });
  }

  onFailover(fromPriority: number, toPriority: number): void {
    this.#tell('failover', { fromPriority, toPriority });
  }

  onPanic(on: boolean): void {
    this.#tell('panic', { on });
  }

  onExhausted(): void {
    this.#view.refreshSoon();
  }

  onChange(): void {
    this.#onChange?.();
  }

  /** Told once for each time that targets are gone or were never there; later failures only replace the reason. */
  #becomeUnavailable(error: SrvError): void {
    const isNews = this.#error === null;
    this.#error = error;
    if (isNews) this.#tell('unavailable', { error });
  }

  async #becomeReady(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const deadline = this.#clock.now() + timeoutMs;
    const onAbort = (): void => this.#wakeWaiting();
    const timer = this.#clock.after(timeoutMs, onAbort);
    const isAborted = (): boolean => signal?.aborted === true;
    signal?.addEventListener('abort', onAbort);
    try {
      if (this.#view.isSuspended) {
        void this.#view.refresh();
        if (!isAborted()) await this.#nextNews();
      }
      for (;;) {
        if (signal && isAborted()) throw abortedError(this.name, signal);
        if (this.#balancer.selected.length > 0) return;
        const isLate = this.#clock.now() >= deadline;
        if (isLate || (this.#error !== null && certain.has(this.#error.code))) throw this.#noTargetsError();
        await this.#nextNews();
      }
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #nextNews(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wakeWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #noTargetsError(): SrvError {
    const { lastError } = this;
    if (lastError === null) return new SrvError('SRV_TIMEOUT', this.name, 'nothing is known of it yet');
    const { code, message, attempts } = lastError;
    return new SrvError(code, this.name, message.slice(`${this.name}: `.length), { cause: lastError, attempts });
  }

  #tell<Name extends ServiceEventName>(name: Name, ...args: ServiceEvents[Name]): void {
    const channel = channels[name];
    if (channel.hasSubscribers) channel.publish({ service: this.name, ...args[0] });
    (this as EventEmitter).emit(name, ...args);
  }
}
