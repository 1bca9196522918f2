/** An instance: one registered endpoint of a service. An immutable value; a change makes a new one. */
import { isDeepStrictEqual } from 'node:util';
import type { Check } from './check.ts';

/** The one empty list and the one empty meta that all instances share. */
export const none: readonly never[] = Object.freeze([]);
export const noMeta: Readonly<Record<string, string>> = Object.freeze({});

export type Protocol = 'tcp' | 'udp';

/**
 * What is known of an instance. `unknown`: it has checks and none has passed yet. `passing` and `warning` are
 * answerable; `warning` with half the weight. `draining`: told to leave, still listed, never answered.
 */
export type Status = 'unknown' | 'passing' | 'warning' | 'critical' | 'draining';

export interface NamedPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
}

export interface Instance {
  /** Service zone in presentation form, lower case, without the final dot: `svc.internal`. */
  readonly zone: string;
  /** Labels, lower case: the service's and the instance's (unique within its service and zone). */
  readonly service: string;
  readonly id: string;
  /**
   * Revision of its registration, so it rises and is never used again; a renew or DELETE with an older one gets 410.
   */
  readonly generation: number;
  /** Revision of the change that made this value. */
  readonly revision: number;
  /** IPv4 and IPv6 addresses in canonical text (RFC 5952), at least one, no duplicates. */
  readonly addresses: readonly string[];
  /** Default port, 1 to 65535; null where only named ports are given. */
  readonly port: number | null;
  readonly protocol: Protocol;
  readonly ports: readonly NamedPort[];
  /** 0 to 65535, lower is preferred; 10 unless set. */
  readonly priority: number;
  /** 0 to 65535; 100 unless set. */
  readonly weight: number;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, string>>;
  /** TTL of service answers in seconds, 1 to 86400; null: the service's. */
  readonly ttl: number | null;
  /** Lease in seconds, 2 to 86400; null: permanent. */
  readonly lease: number | null;
  /** What the owner says of it, by registration, PATCH, renew or drain. */
  readonly declared: Status;
  readonly checks: readonly Check[];
  /** What the checks say; null without checks. */
  readonly observed: Status | null;
  /** True while so little of the lease is left that answers must not promise the usual TTL; see lease.ts. */
  readonly late: boolean;
  /**
   * Address the registration came from, canonical text; null when the server made it itself. Decides which targets
   * checks may reach.
   */
  readonly registeredFrom: string | null;
  /** Id of the token that registered it; null on loopback without tokens. */
  readonly registeredBy: string | null;
  /** Wall-clock milliseconds, for people. */
  readonly registeredAt: number;
}

/** The status that counts: draining and critical as declared win; else the worse of what is declared and observed. */
export function statusOf(instance: Instance): Status {
  const { declared, observed } = instance;
  if (observed === null || declared === 'draining' || declared === 'critical') return declared;
  if (observed === 'passing') return declared;
  return observed;
}

/** True when the instance is healthy enough to be answered. */
export function isAnswerable(instance: Instance): boolean {
  const status = statusOf(instance);
  return status === 'passing' || status === 'warning';
}

/** True where the server itself runs checks of the instance. */
export function hasServerChecks({ checks }: Pick<Instance, 'checks'>): boolean {
  return checks.some(({ type }) => type !== 'ttl');
}

/** True where both were registered with the same values from the same caller, whatever has become of them since. */
export function isSameRegistration(one: Instance, other: Instance): boolean {
  const { generation, revision, observed, late, registeredAt } = one;
  return isDeepStrictEqual(one, { ...other, generation, revision, observed, late, registeredAt });
}

/**
 * True where both are checked in the same ways at the same endpoints, so that what is known of one holds for the other.
 */
export function isCheckedTheSame(one: Instance, other: Instance): boolean {
  return (
    isDeepStrictEqual(one.checks, other.checks) && isDeepStrictEqual(one.addresses, other.addresses) &&
    isDeepStrictEqual(one.ports, other.ports) && one.port === other.port && one.protocol === other.protocol
  );
}
