/** What the files in `routes/` are given: the app to add their routes to, and the parts their handlers work with. */
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Explanation } from '../publish/explain.ts';
import { foldAscii } from '../registry/label.ts';
import type { Caller as RegistryCaller, InstanceRef } from '../registry/registration.ts';
import type { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Access, Caller, Operation } from './auth.ts';
import type { EventStreams } from './events.ts';
import { Problem } from './problem.ts';
import type { Watch } from './watch.ts';

export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a route does; a route that does not say so is refused at start. */
    operation?: Operation;
    /** True where the body says which services it is about, and the handler asks `access` about each of them. */
    servicesInBody?: boolean;
    /** True for renewals, of which there are too many for the audit log. */
    unaudited?: boolean;
  }
  interface FastifyRequest {
    /** Null until the guard has found out. */
    caller: Caller;
    target: Target;
    /** What was answered instead of what was asked for; null: nothing was wrong. */
    problem: Problem | null;
  }
}

/** What a request is about, folded. Whether there is such a zone, service or instance nobody knows yet. */
export interface Target {
  readonly zone: string;
  /** Null: all services. */
  readonly service: string | null;
  /** Null: all instances. */
  readonly id: string | null;
}

export interface ApiParts {
  readonly registry: Registry;
  readonly access: Access;
  readonly watch: Watch;
  readonly streams: EventStreams;
  readonly clock: Clock;
  /** TTL in seconds of answers where neither instance nor service sets one. */
  readonly defaultTtl: number;
  /** Aborted when the server stops: whoever waits answers now. */
  readonly stopping: AbortSignal;
  /** Why a question gets the answer it gets. Throws Problem where the name or type is none. */
  readonly explain: (name: string, type: string) => Explanation;
  /** What the server still waits for before it can answer everything; empty: it is ready. */
  readonly readiness: () => readonly string[];
  readonly metrics: { readonly contentType: string; readonly text: () => Promise<string> };
  /** Everything that is stored, as JSON lines. */
  readonly dump: () => AsyncIterable<string>;
}

/** The instance that the path is about. */
export function refOf({ target }: FastifyRequest): InstanceRef {
  return { zone: target.zone, service: target.service ?? '', id: target.id ?? '' };
}

/** The request's caller as the registry knows callers. */
export function registryCaller(
  { caller }: FastifyRequest,
  { registry, access }: ApiParts,
  { zone, service, id }: InstanceRef,
): RegistryCaller {
  const owner = registry.instance(zone, service, id)?.registeredBy ?? null;
  return {
    address: caller.address,
    tokenId: caller.id,
    mayTakeOver: owner === null || access.mayTakeOver(caller, owner),
  };
}

/** The zone of a request that reads; throws Problem `not-found` where it is not served. */
export function servedZone({ target: { zone } }: FastifyRequest, { registry }: ApiParts): string {
  if (registry.hasZone(zone)) return zone;
  throw new Problem('not-found', `zone "${zone}" is not served, wanted one of ${registry.zones.join(', ')}`, {
    path: 'zone',
  });
}

/** Lower case, and without the final dot. */
export function foldZone(zone: string): string {
  return foldAscii(zone).replace(/\.$/, '');
}
