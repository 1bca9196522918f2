/**
 * Lease arithmetic. An instance stays for as long as its owner renews; renewals live in memory only, and after a
 * restart each lease gets one full period. All deadlines of an instance follow from one number, the time of its last
 * renewal.
 */
import type { Instance } from './instance.ts';

/** Seconds for which an answer may outlive the lease of what it names. */
export const grace = 5;

/**
 * Shares of its period after which an owner is asked to renew, to which a loaded server stretches that, and after which
 * it is late.
 */
export const usualRenewal = 1 / 3;
export const longestRenewal = 0.5;
export const lateAfter = 0.6;

/**
 * The TTL to publish where `wanted` is configured, in seconds. A resolver may hold an answer for its whole TTL, so it
 * must not exceed what is left of the lease plus grace: before an instance is late that is at least 1 - `lateAfter` of
 * the lease, afterwards nothing may be promised.
 */
export function publishedTtl(wanted: number, instance: Pick<Instance, 'lease' | 'late'>): number {
  if (instance.late) return Math.min(wanted, grace);
  return instance.lease === null ? wanted : Math.min(wanted, Math.floor(instance.lease * (1 - lateAfter)) + grace);
}

/** Seconds after the last renewal at which a ttl check becomes critical; Infinity without one. */
export function overdueAfter({ checks }: Pick<Instance, 'checks'>): number {
  let interval = Infinity;
  for (const check of checks) if (check.type === 'ttl') interval = Math.min(interval, check.interval);
  return interval;
}

/** Seconds within which renewals must come, for the lease or for a ttl check; Infinity where nothing waits for them. */
export function periodOf(instance: Pick<Instance, 'checks' | 'lease'>): number {
  return Math.min(instance.lease ?? Infinity, overdueAfter(instance));
}
