/**
 * The source: reads the keys of SkyDNS from etcd, follows them, and has the records that they make published. While etcd
 * is away the zones stay as they are; then everything is read anew and what differs is published. Nothing is ever
 * written to etcd.
 */
import type { IEvent, IKeyValue } from 'etcd3';
import type { Difference } from '../publish/delta.ts';
import { enclosingApex } from '../publish/reverse.ts';
import type { ExternalRecords } from '../publish/zone.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import { pagesOf } from '../storage/etcd/pages.ts';
import { type KeyRange, rangeBelow } from '../storage/etcd/requests.ts';
import { EtcdServers, type EtcdSettings } from '../storage/etcd/servers.ts';
import { watch } from '../storage/etcd/watch.ts';
import { type Name, printName } from '../wire/name.ts';
import { type Octets, octetsOf } from '../wire/octets.ts';
import { Batch, mostNamed } from './batch.ts';
import { makeEntry } from './entry.ts';
import { SkydnsError, type SkydnsErrorCode } from './error.ts';
import { nameOfKey } from './key.ts';
import { readValue } from './value.ts';
import { SkydnsZone } from './zone.ts';

export interface SkydnsSettings {
  /** Where the keys are; `prefix` ends in `/`. */
  readonly etcd: EtcdSettings;
  /** Apexes, folded; at least one. A key belongs to the deepest that it is in. */
  readonly zones: readonly Name[];
  /** Of this server, in canonical text. */
  readonly addresses: readonly string[];
  /** More keys are left out. */
  readonly mostKeys: number;
}

/** Who serves the zones. `change` is called in the moment in which the records of the zone change. */
export interface ZoneSink {
  open(apex: Name, records: ExternalRecords, serial: number): Promise<unknown>;
  change(apex: Name, difference: Difference, serial: number): Promise<unknown>;
}

export interface SkydnsParts {
  readonly sink: ZoneSink;
  readonly clock: Clock;
  readonly log: Logger;
}

interface FollowedZone {
  readonly zone: SkydnsZone;
  /** Revision of etcd at which it changed last, or a number above where etcd has begun anew. */
  serial: number;
}

export class SkydnsSource {
  readonly #settings: SkydnsSettings;
  readonly #parts: SkydnsParts;
  readonly #servers: EtcdServers;
  readonly #range: KeyRange;
  readonly #prefix: Octets;
  readonly #zones: ReadonlyMap<Name, FollowedZone>;
  readonly #skipped = new Map<SkydnsErrorCode, number>();
  #isLoaded = false;
  /** When the zones were last known to be what etcd has, in milliseconds of the clock. */
  #confirmedAt: number;
  #endWatch: (() => void) | null = null;
  #events: IEvent[] = [];
  /** The publishing that is under way, and what comes after it. */
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  /**
   * Resolves when the zones are served, or after 2 s in which etcd did not answer: then they are served once it does.
   * Rejects with StoreError `failed` where the library is not installed, or the system's error for a file of `tls`.
   */
  static async open(settings: SkydnsSettings, parts: SkydnsParts): Promise<SkydnsSource> {
    const source = new SkydnsSource(settings, parts, await EtcdServers.load(settings.etcd, parts.clock));
    await source.#begin();
    return source;
  }

  private constructor(settings: SkydnsSettings, parts: SkydnsParts, servers: EtcdServers) {
    const { prefix } = settings.etcd;
    this.#settings = settings;
    this.#parts = parts;
    this.#servers = servers;
    this.#prefix = octetsOf(Buffer.from(prefix));
    this.#range = rangeBelow(Buffer.from(prefix));
    const zoneOf = (apex: Name): FollowedZone => ({ zone: new SkydnsZone(apex, settings.addresses), serial: 0 });
    this.#zones = new Map(settings.zones.map((apex) => [apex, zoneOf(apex)]));
    this.#confirmedAt = parts.clock.now();
  }

  /** False until the keys have been read for the first time. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Seconds since the zones were last known to be what etcd has; 0 while they are. */
  get stale(): number {
    const silence = this.#parts.clock.now() - this.#confirmedAt;
    return this.#endWatch !== null && silence < staleAfter ? 0 : silence / 1000;
  }

  /** Keys that are served, by zone in presentation form. */
  get keys(): readonly { readonly zone: string; readonly count: number }[] {
    return [...this.#zones.values()].map(({ zone }) => ({ zone: printName(zone.apex).slice(0, -1), count: zone.size }));
  }

  /** How often a key was left out since the start, by reason. */
  get skipped(): ReadonlyMap<SkydnsErrorCode, number> {
    return this.#skipped;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#endWatch?.();
    await this.#work;
    this.#servers.close();
  }

  async #begin(): Promise<void> {
    const { log } = this.#parts;
    try {
      await this.#list();
    } catch (error) {
      log.error({ err: error }, 'the keys of SkyDNS cannot be read; their zones are served once they can');
      void this.#retry();
    }
  }

  /** Reads everything anew, as often as it takes, and goes on from there. */
  async #retry(): Promise<void> {
    const { clock, log } = this.#parts;
    while (!this.#closed) {
      await new Promise<void>((resolve) => clock.after(pause, resolve));
      try {
        await this.#list();
        return;
      } catch (error) {
        log.debug({ err: error }, 'the keys of SkyDNS could not be read');
      }
    }
  }

  /** Takes in all keys as they are at one revision, and follows what comes after it. */
  async #list(): Promise<void> {
    const { clock, log } = this.#parts;
    const startedAt = clock.now();
    const revision = await this.#committed();
    const batch = new Batch(this.#settings.mostKeys, true);
    for await (const kvs of pagesOf(this.#servers, this.#range, revision)) for (const kv of kvs) this.#read(kv, batch);
    const isFirst = !this.#isLoaded;
    // After what was told before the watch broke.
    await this.#after(async () => {
      for (const { zone } of this.#zones.values()) {
        const present = batch.changesOf(zone);
        for (const key of zone.keys) if (!present.has(key)) present.set(key, null);
      }
      await this.#publish(batch, revision);
      this.#isLoaded = true;
    });
    if (this.#closed) return;
    await this.#follow(revision + 1);
    this.#confirmedAt = startedAt;
    log.info({ revision, keys: this.keys }, isFirst ? 'keys of SkyDNS loaded' : 'following the keys of SkyDNS again');
  }

  async #follow(from: number): Promise<void> {
    const { clock } = this.#parts;
    let askedAt = clock.now();
    const endWatch = await watch({
      servers: this.#servers,
      clock,
      range: this.#range,
      from,
      took: (events) => this.#take(events),
      broke: (error) => this.#broke(error),
      supervisor: {
        committed: () => {
          askedAt = clock.now();
          return this.#committed();
        },
        keptUp: () => (this.#confirmedAt = askedAt),
      },
    });
    if (this.#closed) endWatch();
    else this.#endWatch = endWatch;
  }

  #broke(error: Error): void {
    this.#endWatch = null;
    this.#parts.log.warn({ err: error }, 'the watch on the keys of SkyDNS broke; they are read anew');
    void this.#retry();
  }

  /** The revision of etcd, as a majority of its members has it. */
  async #committed(): Promise<number> {
    const { key } = this.#range;
    const { header } = await this.#servers.call((client, options) => client.kv.range({ key, keys_only: true }, options));
    return Number(header.revision);
  }

  /** Events that come while others are being published share the next change. */
  #take(events: readonly IEvent[]): void {
    this.#events.push(...events);
    if (this.#events.length > events.length) return;
    void this.#after(async () => {
      const taken = this.#events.splice(0);
      const served = this.keys.reduce((sum, { count }) => sum + count, 0);
      const batch = new Batch(this.#settings.mostKeys - served, false);
      for (const { kv, type } of taken) {
        // The library names the types otherwise than its messages do.
        if ((type as string).toUpperCase() === 'DELETE') this.#forget(octetsOf(kv.key), batch);
        else this.#read(kv, batch);
      }
      await this.#publish(batch, Number(taken.at(-1)!.kv.mod_revision));
    });
  }

  /** Puts into the batch what a key says, or that it says nothing to us. */
  #read(kv: IKeyValue, batch: Batch): void {
    const key = octetsOf(kv.key);
    try {
      const keyName = nameOfKey(key, this.#prefix);
      const zone = enclosingApex(keyName.name, this.#zones)?.zone;
      if (zone === undefined) throw new SkydnsError('zone', `${printName(keyName.name)} is in none of the zones`);
      batch.put(zone, makeEntry(key, keyName, readValue(kv.value), kv.lease !== '0'));
    } catch (error) {
      if (!(error instanceof SkydnsError)) throw error;
      this.#skipped.set(error.code, (this.#skipped.get(error.code) ?? 0) + 1);
      // Others may have zones of their own below the same prefix.
      if (error.code !== 'zone') batch.refuse(key, error.message);
      this.#forget(key, batch);
    }
  }

  #forget(key: Octets, batch: Batch): void {
    for (const { zone } of this.#zones.values()) {
      if (zone.entryOf(key) !== null || batch.changesOf(zone).has(key)) batch.changesOf(zone).set(key, null);
    }
  }

  /** Publishes what a batch changes; `revision` is that of etcd after it. */
  async #publish(batch: Batch, revision: number): Promise<void> {
    const { sink, log } = this.#parts;
    const published: Promise<unknown>[] = [];
    for (const followed of this.#zones.values()) {
      const { zone } = followed;
      const changes = batch.differing(zone);
      if (!this.#isLoaded) {
        zone.load(changes);
        followed.serial = revision;
        published.push(sink.open(zone.apex, zone, revision));
      } else {
        const difference = zone.apply(changes);
        if (difference.added.length + difference.removed.length === 0) continue;
        // Where etcd was replaced by one that is younger, the serial moves on all the same.
        followed.serial = Math.max(revision, followed.serial + 1);
        published.push(sink.change(zone.apex, difference, followed.serial));
      }
      const withheld = zone.withheld(changes.flatMap(({ after }) => after ?? []));
      const names = withheld.slice(0, mostNamed).map(({ key }) => key);
      if (names.length > 0) {
        log.warn({ keys: names, count: withheld.length }, 'no CNAME for these keys: their names have other records, too');
      }
    }
    const { refused, refusedCount: count } = batch;
    if (count > 0) log.warn({ keys: refused, count }, 'these keys are left out');
    await Promise.all(published);
  }

  /** Runs `job` when those before it have ended; a fault of ours ends none but itself. */
  #after(job: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(job).catch((error: unknown) => {
      this.#parts.log.error({ err: error }, 'keys of SkyDNS could not be published');
    });
    return this.#work;
  }
}

/** Milliseconds. The supervised watch confirms every 2 s or so. */
const staleAfter = 8000;
const pause = 200;
