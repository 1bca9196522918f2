/**
 * What stands where on etcd, below the prefix: `instance/ZONE/SERVICE/ID`, `service/ZONE/SERVICE` and
 * `tombstone/ZONE/SERVICE/ID`; `meta/revision`, written with every commit; `server/SERVER`, the beats of a server, and
 * `commit/SERVER`, the mark of its last commit.
 */
import type { IKeyValue } from 'etcd3';
import type { Instance } from '../../registry/instance.ts';
import type { Service } from '../../registry/service.ts';
import { type SharedRenewal, stamped, StoreError, type StoredRef, type Tombstone } from '../../registry/store.ts';
import { type EntryReader, formatVersion, parseObject } from '../entry.ts';
import { type KeyRange, rangeBelow } from './requests.ts';

export class EtcdKeys {
  readonly #prefix: string;
  readonly format: Buffer;
  readonly revision: Buffer;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.format = this.#key('meta/format');
    this.revision = this.#key('meta/revision');
  }

  /** All keys of ours, or those of one kind. */
  range(kind: '' | `${Kind}/` = ''): KeyRange {
    return rangeBelow(this.#key(kind));
  }

  instance({ zone, service, id }: StoredRef): Buffer {
    return this.#key(`instance/${zone}/${service}/${id}`);
  }

  service({ zone, service }: Omit<StoredRef, 'id'>): Buffer {
    return this.#key(`service/${zone}/${service}`);
  }

  tombstone({ zone, service, id }: StoredRef): Buffer {
    return this.#key(`tombstone/${zone}/${service}/${id}`);
  }

  server(server: string): Buffer {
    return this.#key(`server/${server}`);
  }

  commit(server: string): Buffer {
    return this.#key(`commit/${server}`);
  }

  /** What a key of ours is about. */
  parse(key: Buffer): { readonly kind: string; readonly names: readonly string[] } {
    const [kind, ...names] = key.toString().slice(this.#prefix.length).split('/');
    return { kind: kind!, names };
  }

  #key(rest: string): Buffer {
    return Buffer.from(this.#prefix + rest);
  }
}

type Kind = 'instance' | 'service' | 'tombstone' | 'server';

/** Entries as committed: what is stored cannot name the revision that storing it would take, but etcd knows that. */
export function readInstance(reader: EntryReader, kv: IKeyValue): Instance {
  return stamped(reader.instance(...parsed(kv)), Number(kv.mod_revision));
}

export function readService(reader: EntryReader, kv: IKeyValue): Service {
  return { ...reader.service(...parsed(kv)), revision: Number(kv.mod_revision) };
}

export function readTombstone(reader: EntryReader, kv: IKeyValue): Tombstone {
  return reader.tombstone(...parsed(kv));
}

/** A beat says which renewals its server took since the one before, in the words of their keys. */
export function encodeBeat(renewals: readonly SharedRenewal[]): string {
  const renewed = renewals.map(({ zone, service, id, generation }) => `${zone}/${service}/${id}/${generation}`);
  return JSON.stringify({ v: formatVersion, renewed });
}

export function readBeat(kv: IKeyValue): SharedRenewal[] {
  const { v, renewed } = parsed(kv)[0] as { readonly v?: unknown; readonly renewed?: unknown };
  if (v !== formatVersion || !Array.isArray(renewed)) {
    throw new StoreError('format', `${kv.key.toString()} is no beat of version ${formatVersion}`);
  }
  return renewed.map((text) => {
    const [zone, service, id, generation] = String(text).split('/');
    return { zone: zone!, service: service!, id: id!, generation: Number(generation) };
  });
}

function parsed({ key, value }: IKeyValue): [object, string] {
  const name = key.toString();
  return [parseObject(value.toString(), name), name];
}
