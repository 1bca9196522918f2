/** Change: what the registry tells the rest (publisher, events, checks, audit) after it has become durable. */
import type { Instance } from './instance.ts';
import type { Service } from './service.ts';

export type InstanceCause =
  | 'registered' | 'updated' | 'deregistered' | 'expired' | 'draining'
  | 'checked' // a health check changed `observed`
  | 'late' | 'renewed' // `late` set or cleared; not durable, has the revision of the instance
  | 'loaded'; // read from the store at start

/** Before and after of one instance (`null`: was not, or is no more). */
export interface InstanceChange {
  readonly kind: 'instance';
  readonly cause: InstanceCause;
  readonly revision: number;
  readonly before: Instance | null;
  readonly after: Instance | null;
}

/** Before and after of one service's settings. */
export interface ServiceChange {
  readonly kind: 'service';
  readonly revision: number;
  readonly before: Service | null;
  readonly after: Service | null;
}

export type Change = InstanceChange | ServiceChange;

export function instanceChange(
  cause: InstanceCause, revision: number, before: Instance | null, after: Instance | null,
): InstanceChange {
  return { kind: 'instance', cause, revision, before, after };
}
