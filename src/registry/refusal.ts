/** What is refused of a write that is well-formed: for who asks, for how things stand, or by the store. */
import type { Catalog } from './catalog.ts';
import { RegistryError } from './error.ts';
import type { Instance } from './instance.ts';
import { serverService } from './label.ts';
import type { Caller, InstanceRef, WriteOptions } from './registration.ts';
import type { RegistrySettings } from './settings.ts';
import { StoreError, type Tombstone } from './store.ts';

/** Throws `stale` where If-Match names another revision than that of `current` (null: there is none, revision 0). */
export function refuseStale(current: { readonly revision: number } | null, { ifMatch }: WriteOptions): void {
  const revision = current?.revision ?? 0;
  if (ifMatch === undefined || ifMatch === revision) return;
  throw new RegistryError('stale', `the revision is ${revision}, not ${ifMatch}`);
}

/**
 * Throws `conflict` for a caller with another token: an id belongs to the token that registered it, while it is
 * registered; and `forbidden` for all but the server itself where the instance is a server.
 */
export function refuseForeign(instance: Instance, caller: Caller): void {
  if (instance.service === serverService && caller.address !== null) {
    throw new RegistryError('forbidden', `${nameOf(instance)} is a server, which looks after itself`);
  }
  if (instance.registeredBy === null || instance.registeredBy === caller.tokenId || caller.mayTakeOver) return;
  throw new RegistryError('conflict', `${nameOf(instance)} was registered with another token`);
}

/**
 * Throws for a generation that is not the current one: it was `replaced` by a later one, or was forgotten and is
 * `gone`.
 */
export function refuseGeneration(current: Instance, generation: number | null): void {
  if (generation === null || generation === current.generation) return;
  const found = `${nameOf(current)} is held by generation ${current.generation}, not ${generation}`;
  throw new RegistryError(generation < current.generation ? 'replaced' : 'gone', found);
}

/** The error for an id that is not registered: `gone` for a generation that was, as far as is remembered. */
export function absence(ref: InstanceRef, generation: number | null, tombstone: Tombstone | null): RegistryError {
  if (generation === null || tombstone === null || generation > tombstone.generation) {
    return new RegistryError('not-found', `${nameOf(ref)} is not registered`);
  }
  return new RegistryError('gone', `generation ${generation} of ${nameOf(ref)} was deregistered or has expired`);
}

/**
 * Throws `too-many` for one more instance. Limits hold for what users have committed; the writes of one batch may go
 * beyond them.
 */
export function refuseInstanceBeyondLimits(catalog: Catalog, settings: RegistrySettings, instance: Instance): void {
  const { zone, service } = instance;
  if (service === serverService) return;
  const { mostInstances, mostInstancesPerService } = settings;
  if (catalog.instanceCount - catalog.servers.instances >= mostInstances) {
    throw new RegistryError('too-many', `there are ${mostInstances} instances, the limit`);
  }
  if ((catalog.service(zone, service)?.instances.size ?? 0) >= mostInstancesPerService) {
    throw new RegistryError('too-many', `service ${service} has ${mostInstancesPerService} instances, the limit`);
  }
  refuseServiceBeyondLimit(catalog, settings, instance);
}

/** Throws `too-many` where the service would be one more. */
export function refuseServiceBeyondLimit(
  catalog: Catalog, { mostServices }: RegistrySettings, { zone, service }: Pick<Instance, 'zone' | 'service'>,
): void {
  const users = catalog.serviceCount - catalog.servers.services;
  if (users < mostServices || catalog.service(zone, service) !== undefined) return;
  throw new RegistryError('too-many', `there are ${mostServices} services, the limit`);
}

/** What a caller is told of an error of the store. */
export function refusalOf(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  const code = error.code === 'full' ? 'store-full' : error.code === 'conflict' ? 'conflict' : 'store-unavailable';
  return new RegistryError(code, error.message, null, { cause: error });
}

export function nameOf({ service, id }: Pick<InstanceRef, 'service' | 'id'>): string {
  return `instance ${id} of service ${service}`;
}
