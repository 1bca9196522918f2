/**
 * What callers hand to the registry: shapes already checked at the border, meaning not yet. Absence means the default.
 */
import type { Protocol, Status } from './instance.ts';
import { foldAscii } from './label.ts';
import type { EmptyPolicy } from './service.ts';

export interface InstanceRef {
  /** Service zone, any case, with or without the final dot. */
  readonly zone: string;
  readonly service: string;
  readonly id: string;
}

/** The ref with zone, service and id in lower case, ASCII letters only, and no final dot: as instances carry them. */
export function foldRef({ zone, service, id }: InstanceRef): InstanceRef {
  return { zone: foldZone(zone), service: foldAscii(service), id: foldAscii(id) };
}

export function foldZone(zone: string): string {
  return foldAscii(zone.endsWith('.') ? zone.slice(0, -1) : zone);
}

/** One text for each folded ref. */
export function keyOf({ zone, service, id }: InstanceRef): string {
  return `${id}.${service}.${zone}`;
}

/** Who asks. Whether the caller may act on the service at all has been decided at the border. */
export interface Caller {
  /** Its address in canonical text; null when the server itself acts. */
  readonly address: string | null;
  /** Id of its token; null without tokens. */
  readonly tokenId: string | null;
  /** True for an operator: may change instances that another token registered. */
  readonly mayTakeOver: boolean;
}

/** Statuses that an owner or operator may declare. */
export type DeclaredStatus = Exclude<Status, 'unknown'>;

export interface Registration extends InstanceRef {
  /** First of the addresses; the caller's where neither this nor `addresses` is given. */
  readonly address?: string | undefined;
  readonly addresses?: readonly string[] | undefined;
  readonly port?: number | undefined;
  readonly protocol?: Protocol | undefined;
  readonly ports?:
    Readonly<Record<string, { readonly port: number; readonly protocol?: Protocol | undefined }>> | undefined;
  readonly priority?: number | undefined;
  readonly weight?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly meta?: Readonly<Record<string, string>> | undefined;
  readonly ttl?: number | undefined;
  /** Seconds. */
  readonly lease?: number | undefined;
  /** True: no lease. */
  readonly permanent?: boolean | undefined;
  readonly status?: DeclaredStatus | undefined;
  readonly checks?: readonly CheckRequest[] | undefined;
}

/** A check as asked for; `port` is the instance's default port where absent. */
export interface CheckRequest {
  readonly type: 'http' | 'https' | 'tcp' | 'grpc' | 'ttl';
  readonly path?: string | undefined;
  readonly port?: number | undefined;
  readonly grpcService?: string | undefined;
  readonly interval?: number | undefined;
  readonly timeout?: number | undefined;
  readonly rise?: number | undefined;
  readonly fall?: number | undefined;
}

export interface InstancePatch {
  readonly weight?: number | undefined;
  readonly priority?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly meta?: Readonly<Record<string, string>> | undefined;
  readonly status?: DeclaredStatus | undefined;
}

/** A selector as asked for: no tags and no limit where absent. */
export interface SelectorSettings {
  readonly name: string;
  readonly all?: readonly string[] | undefined;
  readonly none?: readonly string[] | undefined;
  readonly limit?: number | null | undefined;
}

/** The settings of a service, all of them: what is absent goes back to its default. */
export interface ServiceSettings {
  readonly ttl?: number | null | undefined;
  readonly limit?: number | null | undefined;
  readonly selectors?: readonly SelectorSettings[] | undefined;
  readonly emptyPolicy?: EmptyPolicy | undefined;
  readonly panicThreshold?: number | undefined;
  readonly defaultLease?: number | null | undefined;
  readonly checkDefaults?:
    Partial<Record<'interval' | 'timeout' | 'rise' | 'fall', number | undefined>> | null | undefined;
}

export interface WriteOptions {
  /** The revision that the instance or service must have; 0: it must not exist. Otherwise `stale`. */
  readonly ifMatch?: number | undefined;
}

export interface Renewal extends InstanceRef {
  readonly generation: number;
  readonly status?: DeclaredStatus | undefined;
}
