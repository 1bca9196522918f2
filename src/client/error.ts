/** Everything the client can fail with, as one class and a closed set of codes. */

export const srvErrorCodes = [
  'SRV_NXDOMAIN', // the name does not exist
  'SRV_NODATA', // the name exists and has no SRV records
  'SRV_UNAVAILABLE', // one record with target ".": decidedly not available here (RFC 2782)
  'SRV_NOTARGETS', // there are records, but none with an address
  'SRV_TIMEOUT', // no server answered in time
  'SRV_NETWORK', // no server could be reached
  'SRV_SERVFAIL',
  'SRV_REFUSED',
  'SRV_BADRESP', // an answer that cannot be used
  'SRV_BADNAME', // not a name that can be asked for
  'SRV_ABORTED', // the caller's signal
  'SRV_CLOSED', // the resolver or service was closed
] as const;

export type SrvErrorCode = (typeof srvErrorCodes)[number];

/** One server asked in vain. */
export interface FailedAttempt {
  /** `127.0.0.1:53`. */
  readonly server: string;
  readonly reason: string;
}

export interface SrvErrorOptions extends ErrorOptions {
  readonly attempts?: readonly FailedAttempt[];
}

/** Why a name has no usable answer; `code` is stable, the message is for people. */
export class SrvError extends Error {
  readonly code: SrvErrorCode;
  /** The name that was asked for. */
  readonly qname: string;
  /** The servers that were asked in vain; empty where none was asked. */
  readonly attempts: readonly FailedAttempt[];
  constructor(code: SrvErrorCode, qname: string, message: string, options: SrvErrorOptions = {}) {
    super(`${qname}: ${message}`, options);
    this.name = 'SrvError';
    this.code = code;
    this.qname = qname;
    this.attempts = options.attempts ?? [];
  }
}

/** The error of a call whose signal was aborted. */
export function abortedError(qname: string, signal: AbortSignal): SrvError {
  return new SrvError('SRV_ABORTED', qname, 'the call was aborted', { cause: signal.reason });
}
