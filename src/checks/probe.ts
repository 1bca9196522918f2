/** What the kinds of health checks have in common: a probe asks one endpoint once. */
import type { Check } from '../registry/check.ts';

/** The checks that the server runs by itself; `ttl` checks are about renewals and stay in the registry. */
export type ProbedCheck = Exclude<Check, { readonly type: 'ttl' }>;

/** Where an instance is probed: an address that it registered, never a name. */
export interface Target {
  /** Canonical text. */
  readonly address: string;
  readonly port: number;
}

export type Outcome = 'passing' | 'warning' | 'critical';

/**
 * Asks `target` once. A rejection means the same as `critical`. Must end soon after `signal` is aborted, and keep
 * nothing of what the target says.
 */
export type Probe<Kind extends ProbedCheck> = (target: Target, check: Kind, signal: AbortSignal) => Promise<Outcome>;

/** `10.0.0.7:80`, `[fd00::7]:80`. */
export function printTarget({ address, port }: Target): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
