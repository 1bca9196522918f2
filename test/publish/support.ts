/** Values for the tests of publish, and a zone that knows nothing but how to apply changes strictly. */
import type { Change, InstanceCause } from '../../src/registry/change.ts';
import type { Instance } from '../../src/registry/instance.ts';
import type { Service } from '../../src/registry/service.ts';
import { RRType } from '../../src/wire/codes.ts';
import { type Name, parseName } from '../../src/wire/name.ts';
import type { Octets } from '../../src/wire/octets.ts';
import { parseRdata } from '../../src/wire/rdata/rdata.ts';
import { printRecord, type ResourceRecord, type RRset } from '../../src/wire/record.ts';
import type { Mark, ZoneChange } from '../../src/zone/change.ts';
import { type Deliver, Publisher, type PublisherSettings } from '../../src/publish/publisher.ts';

export const zone = parseName('svc.internal.');

export function anInstance(values: Partial<Instance> = {}): Instance {
  return {
    zone: 'svc.internal',
    service: 'web',
    id: 'a',
    generation: 1,
    revision: 1,
    addresses: ['10.0.0.7'],
    port: 8080,
    protocol: 'tcp',
    ports: [],
    priority: 10,
    weight: 100,
    tags: [],
    meta: {},
    ttl: null,
    lease: null,
    declared: 'passing',
    checks: [],
    observed: null,
    late: false,
    registeredFrom: '127.0.0.1',
    registeredBy: null,
    registeredAt: 0,
    ...values,
  };
}

export function aService(values: Partial<Service> = {}): Service {
  return {
    zone: 'svc.internal',
    service: 'web',
    revision: 1,
    ttl: null,
    limit: null,
    selectors: [],
    emptyPolicy: 'nodata',
    panicThreshold: 0,
    defaultLease: null,
    checkDefaults: null,
    ...values,
  };
}

export function change(
  before: Instance | null,
  after: Instance | null,
  cause: InstanceCause = 'registered',
  revision = (after ?? before)!.revision,
): Change {
  return { kind: 'instance', cause, revision, before, after };
}

export function settingsChange(
  before: Service | null,
  after: Service | null,
  revision = (after ?? before)!.revision,
): Change {
  return { kind: 'service', revision, before, after };
}

/** A line for each record: `web.svc.internal. 5 IN A 10.0.0.7`. */
export function lines(rrsets: Iterable<RRset>): string[] {
  return [...rrsets].flatMap(({ rdata, ...rrset }) => rdata.map((each) => printRecord({ ...rrset, rdata: each })));
}

/**
 * Zones by apex, as a list of records with their copies: what is removed must be there, and TTLs must belong to
 * something.
 */
export class ZoneModel {
  readonly serials = new Map<Name, number>();
  readonly #rrsets = new Map<string, { rrset: Omit<RRset, 'rdata'>; copies: Map<Octets, number> }>();
  readonly #marks = new Map<string, Mark>();

  apply(changes: Iterable<ZoneChange>): this {
    for (const change of changes) this.#applyOne(change);
    return this;
  }

  /** The records, each once, sorted, without SOA serials. */
  lines(): string[] {
    return [...this.#rrsets.values()]
      .flatMap(({ rrset, copies }) => lines([{ ...rrset, rdata: [...copies.keys()] }]))
      .sort();
  }

  /** Records with the number of their copies, and marks. */
  state(): Record<string, unknown> {
    const records = [...this.#rrsets].flatMap(([key, { rrset, copies }]) =>
      [...copies].map(([rdata, count]) => [`${key}/${rdata}`, [rrset.ttl, count]] as const),
    );
    return Object.fromEntries([...records, ...this.#marks].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  markOf(name: string): Mark | null {
    return this.#marks.get(parseName(name)) ?? null;
  }

  #applyOne({ zone: apex, serial, kind, removed, added, marks }: ZoneChange): void {
    if (kind === 'load' && this.serials.has(apex)) throw new Error('a zone is loaded twice');
    if (kind === 'update' && !this.serials.has(apex)) throw new Error('an update before the load');
    if (kind === 'drop') throw new Error('no model of a drop');
    this.serials.set(apex, serial);
    for (const { owner, type, rdata } of removed) {
      const key = `${owner}/${type}`;
      const { copies } = this.#rrsets.get(key)!;
      for (const each of rdata) {
        const count = copies.get(each);
        if (count === undefined) {
          throw new Error(`what is removed is not there: ${JSON.stringify(each)} of ${JSON.stringify(key)}`);
        }
        if (count === 1) copies.delete(each);
        else copies.set(each, count - 1);
      }
    }
    for (const { owner, type, ttl, rdata } of added) {
      const key = `${owner}/${type}`;
      const entry = this.#rrsets.get(key) ?? { rrset: { owner, type, ttl }, copies: new Map<Octets, number>() };
      this.#rrsets.set(key, entry);
      for (const each of rdata) entry.copies.set(each, (entry.copies.get(each) ?? 0) + 1);
      entry.rrset = { owner, type, ttl };
    }
    for (const [key, { copies }] of this.#rrsets) if (copies.size === 0) this.#rrsets.delete(key);
    for (const { owner, mark } of marks) {
      if (mark === null) this.#marks.delete(owner);
      else this.#marks.set(owner, mark);
    }
  }
}

/** Records of a zone file, from lines `owner ttl type rdata`. */
export function records(origin: string, ...texts: string[]): ResourceRecord[] {
  const apex = parseName(origin);
  return texts.map((text) => {
    const [, owner, ttl, mnemonic, rdata] = /^(\S+) (\d+) (\S+) (.*)$/.exec(text)!;
    const type = RRType[mnemonic as 'A'];
    return { owner: parseName(owner!, apex), type, ttl: Number(ttl), rdata: parseRdata(type, rdata!, apex) };
  });
}

/** Serves the records of a zone file (null: none) beside what is registered, at the next revision. */
export async function serveBeside(
  publisher: Publisher, records: Iterable<ResourceRecord> | null, revision: number,
): Promise<void> {
  publisher.setRecordsBeside(zone, records);
  await publisher.publish([], revision);
}

/** A publisher with a model of what its workers have, and the changes that it has delivered. */
export function publisherWithModel(settings: Partial<PublisherSettings> = {}): {
  publisher: Publisher;
  model: ZoneModel;
  delivered: ZoneChange[];
} {
  const model = new ZoneModel();
  const delivered: ZoneChange[] = [];
  const deliver: Deliver = (changes) => {
    model.apply(changes);
    delivered.push(...changes);
    return Promise.resolve({ heldFor: 0 });
  };
  const publisher = new Publisher(
    { zones: ['svc.internal'], reversePrefixes: [], addresses: ['127.0.0.1'], defaultTtl: 5, ...settings },
    deliver,
  );
  model.apply(publisher.replay());
  return { publisher, model, delivered };
}
