/** The resolver: one cache, one question in flight for each name, and the services that watch names. */
import { setMaxListeners } from 'node:events';
import { LRUCache } from 'lru-cache';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { AddressBook } from './address-book.ts';
import { abortedError, SrvError } from './error.ts';
import { createExchange, type ExchangeCounters } from './exchange.ts';
import { holdFor } from './hold.ts';
import { LiveService } from './live-service.ts';
import { lookupSrv, type Outcome, type SrvRecord } from './lookup.ts';
import { readName } from './name.ts';
import { createNodeExchange } from './node-dns.ts';
import {
  readNumbers,
  resolverNumbers,
  type ResolverOptions,
  type ResolverSettings,
  type ServiceOptions,
} from './options.ts';
import type { Ask } from './reply.ts';
import { chooseServers } from './server-address.ts';
import type { Service } from './service.ts';
import { absenceError, type Learned, View } from './view.ts';

export interface ResolveOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal;
  /** True asks DNS even where an answer is still valid; false unless set. */
  readonly fresh?: boolean;
}

/** The SRV records of a name. */
export interface SrvAnswer {
  readonly name: string;
  /** As they came; `orderSrv` gives the order to try them in. */
  readonly records: readonly SrvRecord[];
  /** Milliseconds for which this is still valid; 0 where it is stale. */
  readonly ttlMs: number;
  /** Milliseconds since it was learned. */
  readonly ageMs: number;
  /** True when it has expired and is given because no server answered. */
  readonly stale: boolean;
  /** True when it came from the source of the data and not from a cache. */
  readonly authoritative: boolean;
}

export interface ResolverStats extends Readonly<ExchangeCounters> {
  /** Calls that were answered from memory. */
  readonly cacheHits: number;
  /** Names remembered. */
  readonly names: number;
  /** Names watched by services. */
  readonly watched: number;
}

export interface Resolver {
  /** The SRV records of `name`, from memory while they are valid. Rejects with `SrvError`. */
  resolveSrv(name: string, options?: ResolveOptions): Promise<SrvAnswer>;
  /**
   * Watches the targets of `name`. Services of one name share one watch of DNS; each has its own policy and ejections.
   */
  service(name: string, options?: ServiceOptions): Service;
  stats(): ResolverStats;
  /** Closes all services and ends all questions. */
  close(): void;
  [Symbol.dispose](): void;
}

/** Makes a resolver. Its sockets and timers do not keep the process alive; only a call that is waited for does. */
export function createResolver(options: ResolverOptions = {}): Resolver {
  return new SrvResolver(options);
}

/**
 * RFC 2308 section 5 has hours; thirty seconds are enough to spare a server, and short enough for a service that
 * starts.
 */
const maxNegativeTtlMs = 30_000;

class SrvResolver implements Resolver {
  readonly #settings: ResolverSettings;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #ask: Ask;
  readonly #book: AddressBook;
  readonly #cache: LRUCache<string, Learned>;
  readonly #inFlight = new Map<string, Promise<Learned>>();
  readonly #views = new Map<string, View>();
  readonly #services = new Set<LiveService>();
  readonly #counters: ExchangeCounters = { queries: 0, resends: 0, tcpQueries: 0, ignoredReplies: 0, failures: 0 };
  readonly #closing = new AbortController();
  #cacheHits = 0;

  constructor(options: ResolverOptions) {
    this.#settings = readNumbers(resolverNumbers, options);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#ask = options.ask ?? this.#exchange(options);
    setMaxListeners(0, this.#closing.signal); // one for each question in flight
    this.#book = new AddressBook(this.#ask, this.#clock, this.#settings.maxNames);
    this.#cache = new LRUCache({ max: this.#settings.maxNames });
  }

  async resolveSrv(text: string, { signal, fresh = false }: ResolveOptions = {}): Promise<SrvAnswer> {
    const name = readName(text);
    if (signal?.aborted) throw abortedError(name, signal);
    try {
      return this.#answer(name, await holdFor(abortable(this.#learn(name, fresh), name, signal)));
    } catch (error) {
      const known = this.#cache.get(name);
      const isFailure = error instanceof SrvError && !['SRV_ABORTED', 'SRV_CLOSED'].includes(error.code);
      if (!isFailure || known?.outcome.kind !== 'records') throw error;
      const expiredFor = this.#clock.now() - known.at - known.outcome.ttlMs;
      if (expiredFor > this.#settings.staleIfErrorMs) throw error;
      return this.#answer(name, known);
    }
  }

  service(text: string, options: ServiceOptions = {}): Service {
    const name = readName(text);
    if (this.#closing.signal.aborted) throw new SrvError('SRV_CLOSED', name, 'the resolver was closed');
    let view = this.#views.get(name);
    if (view === undefined) {
      view = new View(name, (watched, fresh) => this.#learn(watched, fresh), this.#settings, this.#clock, this.#random);
      this.#views.set(name, view);
    }
    const watched = view;
    const service = new LiveService(watched, options, this.#clock, this.#random, () => {
      this.#services.delete(service);
      if (watched.listeners > 0) return;
      watched.close();
      this.#views.delete(name);
    });
    this.#services.add(service);
    return service;
  }

  stats(): ResolverStats {
    return { ...this.#counters, cacheHits: this.#cacheHits, names: this.#cache.size, watched: this.#views.size };
  }

  close(): void {
    this.#closing.abort();
    for (const service of [...this.#services]) service.close();
    this.#cache.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #exchange(options: ResolverOptions): Ask {
    const servers = chooseServers(options.servers, process.env);
    if (options.transport === 'node') return createNodeExchange(servers, this.#settings);
    return createExchange(servers, this.#settings, this.#clock, this.#counters);
  }

  #learn(name: string, fresh: boolean): Promise<Learned> {
    const known = this.#cache.get(name);
    if (!fresh && known && this.#clock.now() < known.at + known.outcome.ttlMs) {
      this.#cacheHits += 1;
      return Promise.resolve(known);
    }
    let learning = this.#inFlight.get(name);
    if (learning === undefined) {
      learning = this.#lookup(name).finally(() => this.#inFlight.delete(name));
      this.#inFlight.set(name, learning);
    }
    return learning;
  }

  async #lookup(name: string): Promise<Learned> {
    if (this.#closing.signal.aborted) throw new SrvError('SRV_CLOSED', name, 'the resolver was closed');
    const found = await lookupSrv(this.#ask, this.#book, name, this.#closing.signal);
    const learned = { outcome: this.#bounded(found), at: this.#clock.now() };
    this.#cache.set(name, learned);
    return learned;
  }

  #bounded(outcome: Outcome): Outcome {
    const { minTtlMs, maxTtlMs } = this.#settings;
    const most =
      outcome.kind === 'nodata' || outcome.kind === 'nxdomain' ? Math.min(maxNegativeTtlMs, maxTtlMs) : maxTtlMs;
    return { ...outcome, ttlMs: Math.min(Math.max(outcome.ttlMs, minTtlMs), most) };
  }

  #answer(name: string, { outcome, at }: Learned): SrvAnswer {
    if (outcome.kind !== 'records') throw absenceError(name, outcome.kind);
    const ageMs = this.#clock.now() - at;
    const ttlMs = Math.max(outcome.ttlMs - ageMs, 0);
    return { name, records: outcome.records, ttlMs, ageMs, stale: ttlMs === 0, authoritative: outcome.authoritative };
  }
}

/** Waits for `work` until the signal aborts; the work goes on, for others may wait for it too. */
async function abortable<Result>(
  work: Promise<Result>,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (signal === undefined) return work;
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortedError(name, signal));
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
