/** How long an answer may be kept. All in seconds. */
import type { Instance } from '../registry/instance.ts';
import type { Service } from '../registry/service.ts';

/** TTL of what names one instance: `ID.SERVICE.Z`, its DNS-SD entry and its reverse name. */
export const instanceTtl = 30;

/** How long a resolver may believe that something does not exist (RFC 2308 section 5: the SOA's MINIMUM). */
export const negativeTtl = 5;

// What an answer may promise beyond the lease, and for how long one whose renewal is late is promised at all.
const grace = 5;

/** The TTL with which `instance` goes into the answers of its service. */
export function serviceAnswerTtl(instance: Instance, settings: Service | null, defaultTtl: number): number {
  return withinLease(instance.ttl ?? settings?.ttl ?? defaultTtl, instance);
}

/** The TTL of the instance's own names. */
export function instanceAnswerTtl(instance: Instance): number {
  return withinLease(instanceTtl, instance);
}

/**
 * An owner that renews in time has at least two thirds of its lease left, so an answer with this TTL ends at most
 * `grace` after the lease does, should the next renewal never come.
 */
function withinLease(ttl: number, instance: Instance): number {
  const leaseTtl = instance.lease === null ? ttl : Math.floor((instance.lease * 2) / 3 + grace);
  return Math.min(ttl, leaseTtl, instance.late ? grace : ttl);
}
