/**
 * A registration that stays: registered, renewed, registered again when it was lost, and never after it was ended. What
 * a program sees of it and asks of it; `loop.ts` does the rest.
 */
import { EventEmitter } from 'node:events';
import { holdFor } from '../client/hold.ts';
import type { PatchBody } from '../http/schema/instance.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import type { RegistryApi } from './api.ts';
import { type AgentError, stoppedError } from './error.ts';
import type { RegistrationEvents, RegistrationState } from './events.ts';
import { RegistrationLoop } from './loop.ts';
import { bodyOf, type Changes, type RegisterOptions, type Status } from './options.ts';
import { Pace } from './pace.ts';
import { type Drained, shutdown, type ShutdownOptions } from './shutdown.ts';

export class Registration extends EventEmitter<RegistrationEvents> {
  readonly service: string;
  readonly id: string;
  readonly #clock: Clock;
  readonly #loop: RegistrationLoop;
  /** Who waits for the server to have all changes. */
  #waiting: { readonly resolve: () => void; readonly reject: (error: AgentError) => void }[] = [];
  #shutdown: Promise<void> | null = null;

  /** To be made by `register`, which checks the options and waits for the first attempt. */
  constructor(options: RegisterOptions, id: string, api: RegistryApi, onFirstAttempt: () => void) {
    super();
    this.service = options.service;
    this.id = id;
    this.#clock = options.clock ?? systemClock;
    this.#loop = new RegistrationLoop(bodyOf(options), {
      service: options.service,
      id,
      hasOwnId: options.id === undefined,
      api,
      clock: this.#clock,
      pace: new Pace(options.random ?? Math.random),
      events: this,
      onFirstAttempt,
      onTaken: () => this.#resolveWaiting(),
    });
  }

  get state(): RegistrationState {
    return this.#loop.state;
  }

  /** What this process says of the instance, as of the last `update`. */
  get status(): Status {
    return this.#loop.status;
  }

  /** The number of this registration at the server; null while there is none. */
  get generation(): number | null {
    return this.#loop.generation;
  }

  /** The DNS names that find the instance, as of the last registration. */
  get names(): readonly string[] {
    return this.#loop.names;
  }

  /** Why the last request did not succeed; null after one that did. */
  get lastError(): AgentError | null {
    return this.#loop.lastError;
  }

  /**
   * Resolves as soon as the server has the registration, with all changes. Rejects with `AGENT_STOPPED` when it is
   * ended before.
   */
  registered(): Promise<void> {
    if (this.#loop.isUpToDate && this.#loop.state !== 'stopped') return Promise.resolve();
    return holdFor(
      new Promise<void>((resolve, reject) => {
        if (this.#loop.isLeaving) reject(stoppedError());
        else this.#waiting.push({ resolve, reject });
      }),
    );
  }

  /** Changes what is registered. Resolves when the server has it, which lasts while no server can be reached. */
  update(changes: Changes): Promise<void> {
    this.#loop.change({ ...changes, ...(changes.tags && { tags: [...changes.tags] }) } as PatchBody);
    return this.registered();
  }

  /**
   * Takes the instance out of DNS for good. It stays listed, and its lease is renewed, until `deregister`. Safe to
   * repeat.
   */
  async drain(): Promise<Drained> {
    if (this.#loop.drained === null && this.#loop.state !== 'stopped') {
      const drained = new Promise<void>((resolve) => this.once('draining', () => resolve()));
      this.#rejectWaiting();
      this.#loop.leave('draining');
      await holdFor(drained);
    }
    return this.#loop.drained ?? { waitMs: 0, confirmed: false };
  }

  /**
   * Ends the registration: waits for the request that runs, then deregisters. Nothing registers it again. Safe to
   * repeat.
   */
  async deregister(): Promise<void> {
    if (this.#loop.state === 'stopped') return;
    this.#rejectWaiting();
    this.#loop.leave('stopped');
    await holdFor(this.#loop.ended);
  }

  /**
   * Ends the registration without dropping a request: drains, serves on until no resolver holds the instance any more,
   * closes `server`, deregisters. Safe to repeat; the first call decides.
   */
  shutdown(options: ShutdownOptions = {}): Promise<void> {
    this.#shutdown ??= shutdown(this, this.#clock, options);
    return this.#shutdown;
  }

  #resolveWaiting(): void {
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
