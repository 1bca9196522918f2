/**
 * Joins the parts: the only file that knows them all. Each part gets its own settings and its collaborators as arguments;
 * nothing finds anything by itself.
 *
 *     http ---> registry ---> store     zone files, keys of SkyDNS
 *                  |  Change                       |
 *                  +------> publisher <------------+
 *                  |            |  ZoneChange
 *       checks <---+            +------> DNS workers
 */
import { CheckRunner } from './checks/runner.ts';
import type { Config } from './config/schema.ts';
import { createHttpServer } from './http/server.ts';
import {
  dnsMetrics, explainOrRefuse, httpSettings, isKeptHere, openStore, publisherSettings, registrySettings,
  skydnsMetrics, skydnsSettings, whereaboutsOf, workersSettings,
} from './parts.ts';
import { Publisher } from './publish/publisher.ts';
import { watchStaleness } from './publish/staleness.ts';
import { Membership } from './registry/membership.ts';
import { Registry } from './registry/registry.ts';
import { isShared } from './registry/store.ts';
import { type Clock, systemClock } from './runtime/clock.ts';
import type { Logger } from './runtime/log.ts';
import { Metrics } from './runtime/metrics.ts';
import { SkydnsSource } from './skydns/source.ts';
import { dump } from './storage/dump.ts';
import { foldName, printName } from './wire/name.ts';
import { DnsWorkers } from './workers/workers.ts';
import { ZoneDirectory } from './zonefile/directory.ts';

export interface App {
  /** Where it really listens: `127.0.0.1:8053`. */
  readonly addresses: { readonly dns: readonly string[]; readonly http: readonly string[] };
  /** Apexes that are served, without the final dot. */
  readonly zones: readonly string[];
  /** Reads the zone files again; resolves when what differs is served. */
  reload(): Promise<void>;
  /** Ends what is under way, in the order that loses nothing. */
  close(): Promise<void>;
}

/**
 * Starts a server; resolves when it answers everything. Rejects, with nothing left running, with StoreError, GrantsError,
 * OpenServerError, or the system's error for an address that cannot be had.
 */
export async function startApp(config: Config, log: Logger, clock: Clock = systemClock): Promise<App> {
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let end = closing.pop(); end !== undefined; end = closing.pop()) await end();
  };
  try {
    return await start(config, log, clock, closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  config: Config, log: Logger, clock: Clock, closing: (() => Promise<void>)[], close: () => Promise<void>,
): Promise<App> {
  const store = await openStore(config, clock, log.child({ part: 'store' }));
  closing.push(() => store.close());

  const publisher: Publisher = new Publisher(publisherSettings(config), (changes) => workers.deliver(changes));
  const workers = new DnsWorkers(workersSettings(config), {
    clock,
    log: log.child({ part: 'dns' }),
    replay: () => publisher.replay(),
  });
  // Closed after the control plane: DNS is answered until all else has ended.
  closing.push(() => workers.close());
  let loaded = false;
  const registry = await Registry.open({
    store,
    clock,
    log: log.child({ part: 'registry' }),
    zones: config.zone,
    settings: registrySettings(config),
    publish: (changes, revision) => {
      if (loaded) return publisher.publish(changes, revision);
      publisher.load(changes);
      return Promise.resolve({ heldFor: 0 });
    },
    isOurs: (instance) => isKeptHere(store, instance),
  });
  loaded = true;
  closing.push(() => registry.close());
  publisher.resumeAt(registry.revision);
  log.info({ services: registry.serviceCount, instances: registry.instanceCount, revision: registry.revision }, 'registry loaded');

  const fromKeys = skydnsSettings(config);
  const zoneFiles = await ZoneDirectory.open(config.zones, {
    log: log.child({ part: 'zone files' }),
    clock,
    sink: {
      serve: async ({ apex, records, serial }) => {
        if (fromKeys?.zones.includes(foldName(apex)) === true) throw new Error('the keys of SkyDNS fill this zone');
        if (!publisher.isRegistered(apex)) return publisher.setStaticZone(apex, records, serial);
        publisher.setRecordsBeside(apex, records);
        return registry.touch();
      },
      drop: async (apex) => {
        if (!publisher.isRegistered(apex)) return publisher.dropStaticZone(apex);
        publisher.setRecordsBeside(apex, null);
        return registry.touch();
      },
    },
  });
  closing.push(() => zoneFiles.close());

  const skydns = fromKeys === null ? null : await SkydnsSource.open(fromKeys, {
    clock,
    log: log.child({ part: 'skydns' }),
    sink: {
      open: (apex, records, serial) => publisher.openExternalZone(apex, records, serial),
      change: (apex, difference, serial) => publisher.changeExternalZone(apex, difference, serial),
    },
  });
  if (skydns !== null) closing.push(() => skydns.close());

  await workers.start(registry.instanceCount > 0);
  const followStaleness = (part: string, which: 'registered' | 'external', stale: () => number): void => {
    const end = watchStaleness({
      clock,
      log: log.child({ part }),
      publisher: { setStale: (isStale) => publisher.setStale(isStale, which) },
      stale,
      bound: config.dns.staleAfter,
    });
    closing.push(() => {
      end();
      return Promise.resolve();
    });
  };
  followStaleness('publish', 'registered', () => registry.stale);
  if (skydns !== null) followStaleness('skydns', 'external', () => skydns.stale);

  const checks = new CheckRunner({
    clock,
    log: log.child({ part: 'checks' }),
    sink: registry,
    ownPorts: config.http.listen.map(({ port }) => port),
    isOurs: (instance) => isKeptHere(store, instance),
  });
  closing.push(() => {
    checks.close();
    return Promise.resolve();
  });
  checks.resume(registry.allInstances());
  registry.onChange((changes) => checks.take(changes));

  const http = await createHttpServer(httpSettings(config), {
    registry,
    clock,
    log: log.child({ part: 'http' }),
    metrics: new Metrics(),
    defaultTtl: config.defaults.ttl,
    dns: () => dnsMetrics(workers),
    checks: () => checks.results(),
    ...(skydns === null ? {} : { skydns: () => skydnsMetrics(skydns) }),
    explain: (name, type) => explainOrRefuse(publisher, registry, config.dns.udpPayload, name, type),
    // Nothing listens before store and zones are loaded, so only a store elsewhere can be missing.
    readiness: () => [...(registry.stale > 0 ? ['etcd'] : []), ...(skydns?.isLoaded === false ? ['skydns'] : [])],
    dump: () => dump(store),
  });
  closing.push(() => http.close());

  const addresses = { dns: workers.addresses, http: await http.listen() };
  if (isShared(store)) {
    const membership = new Membership({
      registry,
      clock,
      log: log.child({ part: 'membership' }),
      server: store.server,
      where: whereaboutsOf(config, addresses),
    });
    // Before all else ends, so that nobody is sent here any more.
    closing.push(() => membership.leave());
    await membership.begun;
  }

  return {
    addresses,
    zones: [...publisher.zones].map(({ apex }) => printName(apex).slice(0, -1) || '.').sort(),
    reload: () => zoneFiles.reload(),
    close,
  };
}
