/**
 * The HTTP server over a memory store and a publisher that only notes what it is given; handlers are called without
 * sockets.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { DnsCounters } from '../../src/http/metrics.ts';
import { type HttpCollaborators, type HttpServer, createHttpServer } from '../../src/http/server.ts';
import type { HttpSettings } from '../../src/http/settings.ts';
import type { Change } from '../../src/registry/change.ts';
import { Registry } from '../../src/registry/registry.ts';
import { defaultRegistrySettings, type RegistrySettings } from '../../src/registry/settings.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { Metrics } from '../../src/runtime/metrics.ts';
import { MemoryStore } from '../../src/storage/memory.ts';
import { FakeClock } from '../support/clock.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // Its shape is what the tests are about.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export interface CallOptions {
  /** Sent as JSON, unless it is a string or Buffer. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string;
  /** Where the call comes from; 127.0.0.1 unless set. */
  readonly from?: string;
}

export interface Harness<C extends Clock = FakeClock> {
  readonly server: HttpServer;
  readonly registry: Registry;
  readonly clock: C;
  /** The batches of changes that were published. */
  readonly published: (readonly Change[])[];
  readonly directory: string;
  readonly tokens: string;
  /** Log lines, as JSON text. */
  readonly log: readonly string[];
  call(method: string, url: string, options?: CallOptions): Promise<Reply>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface HarnessOptions {
  readonly settings?: Partial<HttpSettings>;
  readonly registry?: Partial<RegistrySettings>;
  readonly collaborators?: Partial<HttpCollaborators>;
  readonly zones?: readonly string[];
  /** Seconds for which resolvers hold what is removed. */
  readonly heldFor?: number;
  /** Called before the server starts. */
  prepare?(tokens: string): Promise<unknown>;
}

const noDns: DnsCounters = {
  replies: [],
  latency: [],
  latencyBounds: [0.001],
  dropped: [],
  truncated: 0,
  compiled: 0,
  cacheHits: 0,
  cacheMisses: 0,
  failures: 0,
  staleAnswers: 0,
  connections: [],
  workerRestarts: 0,
};

export async function startHarness(options?: HarnessOptions): Promise<Harness>;
export async function startHarness<C extends Clock>(options: HarnessOptions, clock: C): Promise<Harness<C>>;
export async function startHarness(
  options: HarnessOptions = {},
  clock: Clock = new FakeClock(),
): Promise<Harness<Clock>> {
  const { zones = ['svc.internal', 'other.internal'], heldFor = 5 } = options;
  const directory = await mkdtemp(join(tmpdir(), 'signpost-http-'));
  const tokens = join(directory, 'tokens.json');
  await options.prepare?.(tokens);
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const published: (readonly Change[])[] = [];
  const store = new MemoryStore();
  const registry = await Registry.open({
    store,
    clock,
    log,
    zones,
    settings: { ...defaultRegistrySettings, ...options.registry },
    publish: (changes) => {
      published.push(changes);
      const removes = changes.some(
        ({ kind, after }) => kind === 'instance' && (after === null || after.declared === 'draining'),
      );
      return Promise.resolve({ heldFor: removes ? heldFor : 0 });
    },
  });
  const settings: HttpSettings = {
    listen: [{ host: '127.0.0.1', port: 0 }],
    hosts: [],
    tls: null,
    tokens,
    reads: 'open',
    requestsPerSecond: 0,
    audit: null,
    webhook: null,
    ...options.settings,
  };
  const server = await createHttpServer(settings, {
    registry,
    clock,
    log,
    metrics: new Metrics(),
    defaultTtl: 5,
    explain: (name, type) => ({
      name,
      type,
      zone: null,
      meaning: null,
      service: null,
      candidates: [],
      outcome: 'refused',
      records: [],
      limit: null,
      extendedError: null,
    }),
    readiness: () => [],
    // eslint-disable-next-line @typescript-eslint/require-await
    dump: async function* () {
      yield '{"format":1}\n';
    },
    dns: () => noDns,
    checks: () => [],
    ...options.collaborators,
  });
  return {
    server,
    registry,
    clock,
    published,
    directory,
    tokens,
    log: lines,
    async call(method, url, { body, headers = {}, token, from = '127.0.0.1' } = {}) {
      const raw = typeof body === 'string' || Buffer.isBuffer(body);
      const reply = await server.application.inject({
        method: method as 'GET',
        url,
        remoteAddress: from,
        headers: {
          host: 'localhost:8054',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body !== undefined && { payload: raw ? body : JSON.stringify(body) }),
      });
      const isJson = /json/.test(String(reply.headers['content-type'] ?? ''));
      return {
        status: reply.statusCode,
        headers: reply.headers as Record<string, string>,
        body: isJson && reply.payload !== '' ? JSON.parse(reply.payload) : reply.payload,
      };
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await registry.close();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
