/**
 * Entries as stored: JSON with the version of its shape in `v`. Version 1 is the first; a later one adds its reader to
 * the table, so that what an earlier server wrote can be read.
 */
import { type Instance, noMeta, none } from '../registry/instance.ts';
import type { Service } from '../registry/service.ts';
import { StoreError, type Tombstone } from '../registry/store.ts';

/** Version of the whole store, and of each entry as it is written now. */
export const formatVersion = 1;

export function encodeInstance(instance: Instance): string {
  return JSON.stringify({ v: formatVersion, ...instance, late: undefined });
}

export function encodeService(service: Service): string {
  return JSON.stringify({ v: formatVersion, ...service });
}

export function encodeTombstone(tombstone: Tombstone): string {
  return JSON.stringify({ v: formatVersion, ...tombstone });
}

/**
 * Reads entries that are parsed; texts that many of them share are kept once. All methods throw `damaged` or `format`
 * with `key`.
 */
export class EntryReader {
  readonly #texts = new Map<string, string>();

  instance(stored: unknown, key: string): Instance {
    return this.#read(stored, key, instanceReaders);
  }

  service(stored: unknown, key: string): Service {
    return this.#read(stored, key, serviceReaders);
  }

  tombstone(stored: unknown, key: string): Tombstone {
    return this.#read(stored, key, tombstoneReaders);
  }

  #read<T>(stored: unknown, key: string, readers: Readers<T>): T {
    const version = isObject(stored) && 'v' in stored ? stored.v : undefined;
    if (typeof version !== 'number') throw new StoreError('damaged', `${key} says no version`);
    const reader = readers[version];
    if (reader === undefined) {
      throw new StoreError('format', `${key} has version ${version}, and this server reads 1 to ${formatVersion}`);
    }
    // The reader judges what it takes for T.
    const entry = reader(stored as T, (shared) => this.#shared(shared));
    if (entry === null) throw new StoreError('damaged', `${key} lacks fields of version ${version}`);
    return entry;
  }

  #shared(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    this.#texts.set(text, text);
    return text;
  }
}

/** Parses the JSON text of an object; throws `damaged` with `key`. */
export function parseObject(text: string, key: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    throw new StoreError('damaged', `${key} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  throw new StoreError('damaged', `${key} is no object`);
}

type Share = (text: string) => string;
/** By version; null where fields are missing or of a wrong type. */
type Readers<T> = Readonly<Record<number, (stored: T, share: Share) => T | null>>;

const instanceReaders: Readers<Instance> = {
  1: (stored, share) => {
    const { zone, service, id, protocol, declared, addresses, ports, tags, checks, meta } = stored;
    if (![zone, service, id, protocol, declared].every(isText)) return null;
    if (
      ![stored.generation, stored.revision, stored.priority, stored.weight].every(isCount) ||
      !isTime(stored.registeredAt)
    )
      return null;
    if (![addresses, ports, tags, checks].every(Array.isArray) || !isObject(meta)) return null;
    return {
      zone: share(zone),
      service: share(service),
      id,
      generation: stored.generation,
      revision: stored.revision,
      addresses,
      port: stored.port,
      protocol: share(protocol) as Instance['protocol'],
      ports: orNone(ports),
      priority: stored.priority,
      weight: stored.weight,
      tags: orNone(tags.map(share)),
      meta: Object.keys(meta).length === 0 ? noMeta : meta,
      ttl: stored.ttl,
      lease: stored.lease,
      declared: share(declared) as Instance['declared'],
      checks: orNone(checks),
      observed: stored.observed,
      late: false,
      registeredFrom: stored.registeredFrom === null ? null : share(stored.registeredFrom),
      registeredBy: stored.registeredBy === null ? null : share(stored.registeredBy),
      registeredAt: stored.registeredAt,
    };
  },
};

const serviceReaders: Readers<Service> = {
  1: (stored, share) => {
    if (![stored.zone, stored.service, stored.emptyPolicy].every(isText)) return null;
    if (!isCount(stored.revision) || !Array.isArray(stored.selectors)) return null;
    const { ttl, limit, revision, selectors, emptyPolicy, panicThreshold, defaultLease, checkDefaults } = stored;
    const [zone, service] = [share(stored.zone), share(stored.service)];
    return { zone, service, revision, ttl, limit, selectors, emptyPolicy, panicThreshold, defaultLease, checkDefaults };
  },
};

const tombstoneReaders: Readers<Tombstone> = {
  1: (stored, share) => {
    const { zone, service, id, generation, until } = stored;
    if (![zone, service, id].every(isText) || !isCount(generation) || !isTime(until)) return null;
    return { zone: share(zone), service: share(service), id, generation, until };
  },
};

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTime(value: unknown): boolean {
  return Number.isFinite(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function orNone<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? none : list;
}
