/** Targets: the places that a service's SRV records point to, as callers see them. */
import { SrvError } from './error.ts';
import { joinAuthority } from './server-address.ts';

/**
 * `ok`: may be picked. `ejected`: in DNS, but failed too often or cannot be connected to; picked again later.
 * `expired`: no longer in DNS; gets no new picks, is listed while calls still run on it.
 */
export type TargetState = 'ok' | 'ejected' | 'expired';

/** One SRV record's target. The object stays the same for as long as the target is in DNS. */
export interface Target {
  /** `host:port`. */
  readonly id: string;
  /** Host name from DNS, in lower case, without the final dot. */
  readonly host: string;
  readonly port: number;
  /** IPv4 first; at least one. */
  readonly addresses: readonly string[];
  readonly priority: number;
  readonly weight: number;
  readonly state: TargetState;
  /** Picks on which `done` was not called yet. */
  readonly inflight: number;
}

/** A target that was picked for one call. */
export interface Pick {
  readonly target: Target;
  readonly host: string;
  readonly port: number;
  /** One of the target's addresses; they take turns. */
  readonly address: string;
  /** `address:port`, ready for a URL: IPv6 stands in brackets. */
  readonly authority: string;
  /**
   * Says that the call is over, and how: nothing for success, the error for failure. A call that was aborted counts as
   * neither. Only the first call counts.
   */
  done(error?: unknown): void;
}

/** How a call ended, as far as its target is concerned. */
export type CallResult = 'success' | 'failure' | 'connect-failure' | 'neutral';

export class PickedTarget implements Pick {
  readonly target: Target;
  readonly address: string;
  readonly #settle: (result: CallResult) => void;
  #isDone = false;

  constructor(target: Target, address: string, settle: (result: CallResult) => void) {
    this.target = target;
    this.address = address;
    this.#settle = settle;
  }

  get host(): string {
    return this.target.host;
  }

  get port(): number {
    return this.target.port;
  }

  get authority(): string {
    return joinAuthority(this.address, this.port);
  }

  done(error?: unknown): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#settle(resultOf(error));
  }
}

const connectCodes = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** True when no connection came to be, so that no octet of the call has reached anyone. */
export function isConnectFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === 'connect' || connectCodes.has(code ?? '')) return true;
  if (error instanceof AggregateError) {
    return error.errors.length > 0 && error.errors.every(isConnectFailure); // one for each address
  }
  return error.cause !== undefined && isConnectFailure(error.cause); // fetch wraps what happened
}

function resultOf(error: unknown): CallResult {
  if (error === undefined || error === null) return 'success';
  if (
    error instanceof Error &&
    (error.name === 'AbortError' || (error instanceof SrvError && error.code === 'SRV_ABORTED'))
  )
    return 'neutral';
  return isConnectFailure(error) ? 'connect-failure' : 'failure';
}
