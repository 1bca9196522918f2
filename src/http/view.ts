/** Registry values as the API shows them. */
import { type Instance, statusOf } from '../registry/instance.ts';
import type { Lease } from '../registry/registry.ts';
import type { Service } from '../registry/service.ts';
import type { InstanceReply } from './schema/instance.ts';
import type { LeaseReply } from './schema/renewal.ts';
import type { ServiceReply } from './schema/service.ts';

export function instanceView(instance: Instance): InstanceReply {
  const { service, id, zone, generation, revision, declared, observed, port, protocol, priority, weight, ttl, lease } =
    instance;
  return {
    service,
    id,
    zone,
    generation,
    revision,
    status: statusOf(instance),
    declared,
    observed,
    addresses: [...instance.addresses],
    port,
    protocol,
    ports: Object.fromEntries(instance.ports.map(({ name, ...named }) => [name, named])),
    priority,
    weight,
    tags: [...instance.tags],
    meta: instance.meta,
    ttl,
    lease,
    checks: [...instance.checks],
    registeredAt: isoTime(instance.registeredAt),
    registeredFrom: instance.registeredFrom,
    registeredBy: instance.registeredBy,
  };
}

export function leaseView(lease: Lease | null): LeaseReply | null {
  return lease === null
    ? null
    : { seconds: lease.seconds, expiresAt: isoTime(lease.expiresAt), renewAfter: lease.renewAfter };
}

/** The settings of a service; those that hold when it has none of its own where `settings` is null. */
export function serviceView(zone: string, service: string, settings: Service | null): ServiceReply {
  const { revision = 0, ttl = null, limit = null, selectors = [], emptyPolicy = 'nodata' } = settings ?? {};
  const { panicThreshold = 0, defaultLease = null, checkDefaults = null } = settings ?? {};
  return {
    service,
    zone,
    revision,
    ttl,
    limit,
    selectors: [...selectors],
    emptyPolicy,
    panicThreshold,
    defaultLease,
    checkDefaults,
  };
}

/** ISO 8601 in UTC with milliseconds, from wall-clock milliseconds. */
export function isoTime(wall: number): string {
  return new Date(wall).toISOString();
}
