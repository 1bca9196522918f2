/** `createDispatcher`: fetch and undici over services. A target is picked for each request. */
import { createRequire } from 'node:module';
import type * as undiciModule from 'undici';
import type { buildConnector, Dispatcher, Pool } from 'undici';
import type { Target } from '../target.ts';
import { connectTimeoutMs, lookupOf } from './connect.ts';
import { RoutedRequest } from './routed-request.ts';
import { Router, type RouteOptions } from './router.ts';

/** The module `undici`, version 6 or 7. */
export type UndiciModule = Pick<typeof undiciModule, 'Agent' | 'Dispatcher' | 'Pool' | 'buildConnector'>;

export interface DispatcherOptions extends RouteOptions {
  /** The module to build on, for bundlers and for a version of your own; `undici` as installed unless set. */
  readonly undici?: UndiciModule;
  /** Options of undici's pools, of which there is one for each target and scheme; `connect` holds those of TLS. */
  readonly pool?: Omit<Pool.Options, 'connect' | 'factory'> & { readonly connect?: buildConnector.BuildOptions };
  /** Milliseconds for a connection, TLS included; 3000. */
  readonly connectTimeoutMs?: number;
  /**
   * How many targets are tried for one request; 3. A request that may have reached a server is only sent again if it is
   * idempotent.
   */
  readonly attempts?: number;
  /** Status codes that count as failures of a target; 502, 503 and 504. They are not tried again. */
  readonly failureStatus?: readonly number[];
}

/**
 * Makes a dispatcher for `fetch(url, { dispatcher })`, `setGlobalDispatcher` and undici's own functions. Requests to
 * host names that are services go to their targets; the Host header and the name that TLS verifies stay those that were
 * asked for. Other requests go where they always went. Throws when undici is not installed.
 */
export function createDispatcher(options: DispatcherOptions = {}): Dispatcher {
  const undici = options.undici ?? loadUndici();
  const settings = {
    attempts: options.attempts ?? 3,
    failureStatus: new Set(options.failureStatus ?? [502, 503, 504]),
  };
  const others = new undici.Agent(options.pool);
  /** Pools by target, then by origin: a service may be asked over http and https. */
  const pools = new Map<Target, Map<string, Pool>>();
  const router = new Router(options, closeExpired);
  let isEnded = false;

  /** Pools of targets that left DNS finish their requests and get no new ones. */
  function closeExpired(): void {
    for (const [target, byOrigin] of pools) {
      if (target.state !== 'expired') continue;
      pools.delete(target);
      for (const pool of byOrigin.values()) void pool.close();
    }
  }

  function poolOf(target: Target, origin: string, hostname: string): Pool {
    let byOrigin = pools.get(target);
    if (byOrigin === undefined) pools.set(target, (byOrigin = new Map<string, Pool>()));
    let pool = byOrigin.get(origin);
    if (pool === undefined) {
      pool = new undici.Pool(origin, { ...options.pool, connect: connectorTo(target, hostname) });
      byOrigin.set(origin, pool);
    }
    return pool;
  }

  function connectorTo(target: Target, hostname: string): buildConnector.connector {
    const connect = undici.buildConnector({
      timeout: options.connectTimeoutMs ?? connectTimeoutMs,
      ...options.pool?.connect,
      lookup: (host, lookupOptions, callback) => lookupOf(target, target.addresses[0]!)(host, lookupOptions, callback),
    });
    return (call, callback) => {
      // undici takes it from the Host header where the caller set none.
      const own = call.servername === hostname ? undefined : call.servername;
      const servername = own ?? router.tlsName(hostname, target);
      connect({ ...call, hostname: target.host, port: String(target.port), servername }, callback);
    };
  }

  class SrvDispatcher extends undici.Dispatcher {
    override dispatch(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      const origin = new URL(String(request.origin));
      const service = isEnded ? null : router.find(origin.hostname);
      if (service === null) return others.dispatch(request, handler); // which refuses it when it is closed
      const send = (target: Target, wrapped: Dispatcher.DispatchHandler): boolean => {
        const pool = poolOf(target, origin.origin, origin.hostname);
        const hasIdle = pool.stats.free > 0;
        pool.dispatch(request, wrapped);
        return hasIdle;
      };
      new RoutedRequest(service, request, handler, send, settings).start();
      return true;
    }

    override close(callback?: () => void): Promise<void> {
      return end((dispatcher) => dispatcher.close(), callback);
    }

    override destroy(...args: readonly (Error | null | (() => void) | undefined)[]): Promise<void> {
      const callback = args.find((arg) => typeof arg === 'function');
      const error = args.find((arg) => arg instanceof Error) ?? null;
      return end((dispatcher) => dispatcher.destroy(error), callback);
    }
  }

  async function end(
    each: (dispatcher: Dispatcher) => Promise<void>,
    callback: (() => void) | undefined,
  ): Promise<void> {
    const open = [...pools.values()].flatMap((byOrigin) => [...byOrigin.values()]);
    isEnded = true;
    pools.clear();
    await Promise.all([others, ...open].map(each));
    router.close();
    callback?.();
  }

  return new SrvDispatcher();
}

function loadUndici(): UndiciModule {
  try {
    return createRequire(import.meta.url)('undici') as UndiciModule;
  } catch (error) {
    throw new Error('createDispatcher needs the package undici, version 6 or 7: npm install undici', { cause: error });
  }
}
