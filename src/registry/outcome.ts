/** What callers of the registry get back. */
import type { InstanceCause } from './change.ts';
import type { RegistryError } from './error.ts';
import type { Instance } from './instance.ts';

export interface Lease {
  readonly seconds: number;
  /** Wall-clock milliseconds, for people; in the past where protection holds the instance. */
  readonly expiresAt: number;
  /** Seconds after which to renew. */
  readonly renewAfter: number;
}

export interface Registered {
  readonly instance: Instance;
  /** False where the id was registered before. */
  readonly created: boolean;
}

export interface Removed {
  /** The instance as drained, or as it was when it left. */
  readonly instance: Instance;
  /** Seconds for which a resolver may still hold answers that name it. */
  readonly heldFor: number;
}

export type RenewalResult =
  { readonly instance: Instance; readonly lease: Lease | null } | { readonly error: RegistryError };

/** What happened since the start, for metrics. */
export interface RegistryStatistics {
  readonly changes: Readonly<Record<InstanceCause, number>>;
  readonly renewals: number;
  readonly refusedRenewals: number;
}
