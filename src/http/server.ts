/** The HTTP server: joins grants, audit log, events, webhook, API and sockets. */
import type { FastifyInstance } from 'fastify';
import type { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { isLoopback } from './address.ts';
import type { ApiParts } from './api.ts';
import { createApplication } from './application.ts';
import { openAudit } from './audit.ts';
import { createAccess } from './auth.ts';
import { EventStreams } from './events.ts';
import { openGrants } from './grants.ts';
import { type Listeners, openListeners } from './listeners.ts';
import { type CheckResults, declareMetrics, type DnsCounters, type SkydnsCounters } from './metrics.ts';
import type { HttpSettings } from './settings.ts';
import { Watch } from './watch.ts';
import { openWebhook } from './webhook.ts';

export interface HttpCollaborators extends Pick<ApiParts, 'defaultTtl' | 'explain' | 'readiness' | 'dump'> {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly dns: () => DnsCounters;
  readonly checks: () => CheckResults;
  /** Absent where no zone is filled by keys of SkyDNS. */
  readonly skydns?: () => SkydnsCounters;
}

export interface HttpServer {
  /** Handlers without sockets: `application.inject`. */
  readonly application: FastifyInstance;
  /**
   * Listens on all addresses, and resolves with them as they are. Rejects with OpenServerError, the system's error, or
   * OpenSSL's.
   */
  listen(): Promise<readonly string[]>;
  /** Lets requests under way end, for a few seconds; ends event streams and long polls at once. */
  close(): Promise<void>;
}

/** The server would take writes from anywhere, from nobody it knows. */
export class OpenServerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OpenServerError';
  }
}

/** Rejects with GrantsError when the grants file cannot be used. */
export async function createHttpServer(settings: HttpSettings, collaborators: HttpCollaborators): Promise<HttpServer> {
  const { registry, clock, log, metrics } = collaborators;
  const grants = await openGrants(settings.tokens, clock, log);
  const audit = settings.audit === null ? null : openAudit(settings.audit.file, clock, log);
  const streams = new EventStreams(registry.events, clock);
  const webhook = settings.webhook === null ? null : openWebhook(settings.webhook.url, registry.events, clock, log);
  const watch = new Watch(registry, clock);
  const unwatch = registry.onChange((changes) => watch.take(changes));
  const stop = new AbortController();
  const application = await createApplication(settings, {
    ...collaborators,
    access: createAccess(grants, settings.reads),
    grants,
    audit,
    streams,
    watch,
    stopping: stop.signal,
    defaultZone: registry.zones[0]!,
    observe: declareMetrics(metrics, {
      ...collaborators,
      streams,
      webhookLost: () => webhook?.lost ?? 0,
      auditFailing: () => audit?.isFailing ?? false,
    }),
  });
  let listeners: Listeners | null = null;
  return {
    application,
    async listen() {
      const foreign = settings.listen.find(({ host }) => !isLoopback(host));
      if (foreign !== undefined) refuseOpen(foreign.host, settings, grants.isEmpty);
      if (foreign !== undefined && settings.tls === null)
        log.warn({ host: foreign.host }, 'tokens travel in clear text: http.tls.cert and http.tls.key are not set');
      await application.ready();
      listeners = await openListeners(
        settings.listen,
        settings.tls,
        (request, response) => application.routing(request, response),
        clock,
        log,
      );
      return listeners.addresses;
    },
    async close() {
      stop.abort();
      unwatch();
      watch.close();
      streams.close();
      webhook?.close();
      await listeners?.close();
      await application.close();
      grants.close();
      await audit?.close();
    },
  };
}

function refuseOpen(host: string, { tokens, tls }: HttpSettings, noGrants: boolean): void {
  if (!noGrants || (tls !== null && tls.clientCa !== null)) return;
  throw new OpenServerError(
    `the HTTP API would listen on ${host} with no token to tell callers apart (${tokens} has none). ` +
      `Make one with: signpost token create --service '*'   Or listen on this machine only: --http 127.0.0.1:8054`,
  );
}
