/**
 * `registerGrpcResolver`: `srv:///_grpc._tcp.example.com` as a target of @grpc/grpc-js, whose own resolver knows no
 * SRV.
 */
import type * as grpcJs from '@grpc/grpc-js';
import { SrvError } from '../error.ts';
import { sourceDomain } from '../name.ts';
import type { ServiceOptions } from '../options.ts';
import { orderSrv, tiersOf } from '../order.ts';
import { createResolver, type Resolver } from '../resolver.ts';
import type { Service } from '../service.ts';

export interface GrpcOptions {
  /** Resolver to use; one of its own with default options unless set. */
  readonly resolver?: Resolver;
  /** Of these, `subset` has an effect; grpc-js picks and ejects by itself. */
  readonly service?: Pick<ServiceOptions, 'subset'>;
  /** URI scheme; `srv` unless set. */
  readonly scheme?: string;
}

/** The parts of @grpc/grpc-js that are used; its module fits. */
export interface GrpcModule {
  readonly experimental: Pick<typeof grpcJs.experimental, 'registerResolver'>;
  readonly Metadata: typeof grpcJs.Metadata;
  readonly status: { readonly UNAVAILABLE: number };
}

interface Endpoint {
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
}
interface GrpcFailure {
  readonly code: number;
  readonly details: string;
  readonly metadata: unknown;
}
/** Listeners of grpc-js 1.14 and later are a function of a result or an error. */
type ListenerFunction = (
  result:
    { readonly ok: true; readonly value: readonly Endpoint[] } | { readonly ok: false; readonly error: GrpcFailure },
  attributes: object,
  serviceConfig: null,
  note: string,
) => boolean;
/** Before that they were an object with two methods. */
interface ListenerObject {
  onSuccessfulResolution(
    endpoints: readonly Endpoint[],
    serviceConfig: null,
    serviceConfigError: null,
    configSelector: null,
    attributes: object,
  ): void;
  onError(failure: GrpcFailure): void;
}
type Listener = ListenerFunction | ListenerObject;

const askAgainMs = 1000;

/**
 * Teaches grpc-js the scheme `srv`. A channel gets the targets of the best priority, in the order of RFC 2782: with
 * `pick_first` each channel so chooses by weight; `round_robin` uses all of them alike, for it knows no weights.
 */
export function registerGrpcResolver(grpc: GrpcModule, options: GrpcOptions = {}): void {
  const resolver = options.resolver ?? createResolver();

  class SrvGrpcResolver {
    readonly #name: string;
    readonly #listener: Listener;
    #service: Service | null = null;
    #askedAt = -Infinity;

    constructor(target: { readonly path: string }, listener: Listener) {
      this.#name = target.path;
      this.#listener = listener;
    }

    /** Called by the channel when it starts, and whenever it has lost its connections. */
    updateResolution(): void {
      const now = performance.now();
      if (this.#service !== null && now - this.#askedAt < askAgainMs) return;
      this.#askedAt = now;
      if (this.#service === null) this.#start();
      else void this.#service.refresh();
    }

    destroy(): void {
      this.#service?.close();
      this.#service = null;
    }

    static getDefaultAuthority(target: { readonly path: string }): string {
      return sourceDomain(target.path); // what a certificate must be for
    }

    #start(): void {
      let service: Service;
      try {
        service = resolver.service(this.#name, options.service);
      } catch (error) {
        process.nextTick(() => this.#fail(error as Error)); // never from within this call
        return;
      }
      this.#service = service;
      service.on('update', () => this.#report(service));
      service.on('unavailable', ({ error }) => this.#fail(error));
      if (service.targets().length > 0) process.nextTick(() => this.#report(service)); // known from another channel
    }

    #report(service: Service): void {
      const usable = service.targets().filter(({ state }) => state !== 'expired');
      const [best] = tiersOf(usable);
      if (this.#service !== service || best === undefined) return;
      const endpoints = orderSrv(best).map(({ addresses, port }) => ({
        addresses: addresses.map((host) => ({ host, port })),
      }));
      if (typeof this.#listener === 'function') this.#listener({ ok: true, value: endpoints }, {}, null, '');
      else this.#listener.onSuccessfulResolution(endpoints, null, null, null, {});
    }

    #fail(error: Error): void {
      if (error instanceof SrvError && error.code === 'SRV_CLOSED') return;
      const failure: GrpcFailure = {
        code: grpc.status.UNAVAILABLE,
        details: error.message,
        metadata: new grpc.Metadata(),
      };
      if (typeof this.#listener === 'function') this.#listener({ ok: false, error: failure }, {}, null, '');
      else this.#listener.onError(failure);
    }
  }

  grpc.experimental.registerResolver(options.scheme ?? 'srv', SrvGrpcResolver as never);
}
