/** What can be said of a registration. Durations are milliseconds, unlike in the HTTP API. */
import type { Clock } from '../runtime/clock.ts';
import type { InstanceBody, PatchBody } from '../http/schema/instance.ts';

export type Check = NonNullable<InstanceBody['checks']>[number];
export type Status = NonNullable<PatchBody['status']>;

/** What may change while an instance is registered. What is left out stays; tags and meta are replaced as a whole. */
export interface Changes {
  /** 0 to 65535; the share among instances of one priority. */
  readonly weight?: number;
  /** 0 to 65535; lower is preferred. */
  readonly priority?: number;
  readonly tags?: readonly string[];
  readonly meta?: Readonly<Record<string, string>>;
  readonly status?: Exclude<Status, 'draining'>;
}

export interface RegisterOptions extends Changes {
  /** Name of the service: letters, digits and inner "-". */
  readonly service: string;
  /**
   * Id within the service; host name, port and eight random digits unless set. A process that comes back under the same
   * id replaces its predecessor.
   */
  readonly id?: string;
  /** Default port, 1 to 65535; may be left out where `ports` are given. */
  readonly port?: number;
  /** Further ports by name. */
  readonly ports?: Readonly<Record<string, { readonly port: number; readonly protocol?: 'tcp' | 'udp' }>>;
  /** `tcp` unless set. */
  readonly protocol?: 'tcp' | 'udp';
  /** Where the instance is; unless set, the address from which the registry is reached. */
  readonly address?: string;
  readonly addresses?: readonly string[];
  /** TTL of DNS answers in milliseconds, whole seconds; the service's unless set. */
  readonly ttlMs?: number;
  /** Milliseconds without renewal after which the instance is gone; the service's unless set. */
  readonly leaseMs?: number;
  /** Checks that the server makes, as the HTTP API takes them: their durations are seconds. */
  readonly checks?: readonly Check[];

  /** The registry, or several servers of one registry; `SIGNPOST_URL`, else http://127.0.0.1:8054. */
  readonly server?: string | readonly string[];
  /** Service zone, where the server has several. */
  readonly zone?: string;
  /** Bearer token; `SIGNPOST_TOKEN` unless set. */
  readonly token?: string;
  /** File with the token, read again for every request, so that it may be replaced. */
  readonly tokenFile?: string;
  /**
   * True: `register` rejects when the first attempt fails. Otherwise the agent keeps trying and the program runs;
   * false.
   */
  readonly failFast?: boolean;
  /** Sends requests; the global fetch unless set. */
  readonly fetch?: typeof fetch;
  /** Time; the system's unless set. */
  readonly clock?: Clock;
  /** Uniform in [0, 1), for jitter; `Math.random` unless set. */
  readonly random?: () => number;
}

/** The body of the registration that these options ask for. */
export function bodyOf(options: RegisterOptions): InstanceBody {
  const { port, ports, protocol, address, addresses, priority, weight, tags, meta, ttlMs, leaseMs, status, checks } =
    options;
  return {
    ...(port !== undefined && { port }),
    ...(ports && { ports }),
    ...(protocol && { protocol }),
    ...(address !== undefined && { address }),
    ...(addresses && { addresses: [...addresses] }),
    ...(priority !== undefined && { priority }),
    ...(weight !== undefined && { weight }),
    ...(tags && { tags: [...tags] }),
    ...(meta && { meta }),
    ...(ttlMs !== undefined && { ttl: ttlMs / 1000 }),
    ...(leaseMs !== undefined && { lease: leaseMs / 1000 }),
    ...(status && { status }),
    ...(checks && { checks: [...checks] }),
  };
}
