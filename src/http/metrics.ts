/** Every metric of the server, in one list: name, meaning, and where its value is read. */
import type { Registry } from '../registry/registry.ts';
import type { HistogramSample, Metrics, Sample } from '../runtime/metrics.ts';
import type { EventStreams } from './events.ts';

/** What all DNS workers together have counted since the start. */
export interface DnsCounters {
  /** Replies; labels `transport` and `rcode`. */
  readonly replies: readonly Sample[];
  /** Times to answer, of some of the queries; labels `transport` and `rcode`. */
  readonly latency: readonly HistogramSample[];
  /** Upper bounds of the latency buckets in seconds. */
  readonly latencyBounds: readonly number[];
  /** Queries that got no reply; label `reason`. */
  readonly dropped: readonly Sample[];
  readonly truncated: number;
  readonly compiled: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  /** Queries that met a bug and got SERVFAIL. */
  readonly failures: number;
  /** Replies that say they are from stale state. */
  readonly staleAnswers: number;
  /** TCP connections; label `event`. */
  readonly connections: readonly Sample[];
  readonly workerRestarts: number;
}

/** What has become of the keys of SkyDNS. */
export interface SkydnsCounters {
  /** Keys that are served; label `zone`. */
  readonly keys: readonly Sample[];
  /** Keys that were left out since the start; label `reason`. */
  readonly skipped: readonly Sample[];
  /** Seconds since the zones were last known to be what etcd has. */
  readonly stale: number;
}

/** Results of health checks since the start. */
export type CheckResults = readonly { readonly type: string; readonly result: string; readonly count: number }[];

export interface MetricsSources {
  readonly registry: Registry;
  readonly streams: EventStreams;
  readonly dns: () => DnsCounters;
  readonly checks: () => CheckResults;
  /** Absent where no zone is filled by keys of SkyDNS. */
  readonly skydns?: () => SkydnsCounters;
  /** Fault events that the webhook did not take; null without a webhook. */
  readonly webhookLost: () => number;
  readonly auditFailing: () => boolean;
}

/** Takes down a finished request: method and route as the API's description has them, status, and seconds. */
export type ObserveRequest = (labels: Record<'method' | 'route' | 'status', string>, seconds: number) => void;

export function declareMetrics(
  metrics: Metrics,
  { registry, streams, dns, checks, skydns, webhookLost, auditFailing }: MetricsSources,
): ObserveRequest {
  const { latencyBounds } = dns();
  metrics.counter('signpost_dns_replies_total', 'Replies to queries.', () => dns().replies, ['transport', 'rcode']);
  metrics.histogram(
    'signpost_dns_query_duration_seconds',
    'Time to answer, of some of the queries.',
    latencyBounds,
    () => dns().latency,
  );
  metrics.counter('signpost_dns_dropped_total', 'Queries that got no reply.', () => dns().dropped, ['reason']);
  metrics.counter('signpost_dns_truncated_total', 'Replies with TC.', () => dns().truncated);
  metrics.counter('signpost_dns_compiled_total', 'Replies copied from compiled rrsets.', () => dns().compiled);
  metrics.counter('signpost_dns_cache_hits_total', 'Replies copied from the answer cache.', () => dns().cacheHits);
  metrics.counter('signpost_dns_cache_misses_total', 'Replies that were looked up.', () => dns().cacheMisses);
  metrics.counter('signpost_dns_failures_total', 'Queries that met a bug and got SERVFAIL.', () => dns().failures);
  metrics.counter('signpost_dns_stale_answers_total', 'Replies from stale state.', () => dns().staleAnswers);
  metrics.counter('signpost_dns_connections_total', 'What became of TCP connections.', () => dns().connections, [
    'event',
  ]);
  metrics.counter(
    'signpost_dns_worker_restarts_total',
    'DNS workers that died and were replaced.',
    () => dns().workerRestarts,
  );

  const changes = () => registry.statistics.changes;
  metrics.counter(
    'signpost_registrations_total',
    'Registrations, also of known instances.',
    () => changes().registered,
  );
  metrics.counter('signpost_deregistrations_total', 'Instances that were deregistered.', () => changes().deregistered);
  metrics.counter('signpost_expiries_total', 'Instances whose lease ended.', () => changes().expired);
  metrics.counter('signpost_drains_total', 'Instances that were told to leave.', () => changes().draining);
  metrics.counter(
    'signpost_renewals_total',
    'Renewals of leases.',
    () => [
      { labels: { result: 'renewed' }, value: registry.statistics.renewals },
      { labels: { result: 'refused' }, value: registry.statistics.refusedRenewals },
    ],
    ['result'],
  );
  metrics.counter(
    'signpost_check_results_total',
    'Runs of health checks.',
    () => checks().map(({ type, result, count }) => ({ labels: { type, result }, value: count })),
    ['type', 'result'],
  );

  metrics.gauge(
    'signpost_stale_seconds',
    'Seconds since the store was last in reach; 0 while it is.',
    () => registry.stale,
  );
  metrics.gauge('signpost_revision', 'Number of the last change.', () => registry.revision);
  const perZone = (name: string, help: string, value: (census: Census) => number): void => {
    metrics.gauge(
      name,
      help,
      () => censuses(registry).map((census) => ({ labels: { zone: census.zone }, value: value(census) })),
      ['zone'],
    );
  };
  const censuses = rememberedCensuses();
  perZone('signpost_instances', 'Registered instances.', ({ instances }) => instances);
  perZone('signpost_answerable_instances', 'Instances that are passing or warning.', ({ answerable }) => answerable);
  perZone('signpost_services', 'Services with instances or settings.', ({ services }) => services);
  perZone('signpost_answerable_services', 'Services with an answerable instance.', ({ available }) => available);
  perZone(
    'signpost_availability_ratio',
    'Answerable instances and services with at least one, as a share of all instances and services; 1 without any.',
    ({ instances, answerable, services, available }) =>
      instances + services === 0 ? 1 : (answerable + available) / (instances + services),
  );
  metrics.gauge('signpost_protected_scopes', 'Scopes under self-protection.', () => registry.protection().length);

  if (skydns !== undefined) {
    metrics.gauge('signpost_skydns_keys', 'Keys of SkyDNS that are served.', () => skydns().keys, ['zone']);
    metrics.counter('signpost_skydns_skipped_total', 'Keys of SkyDNS that were left out.', () => skydns().skipped, [
      'reason',
    ]);
    metrics.gauge(
      'signpost_skydns_stale_seconds',
      'Seconds since the keys of SkyDNS were last in reach; 0 while they are.',
      () => skydns().stale,
    );
  }

  metrics.gauge('signpost_event_watchers', 'Open event streams.', () => streams.watchers);
  metrics.counter('signpost_events_serialised_total', 'Events turned into octets.', () => streams.serialised);
  metrics.counter(
    'signpost_event_watchers_dropped_total',
    'Watchers dropped because they read too slowly.',
    () => streams.dropped,
  );
  metrics.counter('signpost_webhook_lost_total', 'Fault events that the webhook did not take.', webhookLost);
  metrics.gauge('signpost_audit_failing', '1 while the audit log cannot be written.', () => Number(auditFailing()));

  return metrics.observed(
    'signpost_http_request_duration_seconds',
    'Time to answer an HTTP request.',
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    ['method', 'route', 'status'],
  );
}

interface Census {
  readonly zone: string;
  instances: number;
  answerable: number;
  services: number;
  /** Services with an answerable instance. */
  available: number;
}

/** Counts every zone, once for all gauges that are read at the same revision. */
function rememberedCensuses(): (registry: Registry) => readonly Census[] {
  let revision = -1;
  let censuses: readonly Census[] = [];
  return (registry) => {
    if (registry.revision !== revision) {
      revision = registry.revision;
      censuses = registry.zones.map((zone) => censusOf(registry, zone));
    }
    return censuses;
  };
}

function censusOf(registry: Registry, zone: string): Census {
  const census = { zone, instances: 0, answerable: 0, services: 0, available: 0 };
  for (const service of registry.services(zone)) {
    const { instances, answerable } = registry.countOf(zone, service);
    census.instances += instances;
    census.answerable += answerable;
    census.services += 1;
    if (answerable > 0) census.available += 1;
  }
  return census;
}
