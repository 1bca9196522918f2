/**
 * The store on etcd, shared by any number of servers. One commit is one transaction; its mod revision is the revision
 * of all its writes, and every entry must still have the revision that the writer saw. What others commit comes by one
 * watch. Every second, or sooner when there are renewals, a server writes its beat: it tells the others that it is
 * alive and which renewals it took, and when its own watch brings it back, it has missed nothing. How leases are
 * shared: docs/decisions/0010. Longer than most files, because committing, following and beating wait for each other.
 */
import { randomUUID } from 'node:crypto';
import type { ICompare, IEvent, IRequestOp, ITxnRequest } from 'etcd3';
import {
  type Follower, type SharedRenewal, type SharedStore, type StoredBatch, type StoredChange, StoreError,
  type StoreSnapshot, type StoreWrite,
} from '../registry/store.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import { encodeInstance, encodeService, encodeTombstone, EntryReader, formatVersion } from './entry.ts';
import { encodeBeat, EtcdKeys, readBeat, readInstance, readService, readTombstone } from './etcd-keys.ts';
import { type Ask, EtcdServers, type EtcdSettings } from './etcd-servers.ts';
import { watch } from './etcd-watch.ts';

export class EtcdStore implements SharedStore {
  /** etcd takes 128 operations in one transaction; a removal needs two, and each commit two of its own. */
  readonly mostWrites = 60;
  readonly server = randomUUID();
  readonly #servers: EtcdServers;
  readonly #keys: EtcdKeys;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #reader = new EntryReader();
  #revision: number;
  /** Revision of the mark of our last commit; 0 where there is none. */
  #mark = 0;
  #tombstoneLease: { readonly id: string; readonly until: number } | null = null;
  /** Revision of etcd at which the last snapshot was taken. */
  #listedAt = 0;

  #follower: Follower | null = null;
  /** Null while something may have been missed, and before anybody follows. */
  #endWatch: (() => void) | null = null;
  /** All events up to this revision of etcd have been handed on. */
  #followed = 0;
  /** How often the watch has broken. */
  #breaks = 0;
  /** True while a transaction is under way; until its revision is known, no event can be told from ours. */
  #isCommitting = false;
  #held: IEvent[] = [];
  /** Revisions that `commit` resolves with. */
  readonly #own = new Set<number>();
  #waiters: Waiter[] = [];

  /** When what had come back of our beats was last known to be all there is, in milliseconds of the clock. */
  #confirmedAt = 0;
  /** Why etcd did not take the last write; null where it did. */
  #trouble: StoreError | null = null;
  #renewals: PendingRenewal[] = [];
  /** Ends the pause between beats. */
  #beatNow: (() => void) | null = null;
  /** When other servers gave their last sign of life. */
  readonly #seen = new Map<string, number>();
  #closed = false;

  /**
   * Makes a store below the prefix where nothing is. Rejects with `unavailable` within 2 s, `failed`, `format`, or the
   * system's error for a file of `tls`.
   */
  static async open(settings: EtcdSettings, clock: Clock, log: Logger): Promise<EtcdStore> {
    const servers = await EtcdServers.load(settings, clock);
    const keys = new EtcdKeys(settings.prefix);
    try {
      return new EtcdStore(servers, keys, clock, log, await prepare(servers, keys, clock));
    } catch (error) {
      servers.close();
      throw error;
    }
  }

  private constructor(servers: EtcdServers, keys: EtcdKeys, clock: Clock, log: Logger, revision: number) {
    this.#servers = servers;
    this.#keys = keys;
    this.#clock = clock;
    this.#log = log;
    this.#revision = revision;
  }

  get revision(): number {
    return this.#revision;
  }

  get servers(): readonly string[] {
    const now = this.#clock.now();
    // Who cannot see the others cannot say that they are gone.
    const seen = [...this.#seen].filter(([, at]) => this.#endWatch === null || now - at < aliveFor);
    return [this.server, ...seen.map(([server]) => server)].sort();
  }

  get stale(): number {
    if (this.#follower === null) return 0;
    const silence = this.#clock.now() - this.#confirmedAt;
    return silence < staleAfter && this.#endWatch !== null ? 0 : silence / 1000;
  }

  async snapshot(): Promise<StoreSnapshot> {
    const { revision, listedAt } = await latestCommit(this.#servers, this.#keys, this.#clock);
    if (this.#follower === null) this.#listedAt = listedAt;
    return { revision, batches: this.#read(listedAt) };
  }

  async commit(writes: readonly StoreWrite[]): Promise<readonly number[]> {
    if (this.#trouble !== null) throw this.#trouble;
    if (this.#follower !== null && this.#endWatch === null) throw missing();
    const until = this.#clock.now() + patience;
    const breaks = this.#breaks;
    let revision: number;
    this.#isCommitting = true;
    try {
      revision = await this.#transact(writes, until);
      if (this.#follower === null) this.#revision = revision;
      else if (this.#breaks === breaks) this.#own.add(revision);
      else throw new StoreError('unavailable', 'the watch on etcd broke during a commit');
    } catch (error) {
      throw this.#noteTrouble(error);
    } finally {
      this.#isCommitting = false;
      this.#handOn();
    }
    if (this.#follower !== null) {
      await this.#reached(revision, until).catch((error: unknown) => {
        // It is committed; what nobody waits for any more comes as if another server had done it.
        this.#own.delete(revision);
        throw error;
      });
    }
    return writes.map(() => revision);
  }

  follow(follower: Follower): void {
    this.#follower = follower;
    this.#confirmedAt = this.#clock.now();
    void this.#followFrom(this.#listedAt).catch((error: unknown) => this.#relist(error));
    void this.#beat();
  }

  renew(renewal: SharedRenewal): Promise<void> {
    if (this.#trouble !== null) return Promise.reject(this.#trouble);
    return new Promise((resolve, reject) => {
      this.#renewals.push({ renewal, resolve, reject });
      this.#beatNow?.();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#endWatch?.();
    this.#beatNow?.();
    if (this.#follower !== null && this.#trouble === null) {
      await this.#forget(this.server).catch((error: unknown) => this.#log.debug({ err: error }, 'the last beat stays on etcd'));
    }
    this.#servers.close();
  }

  async #transact(writes: readonly StoreWrite[], until: number): Promise<number> {
    const { revision: revisionKey } = this.#keys;
    const key = this.#keys.commit(this.server);
    const nonce = randomUUID();
    const lease = writes.some(({ kind }) => kind === 'remove-instance') ? await this.#leaseOfTombstones(until) : '0';
    for (;;) {
      const operations = writes.flatMap((write) => this.#operationsOf(write, lease));
      const transaction: ITxnRequest = {
        compare: [unchanged(key, this.#mark), ...this.#conditionsOf(writes)],
        success: [put(key, nonce), put(revisionKey, ''), ...operations],
        failure: [{ request_range: { key } }],
      };
      const { succeeded, header, responses } = await this.#call(until, (client, options) =>
        client.kv.txn(transaction, options),
      );
      if (succeeded) return (this.#mark = Number(header.revision));
      const known = this.#mark;
      const mark = responses[0]!.response_range.kvs[0];
      this.#mark = Number(mark?.mod_revision ?? 0);
      // The first try got through, and only the answer was lost.
      if (mark?.value.toString() === nonce) return this.#mark;
      if (this.#mark === known) throw new StoreError('conflict', 'another server changed the entry first');
    }
  }

  #conditionsOf(writes: readonly StoreWrite[]): ICompare[] {
    const conditions = writes.flatMap((write): ICompare[] => {
      switch (write.kind) {
        case 'instance':
          return [unchanged(this.#keys.instance(write.value), write.expect)];
        case 'remove-instance':
          return [unchanged(this.#keys.instance(write.value), write.value.revision)];
        case 'service':
          return [unchanged(this.#keys.service(write.value), write.expect)];
        case 'remove-service':
          return [unchanged(this.#keys.service(write.value), write.value.revision)];
        case 'revision':
          return [];
      }
    });
    // No lease ends while some server has taken a renewal that this one has not heard of.
    if (this.#follower !== null && writes.some(({ kind }) => kind === 'remove-instance')) {
      conditions.push({ ...this.#keys.range('server/'), ...isBefore, mod_revision: this.#followed + 1 });
    }
    return conditions;
  }

  #operationsOf(write: StoreWrite, lease: string): IRequestOp[] {
    switch (write.kind) {
      case 'instance':
        return [put(this.#keys.instance(write.value), encodeInstance(write.value))];
      case 'remove-instance':
        return [
          { request_delete_range: { key: this.#keys.instance(write.value) } },
          put(this.#keys.tombstone(write.value), encodeTombstone(write.tombstone), lease),
        ];
      case 'service':
        return [put(this.#keys.service(write.value), encodeService(write.value))];
      case 'remove-service':
        return [{ request_delete_range: { key: this.#keys.service(write.value) } }];
      case 'revision':
        return [];
    }
  }

  /** An etcd lease that outlives every tombstone put with it, so that etcd clears them away. */
  async #leaseOfTombstones(until: number): Promise<string> {
    const now = this.#clock.now();
    if (this.#tombstoneLease === null || this.#tombstoneLease.until < now) {
      const { ID } = await this.#call(until, (client, options) =>
        client.leaseClient.leaseGrant({ TTL: tombstonesKept }, options),
      );
      this.#tombstoneLease = { id: ID, until: now + (tombstonesKept * 1000) / 2 };
    }
    return this.#tombstoneLease.id;
  }

  async *#read(at: number): AsyncGenerator<StoredBatch> {
    const nothing: StoredBatch = { instances: [], services: [], tombstones: [] };
    const reader = this.#reader;
    // Services first, so that instances find their settings.
    for await (const kvs of this.#pages('service/', at)) {
      yield { ...nothing, services: kvs.map((kv) => readService(reader, kv)) };
    }
    for await (const kvs of this.#pages('instance/', at)) {
      yield { ...nothing, instances: kvs.map((kv) => readInstance(reader, kv)) };
    }
    for await (const kvs of this.#pages('tombstone/', at)) {
      yield { ...nothing, tombstones: kvs.map((kv) => readTombstone(reader, kv)) };
    }
  }

  async *#pages(kind: 'instance/' | 'service/' | 'tombstone/', at: number) {
    const { range_end, key: first } = this.#keys.range(kind);
    let key = first;
    for (;;) {
      const request = { key, range_end, limit: pageSize, revision: at };
      const { kvs, more } = await this.#call(null, (client, options) => client.kv.range(request, options));
      yield kvs;
      if (!more) return;
      key = Buffer.concat([kvs.at(-1)!.key, Buffer.of(0)]);
    }
  }

  async #followFrom(listedAt: number): Promise<void> {
    this.#followed = listedAt;
    this.#held = [];
    const endWatch = await watch({
      servers: this.#servers,
      clock: this.#clock,
      range: this.#keys.range(),
      from: listedAt + 1,
      took: (events) => {
        this.#held.push(...events);
        if (!this.#isCommitting) this.#handOn();
      },
      broke: (error) => void this.#relist(error),
    });
    if (this.#closed) endWatch();
    else this.#endWatch = endWatch;
  }

  /** Reads everything anew, as often as it takes, and goes on from there. */
  async #relist(cause: unknown): Promise<void> {
    this.#breaks++;
    this.#endWatch = null;
    this.#held = [];
    this.#own.clear();
    for (const { reject } of this.#waiters.splice(0)) reject(missing());
    this.#log.warn({ err: cause }, 'the watch on etcd broke; everything is read anew');
    while (!this.#closed) {
      try {
        const { revision, listedAt } = await latestCommit(this.#servers, this.#keys, this.#clock);
        await this.#follower!.relisted({ revision, batches: this.#read(listedAt) });
        this.#revision = Math.max(this.#revision, revision);
        await this.#followFrom(listedAt);
        this.#log.info({ revision }, 'following etcd again');
        return;
      } catch (error) {
        this.#log.debug({ err: error }, 'etcd could not be read anew');
        await new Promise<void>((resolve) => this.#clock.after(relistPause, resolve));
      }
    }
  }

  /** Hands on what the watch brought, in order and without what is ours. */
  #handOn(): void {
    if (this.#held.length === 0) return;
    const changes: StoredChange[] = [];
    const renewals: SharedRenewal[] = [];
    for (const event of this.#held.splice(0)) {
      const revision = Number(event.kv.mod_revision);
      const { kind, names: [first, service, id] } = this.#keys.parse(event.kv.key);
      const [zone, isOurs] = [first!, this.#own.has(revision)];
      const removed = isDelete(event);
      this.#followed = revision;
      if (kind === 'meta') this.#revision = revision;
      else if (kind === 'server') this.#hear(first!, event, renewals);
      else if (isOurs) continue;
      else if (kind === 'instance') {
        const after = removed ? null : readInstance(this.#reader, event.kv);
        changes.push({ kind, ref: { zone, service: service!, id: id! }, revision, after });
      } else if (kind === 'service') {
        const after = removed ? null : readService(this.#reader, event.kv);
        changes.push({ kind, ref: { zone, service: service! }, revision, after });
      } else if (kind === 'tombstone' && !removed) {
        changes.push({ kind, tombstone: readTombstone(this.#reader, event.kv) });
      }
    }
    if (changes.length > 0) this.#follower!.changed(changes);
    if (renewals.length > 0) this.#follower!.renewed(renewals);
    for (const revision of this.#own) if (revision <= this.#followed) this.#own.delete(revision);
    const waiters = this.#waiters;
    this.#waiters = waiters.filter(({ revision }) => revision > this.#followed);
    for (const { revision, resolve } of waiters) if (revision <= this.#followed) resolve();
  }

  /** Takes in a beat, or its end. */
  #hear(server: string, event: IEvent, renewals: SharedRenewal[]): void {
    if (isDelete(event)) {
      this.#seen.delete(server);
      return;
    }
    if (server !== this.server) this.#seen.set(server, this.#clock.now());
    renewals.push(...readBeat(event.kv));
  }

  /** Resolves when all up to `revision` has been handed on. */
  #reached(revision: number, until: number): Promise<void> {
    if (this.#endWatch === null) return Promise.reject(missing());
    if (revision <= this.#followed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(until - this.#clock.now(), () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        reject(new StoreError('unavailable', 'etcd does not tell what it has committed'));
      });
      const waiter: Waiter = {
        revision,
        resolve: () => {
          timer.cancel();
          resolve();
        },
        reject: (error) => {
          timer.cancel();
          reject(error);
        },
      };
      this.#waiters.push(waiter);
    });
  }

  async #beat(): Promise<void> {
    for (let beats = 0; !this.#closed; beats++) {
      const renewals = this.#renewals.splice(0, mostRenewals);
      try {
        await this.#beatOnce(renewals.map(({ renewal }) => renewal));
        this.#trouble = null;
        for (const { resolve } of renewals) resolve();
        if (beats % forgetEvery === 0) await this.#forgetTheDead();
      } catch (error) {
        const refusal = this.#noteTrouble(error);
        for (const { reject } of [...renewals, ...this.#renewals.splice(0)]) reject(refusal);
      }
      await this.#pauseBeat();
    }
    for (const { reject } of this.#renewals.splice(0)) reject(new StoreError('unavailable', 'the store is closing'));
  }

  async #beatOnce(renewals: readonly SharedRenewal[]): Promise<void> {
    const until = this.#clock.now() + patience;
    const request = { key: this.#keys.server(this.server), value: encodeBeat(renewals) };
    const { header } = await this.#call(until, (client, options) => client.kv.put(request, options));
    // While everything is read anew, the beat at least tells the others that this server is alive.
    if (this.#endWatch === null && renewals.length === 0) return;
    const startedAt = this.#clock.now();
    await this.#reached(Number(header.revision), until);
    this.#confirmedAt = startedAt;
  }

  /** Waits for the next second, or, a little so that many share a beat, for renewals. */
  async #pauseBeat(): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.after(shortestBeat, resolve));
    if (this.#renewals.length > 0 || this.#closed) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(beatPeriod, resolve);
      this.#beatNow = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#beatNow = null;
  }

  /** Clears away the beats of servers that ended without doing so themselves. */
  async #forgetTheDead(): Promise<void> {
    const request = { ...this.#keys.range('server/'), keys_only: true };
    const { kvs } = await this.#call(null, (client, options) => client.kv.range(request, options));
    const now = this.#clock.now();
    for (const { key } of kvs) {
      const server = this.#keys.parse(key).names[0]!;
      if (server === this.server) continue;
      const seenAt = this.#seen.get(server);
      if (seenAt === undefined) this.#seen.set(server, now);
      else if (now - seenAt > forgottenAfter) await this.#forget(server);
    }
  }

  async #forget(server: string): Promise<void> {
    const keys = [this.#keys.server(server), this.#keys.commit(server)];
    const success = keys.map((key): IRequestOp => ({ request_delete_range: { key } }));
    await this.#call(null, (client, options) => client.kv.txn({ success }, options));
  }

  /** Asks etcd until clock time `until`, or with the usual patience. */
  #call<T>(until: number | null, ask: Ask<T>): Promise<T> {
    return this.#servers.call(until ?? this.#clock.now() + patience, ask);
  }

  /** Until a beat gets through, writes are refused at once and need not wait for etcd each. */
  #noteTrouble(error: unknown): StoreError {
    const { message } = error as Error;
    const trouble = error instanceof StoreError ? error : new StoreError('failed', message, { cause: error });
    if (trouble.code !== 'conflict' && this.#follower !== null) {
      if (this.#trouble === null) this.#log.warn({ err: trouble }, 'etcd took no write');
      this.#trouble = trouble;
    }
    return trouble;
  }
}

function missing(): StoreError {
  return new StoreError('unavailable', 'what is on etcd is being read anew');
}

/**
 * Makes a store of a snapshot, below a prefix that holds nothing; `in-use` otherwise. It is no store before it is
 * whole. Instances keep their generations, and get etcd's revisions.
 */
export async function createEtcdStore(settings: EtcdSettings, clock: Clock, { batches }: StoreSnapshot): Promise<void> {
  const servers = await EtcdServers.load(settings, clock);
  const keys = new EtcdKeys(settings.prefix);
  const commit = async (compare: ICompare[], success: IRequestOp[]): Promise<boolean> => {
    const until = clock.now() + patience;
    const { succeeded } = await servers.call(until, (client, options) => client.kv.txn({ compare, success }, options));
    return succeeded;
  };
  try {
    if (!(await commit([isEmpty(keys)], []))) {
      throw new StoreError('in-use', `${settings.prefix} on etcd holds something already`);
    }
    const grant = { TTL: tombstonesKept };
    const { ID: lease } = await servers.call(clock.now() + patience, (client, options) =>
      client.leaseClient.leaseGrant(grant, options),
    );
    for await (const { services, instances, tombstones } of batches) {
      const operations = [
        ...services.map((service) => put(keys.service(service), encodeService(service))),
        ...instances.map((instance) => put(keys.instance(instance), encodeInstance(instance))),
        ...tombstones.map((tombstone) => put(keys.tombstone(tombstone), encodeTombstone(tombstone), lease)),
      ];
      for (let from = 0; from < operations.length; from += mostOperations) {
        await commit([], operations.slice(from, from + mostOperations));
      }
    }
    await commit([], claimed(keys));
  } finally {
    servers.close();
  }
}

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

interface PendingRenewal {
  readonly renewal: SharedRenewal;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/** Claims the prefix for this format, or rejects with `format`; returns the revision of the last commit. */
async function prepare(servers: EtcdServers, keys: EtcdKeys, clock: Clock): Promise<number> {
  const claim: ITxnRequest = {
    compare: [isEmpty(keys)],
    success: claimed(keys),
    failure: [{ request_range: { key: keys.format } }],
  };
  const until = clock.now() + patience;
  const { succeeded, responses } = await servers.call(until, (client, options) => client.kv.txn(claim, options));
  const format = succeeded ? String(formatVersion) : responses[0]!.response_range.kvs[0]?.value.toString();
  if (format !== String(formatVersion)) {
    const found = `the store on etcd has format ${format ?? 'none'}`;
    throw new StoreError('format', `${found}, and this server reads ${formatVersion}: take a newer one`);
  }
  return (await latestCommit(servers, keys, clock)).revision;
}

/** Revision of the last commit, and that of etcd at which this was so. */
async function latestCommit(
  servers: EtcdServers,
  { revision: key }: EtcdKeys,
  clock: Clock,
): Promise<{ readonly revision: number; readonly listedAt: number }> {
  const until = clock.now() + patience;
  const { header, kvs } = await servers.call(until, (client, options) => client.kv.range({ key }, options));
  return { revision: Number(kvs[0]?.mod_revision ?? 0), listedAt: Number(header.revision) };
}

/** What makes a prefix a store. */
function claimed(keys: EtcdKeys): IRequestOp[] {
  return [put(keys.format, String(formatVersion)), put(keys.revision, '')];
}

function isEmpty(keys: EtcdKeys): ICompare {
  return { ...keys.range(), ...isAt, mod_revision: 0 };
}

function unchanged(key: Buffer, revision: number): ICompare {
  return { key, ...isAt, mod_revision: revision };
}

function put(key: Buffer, value: string, lease = '0'): IRequestOp {
  return { request_put: { key, value: Buffer.from(value), lease } };
}

/** The library names the types otherwise than its messages do. */
function isDelete({ type }: IEvent): boolean {
  return (type as string).toUpperCase() === 'DELETE';
}

/** Comparisons of mod revisions, in the numbers of the protocol, since the library's names load only with it. */
const isAt = { target: 2, result: 0 } as unknown as Comparison;
const isBefore = { target: 2, result: 2 } as unknown as Comparison;
type Comparison = Pick<ICompare, 'target' | 'result'>;

/** Milliseconds. No caller waits longer than `patience` for etcd. */
const patience = 1800;
const beatPeriod = 1000;
const shortestBeat = 20;
const staleAfter = 3000;
const aliveFor = 5000;
const forgottenAfter = 60_000;
const relistPause = 200;
/** Beats. */
const forgetEvery = 30;
/** In one beat, which keeps it well below what etcd takes in one request. */
const mostRenewals = 5000;
/** In one transaction, of the 128 that etcd takes. */
const mostOperations = 100;
/** Seconds. */
const tombstonesKept = 7200;
/** Entries read at a time. */
const pageSize = 1000;
