/**
 * A service as callers use it: its targets, kept up to date, and one of them for each call. `live-service.ts` is how.
 */
import type { EventEmitter } from 'node:events';
import type { SrvError } from './error.ts';
import type { ServiceEvents } from './events.ts';
import type { Pick, Target } from './target.ts';

export interface ReadyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds to wait for servers that do not answer; 5000. */
  readonly timeoutMs?: number;
}

export interface PickOptions {
  /** What the call is about, for policy `sticky`: equal keys go to the same target. */
  readonly key?: string | undefined;
  /** Targets to avoid, because this call has tried them. Used after all where there are no others. */
  readonly exclude?: ReadonlySet<Target>;
}

export interface RunOptions {
  /** Further attempts on other targets at most; 1. Also bound by the budget of the service. */
  readonly retries?: number;
  /** True when the call may reach a server twice; unless set, only a call that reached nobody is tried again. */
  readonly idempotent?: boolean;
  readonly key?: string | undefined;
  /** Ends the call; handed on to it. */
  readonly signal?: AbortSignal | undefined;
}

export interface Attempt {
  /** 0 for the first. */
  readonly attempt: number;
  readonly signal: AbortSignal | undefined;
}

export interface ServiceStats {
  readonly picks: number;
  readonly successes: number;
  readonly failures: number;
  readonly connectFailures: number;
  readonly retries: number;
  /** Retries that the budget did not allow. */
  readonly retriesDenied: number;
  readonly ejections: number;
}

/** The targets of one SRV name. Made by `resolver.service(name)`; asks DNS for as long as it is used or listened to. */
export interface Service extends EventEmitter<ServiceEvents>, AsyncIterable<readonly Target[]> {
  /** The SRV name, in lower case, without the final dot. */
  readonly name: string;
  /**
   * Why the last refresh gave no targets; null after a good one. Targets may be there nevertheless, kept from before.
   */
  readonly lastError: SrvError | null;
  /**
   * Resolves with the targets as soon as there are any. Rejects with `SrvError` when DNS says that there are none, when
   * no server answers in time, and when the signal aborts.
   */
  ready(options?: ReadyOptions): Promise<readonly Target[]>;
  /** All targets that are known now; those that left DNS and are still in use last. */
  targets(): readonly Target[];
  /** Picks a target for one call, without waiting. Throws `SrvError` when there are none (await `ready` first). */
  pick(options?: PickOptions): Pick;
  /** Calls `call` with a picked target, and with another one when that fails and may be tried again. */
  run<Result>(call: (pick: Pick, attempt: Attempt) => Promise<Result>, options?: RunOptions): Promise<Result>;
  /** Takes a retry out of the budget of this service; false when it is spent. `run` asks by itself. */
  mayRetry(): boolean;
  /** Asks DNS now. Resolves when it is known what came of it; a failure shows in `lastError`. */
  refresh(): Promise<void>;
  stats(): ServiceStats;
  /** Ends the watch. Picks that are out may still be used and done. */
  close(): void;
  [Symbol.asyncDispose](): Promise<void>;
}
