/**
 * The loop that keeps an instance registered, and the state that it alone changes. It does one request at a time, so
 * that no two of them can overtake each other:
 *
 *     registering -> registered <-> suspect      suspect: the last renewal was not answered
 *          ^            |     \
 *          +--- lost ---+      conflict          another process holds the id: wait until it is gone
 *     draining -> stopped                        from any of them; nothing registers any more
 */
import type { EventEmitter } from 'node:events';
import type { InstanceBody, PatchBody } from '../http/schema/instance.ts';
import type { RenewReply } from '../http/schema/renewal.ts';
import type { Clock } from '../runtime/clock.ts';
import { Alarm } from './alarm.ts';
import type { RegistryApi, Result } from './api.ts';
import { type AgentError, refusalError, replacedError, silenceError } from './error.ts';
import type { RegistrationEvents, RegistrationState } from './events.ts';
import type { Status } from './options.ts';
import type { Pace } from './pace.ts';
import type { Drained } from './shutdown.ts';

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

export interface LoopParts {
  readonly service: string;
  readonly id: string;
  /** True where no other process can know the id. */
  readonly hasOwnId: boolean;
  readonly api: RegistryApi;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly events: Pick<EventEmitter<RegistrationEvents>, 'emit'>;
  readonly onFirstAttempt: () => void;
  /** Called when the server has the registration with all changes. */
  readonly onTaken: () => void;
}

export class RegistrationLoop {
  /** Resolves when the instance is deregistered, after `leave('stopped')`. */
  readonly ended: Promise<void>;
  readonly #parts: LoopParts;
  readonly #alarm: Alarm;
  #body: InstanceBody;
  #state: RegistrationState = 'registering';
  #generation: number | null = null;
  #names: readonly string[] = [];
  /** True after a registration whose answer did not come, so that the server may have it. */
  #isUncertain = false;
  #wasRegistered = false;
  /** Changes that the server does not have yet. */
  #changes: PatchBody = {};
  #drained: Drained | null = null;
  #drainAttempts = 0;
  #lastError: AgentError | null = null;

  /** Registers `body` at once. */
  constructor(body: InstanceBody, parts: LoopParts) {
    this.#body = body;
    this.#parts = parts;
    this.#alarm = new Alarm(parts.clock);
    this.ended = this.#run();
  }

  get state(): RegistrationState {
    return this.#state;
  }

  get status(): Status {
    return this.#body.status ?? 'passing';
  }

  get generation(): number | null {
    return this.#generation;
  }

  get names(): readonly string[] {
    return this.#names;
  }

  get lastError(): AgentError | null {
    return this.#lastError;
  }

  /** What came of the drain; null before. */
  get drained(): Drained | null {
    return this.#drained;
  }

  /** True while the server has the registration with all changes, as far as is known. */
  get isUpToDate(): boolean {
    return this.#generation !== null && !this.#hasChanges();
  }

  get isLeaving(): boolean {
    return this.#state === 'draining' || this.#state === 'stopped';
  }

  change(changes: PatchBody): void {
    this.#body = { ...this.#body, ...changes };
    this.#changes = { ...this.#changes, ...changes };
    this.#alarm.call();
  }

  /** Drains, or deregisters and ends, after the request that runs. */
  leave(state: 'draining' | 'stopped'): void {
    this.#state = state;
    this.#alarm.call();
  }

  async #run(): Promise<void> {
    for (let first = true; this.#state !== 'stopped'; first = false) {
      const waitMs = await this.#act();
      if (first) this.#parts.onFirstAttempt();
      if ((this.#state as RegistrationState) !== 'stopped') await this.#alarm.sleep(waitMs);
    }
    await this.#deregister();
  }

  /** Does what is next; returns after how many milliseconds to come again. */
  async #act(): Promise<number> {
    this.#alarm.awake();
    if (this.#state === 'draining') return this.#drained === null ? this.#drain() : this.#renew();
    if (this.#state === 'conflict') return this.#lookForHolder();
    if (this.#generation === null) return this.#register();
    return this.#hasChanges() ? this.#patch() : this.#renew();
  }

  async #register(): Promise<number> {
    const { service, id, api, pace, events } = this.#parts;
    const sent = this.#body;
    // The first registration takes the id over, be it from a predecessor that crashed; later ones only take what is
    // free.
    const onlyIfAbsent = this.#wasRegistered && !this.#isUncertain;
    const result = await api.register(service, id, sent, onlyIfAbsent, registerTimeoutMs);
    this.#isUncertain = result.kind === 'unreachable';
    if (result.kind === 'refused' && result.problem === 'stale') return this.#afterReplacement(result.detail);
    if (result.kind !== 'ok') return this.#afterFailure(result);
    this.#wasRegistered = true;
    const { generation, names, warnings, lease } = result.body;
    this.#generation = generation;
    this.#names = names;
    if (this.#body === sent) this.#changes = {};
    this.#succeed(lease?.renewAfter);
    events.emit('registered', { generation, names, warnings });
    this.#tellIfTaken();
    return pace.firstRenewal();
  }

  async #renew(): Promise<number> {
    const result = await this.#askToRenew();
    if (result.kind !== 'ok') return this.#afterFailure(result);
    this.#succeed(result.body.lease?.renewAfter);
    this.#parts.events.emit('renewed');
    return this.#parts.pace.nextRenewal();
  }

  #askToRenew(): Promise<Result<RenewReply>> {
    if (this.#generation === null) return Promise.resolve(notHeld);
    const { service, id, api, pace } = this.#parts;
    return api.renew(service, id, this.#generation, Math.min(renewTimeoutMs, pace.renewMs / 2));
  }

  /**
   * Changes what is registered under our generation: the renewal tells the revision, which the change then insists on.
   */
  async #patch(): Promise<number> {
    const { service, id, api } = this.#parts;
    const sent = this.#changes;
    const renewed = await this.#askToRenew();
    if (renewed.kind !== 'ok') return this.#afterFailure(renewed);
    const result = await api.patch(service, id, sent, renewed.body.revision, registerTimeoutMs);
    if (result.kind === 'refused' && result.problem === 'stale') return 0; // something changed in between: look again
    if (result.kind !== 'ok') return this.#afterFailure(result);
    if (this.#changes === sent) this.#changes = {};
    this.#succeed(undefined);
    this.#tellIfTaken();
    return 0;
  }

  async #drain(): Promise<number> {
    const { service, id, api, clock, pace, events } = this.#parts;
    this.#drainAttempts += 1;
    const renewed = await this.#askToRenew();
    const result =
      renewed.kind === 'ok' ? await api.drain(service, id, renewed.body.revision, renewTimeoutMs) : renewed;
    const isWorthwhile = result.kind === 'unreachable' || (result.kind === 'refused' && result.problem === 'stale');
    if (isWorthwhile && this.#drainAttempts < drainAttempts) return drainRetryMs * this.#drainAttempts;
    const confirmed = result.kind === 'ok';
    const serverTime = (confirmed ? result.serverTime : null) ?? clock.wall();
    const waitMs = confirmed ? Math.max(Date.parse(result.body.safeToStopAt) - serverTime + dateSlackMs, 0) : 0;
    this.#drained = { waitMs, confirmed };
    events.emit('draining', { waitMs });
    return pace.nextRenewal();
  }

  /** Another process holds the id. Takes it only when that one is gone, so that two processes never take turns. */
  async #lookForHolder(): Promise<number> {
    const { service, id, api, pace } = this.#parts;
    const result = await api.read(service, id, renewTimeoutMs);
    if (result.kind === 'refused' && lostProblems.has(result.problem ?? '')) {
      this.#state = 'registering';
      return 0;
    }
    return pace.look();
  }

  async #deregister(): Promise<void> {
    const { service, id, hasOwnId, api, events } = this.#parts;
    const generation = this.#generation;
    this.#generation = null;
    // An id that only this process knows is its own also where the answer to its registration got lost.
    if (generation === null && !(this.#isUncertain && hasOwnId)) return;
    for (let attempt = 0; attempt < 2; attempt++) {
      const result = await api.deregister(service, id, generation, renewTimeoutMs);
      if (result.kind === 'unreachable') continue;
      events.emit('deregistered');
      return;
    }
  }

  #afterFailure(result: Exclude<Result<unknown>, { kind: 'ok' }>): number {
    if (result.kind === 'unreachable') return this.#afterSilence(result.error);
    const { api, pace, events } = this.#parts;
    const { status, problem, detail, retryAfterMs } = result;
    if (problem === 'replaced') return this.#afterReplacement(detail);
    if (lostProblems.has(problem ?? '') && this.#generation !== null) {
      this.#generation = null;
      if (this.isLeaving) return pace.slowRetry(); // what is gone while it drains is no loss
      this.#state = 'registering';
      events.emit('lost', { problem: problem! });
      return 0;
    }
    if (status === 429 || status >= 500) {
      const waitMs = this.#afterSilence(new Error(`the server is not able to: ${detail}`));
      // It speaks for itself alone.
      return status >= 500 && api.hasUntried ? waitMs : Math.max(retryAfterMs ?? 0, waitMs);
    }
    this.#lastError = refusalError(result);
    events.emit('denied', { status, problem, detail });
    return pace.slowRetry();
  }

  #afterReplacement(detail: string): number {
    const { pace, events } = this.#parts;
    this.#generation = null;
    this.#lastError = replacedError(detail);
    if (!this.isLeaving) this.#state = 'conflict';
    events.emit('conflict', { detail });
    return pace.look();
  }

  #afterSilence(error: Error): number {
    const { api, pace, events } = this.#parts;
    this.#lastError = silenceError(error);
    if (this.#state === 'registered') this.#state = 'suspect';
    if (pace.isAnswered) events.emit('suspect', { error });
    return api.hasUntried ? pace.nextServer() : pace.retry();
  }

  #succeed(renewAfter: number | undefined): void {
    this.#parts.pace.answered(renewAfter);
    this.#lastError = null;
    if (!this.isLeaving) this.#state = 'registered';
  }

  #tellIfTaken(): void {
    if (!this.#hasChanges()) this.#parts.onTaken();
  }

  #hasChanges(): boolean {
    return Object.keys(this.#changes).length > 0;
  }
}
