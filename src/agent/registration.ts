/**
 * A registration that stays: registered, renewed, registered again when it was lost, and never after it was ended. One
 * loop does one request at a time, so that no two of them can overtake each other:
 *
 *     registering -> registered <-> suspect      suspect: the last renewal was not answered
 *          ^            |     \
 *          +--- lost ---+      conflict          another process holds the id: wait until it is gone
 *     draining -> stopped                        from any of them; nothing registers any more
 *
 * Longer than most files, because the loop and the state that it alone changes are one thing.
 */
import { EventEmitter } from 'node:events';
import { holdFor } from '../client/hold.ts';
import type { InstanceBody, PatchBody } from '../http/schema/instance.ts';
import type { RenewReply } from '../http/schema/renewal.ts';
import { type Clock, systemClock, type Timer } from '../runtime/clock.ts';
import type { RegistryApi, Result } from './api.ts';
import { AgentError } from './error.ts';
import type { RegistrationEvents, RegistrationState } from './events.ts';
import { bodyOf, type Changes, type RegisterOptions, type Status } from './options.ts';
import { Pace } from './pace.ts';
import { type Drained, shutdown, type ShutdownOptions } from './shutdown.ts';

const registerTimeoutMs = 5000;
const renewTimeoutMs = 2000;
const drainAttempts = 4;
const drainRetryMs = 250;
/** The HTTP Date header, by which `safeToStopAt` is read, has whole seconds. */
const dateSlackMs = 1000;

/** Registered again is what was lost; all else that is refused stays refused. */
const lostProblems = new Set(['not-found', 'gone']);
/** What a server would say to a renewal of nothing. */
const notHeld = {
  kind: 'refused',
  status: 404,
  problem: 'not-found',
  detail: 'it is not registered',
  retryAfterMs: null,
} as const;

export class Registration extends EventEmitter<RegistrationEvents> {
  readonly service: string;
  readonly id: string;
  readonly #api: RegistryApi;
  readonly #clock: Clock;
  readonly #pace: Pace;
  #body: InstanceBody;
  #state: RegistrationState = 'registering';
  #generation: number | null = null;
  #names: readonly string[] = [];
  /** True after a registration whose answer did not come, so that the server may have it. */
  #isUncertain = false;
  #wasRegistered = false;
  /** Changes that the server does not have yet, and who waits for them. */
  #changes: PatchBody = {};
  #waiting: { readonly resolve: () => void; readonly reject: (error: AgentError) => void }[] = [];
  #drained: Drained | null = null;
  #drainAttempts = 0;
  #shutdown: Promise<void> | null = null;
  #lastError: AgentError | null = null;
  #timer: Timer | null = null;
  #wake: () => void = () => undefined;
  /** True when the loop was called while it did not sleep. */
  #isCalled = false;
  readonly #hasOwnId: boolean;
  readonly #ended: Promise<void>;

  /** To be made by `register`, which checks the options and waits for the first attempt. */
  constructor(options: RegisterOptions, id: string, api: RegistryApi, onFirstAttempt: () => void) {
    super();
    this.service = options.service;
    this.id = id;
    this.#hasOwnId = options.id === undefined;
    this.#api = api;
    this.#clock = options.clock ?? systemClock;
    this.#pace = new Pace(options.random ?? Math.random);
    this.#body = bodyOf(options);
    this.#ended = this.#run(onFirstAttempt);
  }

  get state(): RegistrationState {
    return this.#state;
  }

  /** What this process says of the instance, as of the last `update`. */
  get status(): Status {
    return this.#body.status ?? 'passing';
  }

  /** The number of this registration at the server; null while there is none. */
  get generation(): number | null {
    return this.#generation;
  }

  /** The DNS names that find the instance, as of the last registration. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Why the last request did not succeed; null after one that did. */
  get lastError(): AgentError | null {
    return this.#lastError;
  }

  /**
   * Resolves as soon as the server has the registration, with all changes. Rejects with `AGENT_STOPPED` when it is
   * ended before.
   */
  registered(): Promise<void> {
    const isDone = this.#generation !== null && Object.keys(this.#changes).length === 0;
    if (isDone && this.#state !== 'stopped') return Promise.resolve();
    return holdFor(
      new Promise<void>((resolve, reject) => {
        if (this.#isLeaving()) reject(stoppedError());
        else this.#waiting.push({ resolve, reject });
      }),
    );
  }

  /** Changes what is registered. Resolves when the server has it, which lasts while no server can be reached. */
  update(changes: Changes): Promise<void> {
    const copy = { ...changes, ...(changes.tags && { tags: [...changes.tags] }) } as PatchBody;
    this.#body = { ...this.#body, ...copy };
    this.#changes = { ...this.#changes, ...copy };
    this.#kick();
    return this.registered();
  }

  /**
   * Takes the instance out of DNS for good. It stays listed, and its lease is renewed, until `deregister`. Safe to
   * repeat.
   */
  async drain(): Promise<Drained> {
    if (this.#drained === null && this.#state !== 'stopped') {
      this.#state = 'draining';
      this.#rejectWaiting();
      const drained = new Promise<void>((resolve) => this.once('draining', () => resolve()));
      this.#kick();
      await holdFor(drained);
    }
    return this.#drained ?? { waitMs: 0, confirmed: false };
  }

  /**
   * Ends the registration: waits for the request that runs, then deregisters. Nothing registers it again. Safe to
   * repeat.
   */
  async deregister(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#rejectWaiting();
    this.#kick();
    await holdFor(this.#ended);
    const generation = this.#generation;
    this.#generation = null;
    // An id that only this process knows is its own also where the answer to its registration got lost.
    if (generation === null && !(this.#isUncertain && this.#hasOwnId)) return;
    for (let attempt = 0; attempt < 2; attempt++) {
      const result = await holdFor(this.#api.deregister(this.service, this.id, generation, renewTimeoutMs));
      if (result.kind === 'unreachable') continue;
      this.emit('deregistered');
      return;
    }
  }

  /**
   * Ends the registration without dropping a request: drains, serves on until no resolver holds the instance any more,
   * closes `server`, deregisters. Safe to repeat; the first call decides.
   */
  shutdown(options: ShutdownOptions = {}): Promise<void> {
    this.#shutdown ??= shutdown(this, this.#clock, options);
    return this.#shutdown;
  }

  async #run(onFirstAttempt: () => void): Promise<void> {
    for (let first = true; this.#state !== 'stopped'; first = false) {
      const waitMs = await this.#act();
      if (first) onFirstAttempt();
      if ((this.#state as RegistrationState) !== 'stopped') await this.#sleep(waitMs);
    }
  }

  /** Does what is next; returns after how many milliseconds to come again. */
  async #act(): Promise<number> {
    this.#timer = null;
    if (this.#state === 'draining') return this.#drained === null ? this.#drain() : this.#renew();
    if (this.#state === 'conflict') return this.#lookForHolder();
    if (this.#generation === null) return this.#register();
    return Object.keys(this.#changes).length > 0 ? this.#patch() : this.#renew();
  }

  async #register(): Promise<number> {
    const sent = this.#body;
    // The first registration takes the id over, be it from a predecessor that crashed; later ones only take what is
    // free.
    const onlyIfAbsent = this.#wasRegistered && !this.#isUncertain;
    const result = await this.#api.register(this.service, this.id, sent, onlyIfAbsent, registerTimeoutMs);
    this.#isUncertain = result.kind === 'unreachable';
    if (result.kind === 'refused' && result.problem === 'stale') return this.#afterReplacement(result.detail);
    if (result.kind !== 'ok') return this.#afterFailure(result);
    this.#wasRegistered = true;
    const { generation, names, warnings, lease } = result.body;
    this.#generation = generation;
    this.#names = names;
    if (this.#body === sent) this.#changes = {};
    this.#succeed(lease?.renewAfter);
    this.emit('registered', { generation, names, warnings });
    this.#resolveWaiting();
    return this.#pace.firstRenewal();
  }

  async #renew(): Promise<number> {
    const result = await this.#askToRenew();
    if (result.kind !== 'ok') return this.#afterFailure(result);
    this.#succeed(result.body.lease?.renewAfter);
    this.emit('renewed');
    return this.#pace.nextRenewal();
  }

  #askToRenew(): Promise<Result<RenewReply>> {
    if (this.#generation === null) return Promise.resolve(notHeld);
    return this.#api.renew(this.service, this.id, this.#generation, Math.min(renewTimeoutMs, this.#pace.renewMs / 2));
  }

  /**
   * Changes what is registered under our generation: the renewal tells the revision, which the change then insists on.
   */
  async #patch(): Promise<number> {
    const sent = this.#changes;
    const renewed = await this.#askToRenew();
    if (renewed.kind !== 'ok') return this.#afterFailure(renewed);
    const result = await this.#api.patch(this.service, this.id, sent, renewed.body.revision, registerTimeoutMs);
    if (result.kind === 'refused' && result.problem === 'stale') return 0; // something changed in between: look again
    if (result.kind !== 'ok') return this.#afterFailure(result);
    if (this.#changes === sent) this.#changes = {};
    this.#succeed(undefined);
    this.#resolveWaiting();
    return 0;
  }

  async #drain(): Promise<number> {
    this.#drainAttempts += 1;
    const renewed = await this.#askToRenew();
    const result =
      renewed.kind === 'ok'
        ? await this.#api.drain(this.service, this.id, renewed.body.revision, renewTimeoutMs)
        : renewed;
    const isWorthwhile = result.kind === 'unreachable' || (result.kind === 'refused' && result.problem === 'stale');
    if (isWorthwhile && this.#drainAttempts < drainAttempts) return drainRetryMs * this.#drainAttempts;
    const confirmed = result.kind === 'ok';
    const serverTime = (confirmed ? result.serverTime : null) ?? this.#clock.wall();
    const waitMs = confirmed ? Math.max(Date.parse(result.body.safeToStopAt) - serverTime + dateSlackMs, 0) : 0;
    this.#drained = { waitMs, confirmed };
    this.emit('draining', { waitMs });
    return this.#pace.nextRenewal();
  }

  /** Another process holds the id. Takes it only when that one is gone, so that two processes never take turns. */
  async #lookForHolder(): Promise<number> {
    const result = await this.#api.read(this.service, this.id, renewTimeoutMs);
    if (result.kind === 'refused' && lostProblems.has(result.problem ?? '')) {
      this.#state = 'registering';
      return 0;
    }
    return this.#pace.look();
  }

  #afterFailure(result: Exclude<Result<unknown>, { kind: 'ok' }>): number {
    if (result.kind === 'unreachable') return this.#afterSilence(result.error);
    const { status, problem, detail, retryAfterMs } = result;
    if (problem === 'replaced') return this.#afterReplacement(detail);
    if (lostProblems.has(problem ?? '') && this.#generation !== null) {
      this.#generation = null;
      if (this.#isLeaving()) return this.#pace.slowRetry(); // what is gone while it drains is no loss
      this.#state = 'registering';
      this.emit('lost', { problem: problem! });
      return 0;
    }
    if (status === 429 || status >= 500) {
      const waitMs = this.#afterSilence(new Error(`the server is not able to: ${detail}`));
      // It speaks for itself alone.
      return status >= 500 && this.#api.hasUntried ? waitMs : Math.max(retryAfterMs ?? 0, waitMs);
    }
    const code =
      status === 401 || status === 403 ? 'AGENT_DENIED' : problem === 'conflict' ? 'AGENT_CONFLICT' : 'AGENT_REFUSED';
    this.#lastError = new AgentError(code, detail, problem);
    this.emit('denied', { status, problem, detail });
    return this.#pace.slowRetry();
  }

  #afterReplacement(detail: string): number {
    this.#generation = null;
    this.#lastError = new AgentError('AGENT_CONFLICT', detail, 'replaced');
    if (!this.#isLeaving()) this.#state = 'conflict';
    this.emit('conflict', { detail });
    return this.#pace.look();
  }

  #afterSilence(error: Error): number {
    this.#lastError = new AgentError('AGENT_UNREACHABLE', `no server answered: ${reasonOf(error)}`, null, {
      cause: error,
    });
    if (this.#state === 'registered') this.#state = 'suspect';
    if (this.#pace.isAnswered) this.emit('suspect', { error });
    return this.#api.hasUntried ? this.#pace.nextServer() : this.#pace.retry();
  }

  #succeed(renewAfter: number | undefined): void {
    this.#pace.answered(renewAfter);
    this.#lastError = null;
    if (!this.#isLeaving()) this.#state = 'registered';
  }

  #isLeaving(): boolean {
    return this.#state === 'draining' || this.#state === 'stopped';
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = this.#clock.after(this.#isCalled ? 0 : milliseconds, resolve);
      this.#wake = resolve;
      this.#isCalled = false;
    });
  }

  /** Lets the loop act now, or again as soon as the request that runs has ended. */
  #kick(): void {
    this.#isCalled = this.#timer === null;
    this.#timer?.cancel();
    this.#wake();
  }

  #resolveWaiting(): void {
    if (Object.keys(this.#changes).length > 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve();
  }

  #rejectWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(stoppedError());
  }
}

function stoppedError(): AgentError {
  return new AgentError('AGENT_STOPPED', 'the registration was ended');
}

/** fetch hides why it failed in the cause. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
