/**
 * Calls to the servers of etcd: to one for as long as it answers, else to the next, until the time for the call is
 * over. The library is loaded only here, when it is needed, and does no retrying of its own, which would not know what
 * may be repeated.
 */
import { readFileSync } from 'node:fs';
import type * as Library from 'etcd3';
import type { Etcd3, IOptions } from 'etcd3';
import { StoreError } from '../../registry/store.ts';
import type { Clock } from '../../runtime/clock.ts';
import { endSilentConnections } from './silent-connections.ts';

export interface EtcdSettings {
  /** `http://host:2379`; at least one, all http or all https. */
  readonly endpoints: readonly string[];
  readonly user: string | null;
  readonly password: string | null;
  readonly prefix: string;
  /** Files (PEM); null: the system's authorities, no certificate of ours. */
  readonly tls: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null };
}

export type WatchStream = Awaited<ReturnType<Etcd3['watchClient']['watch']>>;

/** One call to a server; `options` carry its deadline. */
export type Ask<T> = (client: Etcd3, options: { readonly deadline: number }) => Promise<T>;

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

export class EtcdServers {
  readonly #library: typeof Library;
  readonly #clients: readonly Etcd3[];
  readonly #clock: Clock;
  readonly #stopEnding: () => void;
  /** The one that answered last. */
  #current: number;

  /** Rejects with `failed` where the library is not installed, or no server named. */
  static async load(settings: EtcdSettings, clock: Clock): Promise<EtcdServers> {
    if (settings.endpoints.length === 0) throw new StoreError('failed', 'store.endpoints names no etcd server');
    const library = await import('etcd3').catch((error: unknown) => {
      throw new StoreError('failed', 'the package etcd3, which the etcd store needs, is not installed', { cause: error });
    });
    return new EtcdServers(library, settings, clock);
  }

  private constructor(library: typeof Library, settings: EtcdSettings, clock: Clock) {
    this.#library = library;
    this.#clock = clock;
    this.#clients = settings.endpoints.map((endpoint) => new library.Etcd3(optionsOf(settings, endpoint)));
    this.#stopEnding = endSilentConnections(settings.endpoints, clock);
    // Anyone, so that not all of us go to the same.
    this.#current = Math.floor(Math.random() * this.#clients.length);
  }

  /**
   * Asks one server after the other until one answers, which may have done what another did not live to tell: `ask`
   * must be safe to repeat. Rejects with `unavailable` at clock time `until`, `full` where etcd has no space, and
   * `failed` where it refuses.
   */
  async call<T>(ask: Ask<T>, until = this.#clock.now() + patience): Promise<T> {
    for (;;) {
      const asked = this.#current;
      const left = until - this.#clock.now();
      const wait = this.#clients.length > 1 ? Math.min(left, onePatience) : left;
      try {
        return await ask(this.#clients[asked]!, { deadline: Date.now() + wait });
      } catch (error) {
        if (this.#current === asked) this.#current = (asked + 1) % this.#clients.length;
        const refusal = this.#refusal(error as Error);
        if (refusal !== null) throw refusal;
        if (this.#clock.now() + pause >= until) {
          throw new StoreError('unavailable', `etcd does not answer: ${(error as Error).message}`, { cause: error });
        }
        await new Promise<void>((resolve) => this.#clock.after(pause, resolve));
      }
    }
  }

  /** A stream for watches, from the server that answered last. */
  watch(): Promise<WatchStream> {
    return this.#clients[this.#current]!.watchClient.watch();
  }

  close(): void {
    this.#stopEnding();
    for (const client of this.#clients) client.close();
  }

  /** What no other server would say otherwise; null where asking again may help. */
  #refusal(error: Error): StoreError | null {
    if (error instanceof StoreError) return error;
    const library = this.#library;
    if (error instanceof library.EtcdLeaseInvalidError) return new LostLease(error);
    if (error instanceof library.GRPCResourceExhastedError) {
      // etcd says so in the same words of gRPC while its disk is slow, and soon not any more.
      if (error.message.includes('too many requests')) return null;
      return new StoreError('full', `etcd takes no more: ${error.message}`, { cause: error });
    }
    const final = [
      library.GRPCInvalidArgumentError, library.GRPCOutOfRangeError, library.EtcdPermissionDeniedError,
      library.EtcdAuthenticationFailedError,
    ];
    if (!final.some((kind) => error instanceof kind)) return null;
    return new StoreError('failed', `etcd refuses: ${error.message}`, { cause: error });
  }
}

/** etcd knows nothing of a lease that was to be used: it ended, was revoked, or was granted after a snapshot was taken. */
export class LostLease extends StoreError {
  constructor(cause: Error) {
    super('failed', `etcd refuses: ${cause.message}`, { cause });
    this.name = 'LostLease';
  }
}

function optionsOf({ user, password, tls }: EtcdSettings, endpoint: string): IOptions {
  const { rootCertificate, privateKey, certChain } = securityOf(tls);
  return {
    hosts: endpoint.replace(/\/$/, ''),
    ...(user !== null && password !== null ? { auth: { username: user, password } } : {}),
    ...(rootCertificate !== null || privateKey !== null
      // Without an authority given those of the system count, which the library's types do not know.
      ? {
        credentials: {
          rootCertificate: rootCertificate as Buffer,
          ...(privateKey === null ? {} : { privateKey, certChain: certChain! }),
        },
      }
      : {}),
    // Streams have no deadline, so a server that hangs must be noticed otherwise; etcd punishes pings within 5 s.
    grpcOptions: {
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 3000,
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.max_receive_message_length': -1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
    },
    // Also for the calls that the library makes itself, to authenticate.
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + onePatience }),
    faultHandling: { host: () => once, global: once },
  };
}

/** What the files of `tls` hold; a certificate counts only with its key. */
export function securityOf({ ca, cert, key }: EtcdSettings['tls']): Security {
  const isCertified = cert !== null && key !== null;
  return {
    rootCertificate: ca === null ? null : readFileSync(ca),
    privateKey: isCertified ? readFileSync(key) : null,
    certChain: isCertified ? readFileSync(cert) : null,
  };
}

interface Security {
  readonly rootCertificate: Buffer | null;
  readonly privateKey: Buffer | null;
  readonly certChain: Buffer | null;
}

/** The library's policy of trying just once. */
const once = {
  execute: (call: () => unknown) => Promise.resolve().then(call),
} as unknown as Policy;

/** Milliseconds. No caller waits longer than this for etcd. */
export const patience = 1800;
/** Milliseconds after which the next server is asked, where there is one, and between two tries. */
const onePatience = 700;
const pause = 50;
