/**
 * Which instances of a service are answered, decided once for publication and for explain. Mostly those that are
 * healthy; where too few are, the service's settings say whether health can be believed.
 */
import { type Instance, statusOf } from '../registry/instance.ts';
import type { Service } from '../registry/service.ts';

/**
 * How a service is answered. `healthy`: its healthy instances. `panic`: so few are healthy that all that are not
 * draining are answered; `fail-open`: the same, as none is healthy. `last-known-good`: those that were healthy before
 * the last one failed. `nodata`, `nxdomain`: nothing to answer, and what is said then.
 */
export type Mode = 'healthy' | 'panic' | 'fail-open' | 'last-known-good' | 'nodata' | 'nxdomain';

export interface Decision {
  readonly mode: Mode;
  /** Ids that `last-known-good` answers; empty in every other mode. */
  readonly lastKnownGood: ReadonlySet<string>;
}

/** How many instances of a service there are that matter to the decision. */
export interface Census {
  /** Healthy: passing or warning. */
  readonly answerable: number;
  /** All that are not draining. */
  readonly staying: number;
}

type Policy = Pick<Service, 'emptyPolicy' | 'panicThreshold'>;

const noPolicy: Policy = { emptyPolicy: 'nodata', panicThreshold: 0 };
const nobody: ReadonlySet<string> = new Set();

/**
 * `lastKnownGood` holds the instances that were answerable before the last one failed, without those that have left
 * since.
 */
export function decide(census: Census, policy: Policy | null, lastKnownGood: ReadonlySet<string>): Decision {
  const mode = modeOf(census, policy ?? noPolicy, lastKnownGood.size > 0);
  return { mode, lastKnownGood: mode === 'last-known-good' ? lastKnownGood : nobody };
}

function modeOf({ answerable, staying }: Census, { emptyPolicy, panicThreshold }: Policy, anyKnownGood: boolean): Mode {
  if (staying > 0 && answerable / staying < panicThreshold) return 'panic';
  if (answerable > 0) return 'healthy';
  if (emptyPolicy === 'fail-open') return staying > 0 ? 'fail-open' : 'nodata';
  if (emptyPolicy === 'last-known-good') return anyKnownGood ? 'last-known-good' : 'nodata';
  return emptyPolicy;
}

/** Why an instance is answered, or is not. */
export type Verdict =
  | 'passing' | 'warning' | 'panic' | 'fail-open' | 'last-known-good' // answered
  | 'draining' | 'declared-critical' | 'check-critical' | 'check-pending';

const answered: ReadonlySet<Verdict> = new Set(['passing', 'warning', 'panic', 'fail-open', 'last-known-good']);

export function isAnswered(instance: Instance, decision: Decision): boolean {
  return answered.has(verdictOn(instance, decision));
}

export function verdictOn(instance: Instance, { mode, lastKnownGood }: Decision): Verdict {
  const status = statusOf(instance);
  if (status === 'draining' || status === 'passing' || status === 'warning') return status;
  if (mode === 'panic' || mode === 'fail-open') return mode;
  if (lastKnownGood.has(instance.id)) return 'last-known-good';
  if (status === 'unknown') return 'check-pending';
  return instance.declared === 'critical' ? 'declared-critical' : 'check-critical';
}
