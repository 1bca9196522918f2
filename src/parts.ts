/** The configuration as each part wants it: one function a part, so that no part knows another's options. */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { grantsFile, storeDirectory } from './config/data.ts';
import { ConfigError } from './config/error.ts';
import type { Config } from './config/schema.ts';
import type { DnsCounters as DnsMetrics, SkydnsCounters } from './http/metrics.ts';
import { Problem } from './http/problem.ts';
import type { HttpSettings } from './http/settings.ts';
import { ownerOf } from './checks/owner.ts';
import { explain, type Explanation } from './publish/explain.ts';
import type { Publisher, PublisherSettings } from './publish/publisher.ts';
import { canonicalAddress, scopeOf } from './registry/address.ts';
import type { Instance } from './registry/instance.ts';
import type { MembershipParts } from './registry/membership.ts';
import { keyOf } from './registry/registration.ts';
import type { Registry } from './registry/registry.ts';
import { defaultRegistrySettings, type RegistrySettings } from './registry/settings.ts';
import { isShared, type Store } from './registry/store.ts';
import { reverseZones } from './publish/reverse.ts';
import { latencyBounds, latencyRow, rcodeCount } from './responder/counters.ts';
import type { ResponderSettings } from './responder/settings.ts';
import type { Clock } from './runtime/clock.ts';
import type { Logger } from './runtime/log.ts';
import type { SkydnsSettings, SkydnsSource } from './skydns/source.ts';
import { EtcdStore } from './storage/etcd/store.ts';
import { LevelStore } from './storage/level.ts';
import { MemoryStore } from './storage/memory.ts';
import { machineAddresses } from './transport/every-address.ts';
import { defaultTcpLimits } from './transport/tcp-limits.ts';
import { printRcode } from './wire/codes.ts';
import { PresentationError } from './wire/error.ts';
import { foldName, parseName, printName } from './wire/name.ts';
import type { DnsWorkers, DnsWorkersSettings } from './workers/workers.ts';

/** Opens the store that the configuration names. Rejects with StoreError, or the system's error for a file of `tls`. */
export async function openStore({ store, data }: Config, clock: Clock, log: Logger): Promise<Store> {
  if (store.type === 'memory') return new MemoryStore();
  if (store.type === 'etcd') return EtcdStore.open(store, clock, log);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  return LevelStore.open(storeDirectory(data), clock);
}

/** True where this server, of those that share a store, runs the checks of an instance and ends its lease. */
export function isKeptHere(store: Store, instance: Instance): boolean {
  return !isShared(store) || ownerOf(keyOf(instance), store.servers) === store.server;
}

export function registrySettings({ defaults, limits, protection }: Config): RegistrySettings {
  return {
    ...defaultRegistrySettings,
    defaultLease: defaults.lease,
    longestDefaultTtl: Math.max(defaults.ttl, defaultRegistrySettings.longestDefaultTtl),
    mostInstances: limits.instances,
    mostInstancesPerService: limits.instancesPerService,
    mostServices: limits.services,
    longestProtection: protection.longest,
    keptEvents: limits.events,
  };
}

export function publisherSettings({ zone, reverse, dns, defaults }: Config): PublisherSettings {
  return {
    zones: zone,
    reversePrefixes: reverse,
    addresses: [...new Set(dns.listen.flatMap(({ host }) => answeringAddresses(host)))],
    defaultTtl: defaults.ttl,
  };
}

/** The addresses behind a listening one that clients can be told: of a wildcard those of the machine that others can reach. */
function answeringAddresses(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  const addresses = machineAddresses(host).filter((address) => !address.includes('%') && address !== '127.0.0.1' && address !== '::1');
  return addresses.map((address) => canonicalAddress(address) ?? address);
}

/**
 * Where others find this server: at the addresses that it advertises or has its API at, if it can be with DNS at the
 * same. `listening` has the ports that it got.
 */
export function whereaboutsOf(
  { advertise, http, dns }: Config, listening: { readonly dns: readonly string[]; readonly http: readonly string[] },
): MembershipParts['where'] {
  const port = portOf(listening.http[0]!);
  const hosts = http.listen.filter((_, index) => portOf(listening.http[index]!) === port).map(({ host }) => host);
  const all = [...new Set(hosts.flatMap(answeringAddresses))];
  const distant = all.filter((address) => scopeOf(address) !== 'loopback');
  const here = distant.length > 0 ? distant : all.length > 0 ? all : ['127.0.0.1'];
  const answersAt = (address: string): boolean =>
    dns.listen.some(({ host }) => host === address || host === (isIPv6(address) ? '::' : '0.0.0.0'));
  const hasDns = advertise.length > 0 || here.every(answersAt);
  return {
    addresses: advertise.length > 0 ? advertise : here.slice(0, mostAdvertised),
    port,
    ...(hasDns && { ports: { dns: { port: portOf(listening.dns[0]!), protocol: 'udp' } } }),
    meta: { scheme: http.tls.cert === null ? 'http' : 'https' },
  };
}

function portOf(endpoint: string): number {
  return Number(endpoint.slice(endpoint.lastIndexOf(':') + 1));
}

/** As many addresses as an instance may have. */
const mostAdvertised = 16;

export function workersSettings({ dns }: Config): DnsWorkersSettings {
  return {
    listen: dns.listen,
    workers: dns.workers,
    io: dns.io,
    tcp: { ...defaultTcpLimits, ...dns.tcp },
    responder: responderSettings(dns),
  };
}

function responderSettings({ rateLimit, cookieSecrets, tcp, ...dns }: Config['dns']): ResponderSettings {
  return {
    udpPayload: dns.udpPayload,
    allowQuery: dns.allowQuery,
    trusted: dns.trusted,
    rateLimit: rateLimit.responsesPerSecond === 0 ? null : rateLimit,
    cache: dns.cache,
    cookieSecrets: cookieSecrets.length > 0 ? cookieSecrets : [randomBytes(16).toString('hex')],
    nsid: dns.nsid,
    version: dns.version,
    serverId: dns.serverId,
    tcpIdle: tcp.idle,
    seed: randomInt(2 ** 32),
  };
}

export function httpSettings({ http, data, audit, webhook }: Config): HttpSettings {
  const { cert, key, clientCa } = http.tls;
  return {
    listen: http.listen,
    hosts: http.hosts,
    tls: cert === null || key === null ? null : { cert, key, clientCa },
    tokens: grantsFile(data),
    reads: http.reads,
    requestsPerSecond: http.requestsPerSecond,
    audit: audit.file === null ? null : { file: audit.file, required: audit.required },
    webhook: webhook.url === null ? null : { url: webhook.url },
  };
}

/** Null where no zone is filled by keys of SkyDNS. Throws ConfigError where another part has such a zone, too. */
export function skydnsSettings(config: Config): SkydnsSettings | null {
  const { skydns, store, reverse } = config;
  const zones = skydns.zones.map((zone) => foldName(parseName(`${zone}.`)));
  if (zones.length === 0) return null;
  const reversed = reverse.flatMap(reverseZones).find((apex) => zones.includes(apex));
  if (reversed !== undefined) {
    const message = `skydns.zones: found ${printName(reversed)}, wanted zones that reverse does not make`;
    throw new ConfigError([{ path: 'skydns.zones', where: null, message }]);
  }
  const { endpoints, user, password, tls } = skydns.endpoints.length > 0 ? skydns : store;
  return {
    etcd: { endpoints, user, password, tls, prefix: skydns.prefix.replace(/\/*$/, '/') },
    zones,
    addresses: publisherSettings(config).addresses,
    mostKeys: skydns.keys,
  };
}

/** What has become of the keys of SkyDNS, in the words of the metrics. */
export function skydnsMetrics({ keys, skipped, stale }: SkydnsSource): SkydnsCounters {
  return {
    keys: keys.map(({ zone, count }) => ({ labels: { zone }, value: count })),
    skipped: [...skipped].map(([reason, value]) => ({ labels: { reason }, value })),
    stale,
  };
}

/** What the DNS workers have counted, in the words of the metrics. */
export function dnsMetrics(workers: DnsWorkers): DnsMetrics {
  const { responder, transport, restarts } = workers.counters();
  const labelled = (label: string, values: Readonly<Record<string, number>>) =>
    Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
  const replies = (['udp', 'tcp'] as const).flatMap((protocol) =>
    responder[protocol].map((value, rcode) => ({ labels: { transport: protocol, rcode: printRcode(rcode) }, value })),
  );
  return {
    replies: replies.filter(({ value }) => value > 0),
    latency: latencyOf(responder.latency),
    latencyBounds: latencyBounds.map((microseconds) => microseconds / 1e6),
    dropped: labelled('reason', {
      malformed: responder.malformed,
      limited: responder.limited,
      unanswerable: transport.datagramsDropped,
      unsent: transport.sendsFailed,
    }),
    truncated: responder.truncated,
    compiled: responder.compiled,
    cacheHits: responder.cacheHits,
    cacheMisses: responder.cacheMisses,
    failures: responder.failures,
    staleAnswers: responder.staleAnswers,
    connections: labelled('event', {
      opened: transport.connectionsOpened,
      closed: transport.connectionsClosed,
      evicted: transport.connectionsEvicted,
      'timed-out': transport.connectionsTimedOut,
    }),
    workerRestarts: restarts,
  };
}

/** The histograms in which anything was counted. */
function latencyOf(numbers: readonly number[]): DnsMetrics['latency'] {
  const histograms = Array.from({ length: 2 * rcodeCount }, (_, index) => {
    const row = numbers.slice(index * latencyRow, (index + 1) * latencyRow);
    return {
      labels: { transport: index < rcodeCount ? 'udp' : 'tcp', rcode: printRcode(index % rcodeCount) },
      counts: row.slice(0, -1),
      sum: row.at(-1)! / 1e6,
    };
  });
  return histograms.filter(({ counts }) => counts.some((count) => count > 0));
}

/** Explains an answer to a caller of the API. Throws Problem `bad-request` where name or type is none. */
export function explainOrRefuse(publisher: Publisher, registry: Registry, udpSize: number, name: string, type: string): Explanation {
  try {
    return explain(publisher, name, type, { udpSize, isProtected: (instance) => registry.isHeldByProtection(instance) });
  } catch (error) {
    if (error instanceof PresentationError) throw new Problem('bad-request', error.message, { cause: error });
    throw error;
  }
}
