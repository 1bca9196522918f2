/** How long an answer may be kept. All in seconds. */
import type { Instance } from '../registry/instance.ts';
import { publishedTtl } from '../registry/lease.ts';
import type { Service } from '../registry/service.ts';

/** TTL of what names one instance: `ID.SERVICE.Z`, its DNS-SD entry and its reverse name. */
export const instanceTtl = 30;

/** How long a resolver may believe that something does not exist (RFC 2308 section 5: the SOA's MINIMUM). */
export const negativeTtl = 5;

/** The TTL with which `instance` goes into the answers of its service. */
export function serviceAnswerTtl(instance: Instance, settings: Service | null, defaultTtl: number): number {
  return publishedTtl(instance.ttl ?? settings?.ttl ?? defaultTtl, instance);
}

/** The TTL of the instance's own names. */
export function instanceAnswerTtl(instance: Instance): number {
  return publishedTtl(instanceTtl, instance);
}
