/** What a service tells, as events and on diagnostics channels. */
import { channel } from 'node:diagnostics_channel';
import type { EjectionReason } from './balance/outlier.ts';
import type { SrvError } from './error.ts';
import type { Target } from './target.ts';

/** The events of a service with their arguments. */
export interface ServiceEvents {
  /** The set of targets, or what is said of one, is different; not sent when only TTL or order are. */
  update: [ServiceUpdate];
  /** The targets have outlived their answer, because servers fail or give an empty answer; they stay in use. */
  stale: [{ readonly sinceMs: number; readonly cause: SrvError }];
  /** A good answer came after `stale`. */
  fresh: [];
  /** A target is not picked for a while. */
  ejected: [{ readonly target: Target; readonly reason: EjectionReason; readonly forMs: number }];
  restored: [{ readonly target: Target }];
  /** Another priority is in use now: a higher number after failures, a lower one on return. */
  failover: [{ readonly fromPriority: number; readonly toPriority: number }];
  /** Too few targets are well, so that ejected ones are picked too (`on`), or enough are again. */
  panic: [{ readonly on: boolean }];
  /** There are no targets any more, or there were none to begin with. */
  unavailable: [{ readonly error: SrvError }];
}

export interface ServiceUpdate {
  readonly added: readonly Target[];
  readonly removed: readonly Target[];
  readonly changed: readonly Target[];
  /** Of the answer, in milliseconds. */
  readonly ttlMs: number;
  readonly authoritative: boolean;
}

export type ServiceEventName = keyof ServiceEvents;

const names: readonly ServiceEventName[] = [
  'update',
  'stale',
  'fresh',
  'ejected',
  'restored',
  'failover',
  'panic',
  'unavailable',
];

/**
 * The diagnostics channel of each event, `signpost:client:EVENT`; messages are `{ service, ...what the event says }`.
 */
export const channels = Object.fromEntries(names.map((name) => [name, channel(`signpost:client:${name}`)])) as Readonly<
  Record<ServiceEventName, ReturnType<typeof channel>>
>;
