/**
 * The feed: all that is committed on etcd, by whichever server, handed to the follower in the order of revisions. It
 * comes by one watch. When that breaks, something may have been missed, so everything is read anew.
 */
import type { IEvent } from 'etcd3';
import { type Follower, type SharedRenewal, type StoredChange, StoreError } from '../../registry/store.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { EntryReader } from '../entry.ts';
import { type EtcdKeys, readBeat, readInstance, readService, readTombstone } from './keys.ts';
import type { Listed, Listing } from './listing.ts';
import type { EtcdServers } from './servers.ts';
import { watch } from './watch.ts';

export interface FeedParts {
  readonly servers: Pick<EtcdServers, 'watch'>;
  readonly keys: EtcdKeys;
  readonly reader: EntryReader;
  readonly listing: Pick<Listing, 'take'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of this server. */
  readonly server: string;
  /** Of the last commit. */
  readonly revision: number;
  /** Called with each beat of a server, and with its end. */
  readonly heard: (server: string, isAlive: boolean) => void;
}

export class Feed {
  readonly #parts: FeedParts;
  #revision: number;
  #follower: Follower | null = null;
  /** Null while something may have been missed, and before anybody follows. */
  #endWatch: (() => void) | null = null;
  #followed = 0;
  /** How often the watch has broken. */
  #breaks = 0;
  /** Commits of this server that are under way, by the nonce that each leaves in the mark. */
  readonly #own = new Map<string, OwnCommit>();
  #waiters: Waiter[] = [];
  /** When the watch last brought something, or began. */
  #heardAt = 0;
  #closed = false;

  constructor(parts: FeedParts) {
    this.#parts = parts;
    this.#revision = parts.revision;
  }

  /** Of the last commit that was handed on or, while nobody follows, made here. */
  get revision(): number {
    return this.#revision;
  }

  get isFollowed(): boolean {
    return this.#follower !== null;
  }

  /** True while nothing can have been missed. */
  get isWhole(): boolean {
    return this.#endWatch !== null;
  }

  /** All events up to this revision of etcd have been handed on. */
  get followed(): number {
    return this.#followed;
  }

  /** Hands on what comes after what was listed. */
  begin(follower: Follower, { listedAt, revision }: Pick<Listed, 'listedAt' | 'revision'>): void {
    this.#follower = follower;
    this.#revision = Math.max(this.#revision, revision);
    void this.#followFrom(listedAt).catch((error: unknown) => this.#relist(error));
  }

  /**
   * Runs a commit of this server, which leaves `nonce` in the mark and is not handed on; resolves with its revision when
   * all that came before has been. Rejects with what `commit` rejects with, or with `unavailable` when etcd does not
   * tell until clock time `until`.
   */
  async takeOwn(nonce: string, commit: () => Promise<number>, until: number): Promise<number> {
    if (this.#follower === null) return (this.#revision = await commit());
    if (!this.isWhole) throw missing();
    const [own, breaks]: [OwnCommit, number] = [{ revision: null }, this.#breaks];
    this.#own.set(nonce, own);
    try {
      const revision = await commit();
      if (this.#breaks !== breaks) throw new StoreError('unavailable', 'the watch on etcd broke during a commit');
      await this.reached(revision, until);
      return revision;
    } catch (error) {
      // The answer was lost, and the watch has brought what it would have said.
      if (own.revision !== null && this.#breaks === breaks) return own.revision;
      throw error;
    } finally {
      // What nobody waits for any more comes as if another server had done it.
      this.#own.delete(nonce);
    }
  }

  /**
   * Resolves when all up to `revision`, which is committed, has been handed on; rejects with `unavailable` at clock time
   * `until`.
   */
  reached(revision: number, until: number): Promise<void> {
    const { clock } = this.#parts;
    if (!this.isWhole) return Promise.reject(missing());
    if (revision <= this.#followed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = clock.after(until - clock.now(), () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        const silence = new StoreError('unavailable', 'etcd does not tell what it has committed');
        reject(silence);
        // What has come already, while this process was busy, is to be read first.
        clock.after(readingTime, () => this.#judgeSilence(silence));
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

  close(): void {
    this.#closed = true;
    this.#endWatch?.();
  }

  async #followFrom(listedAt: number): Promise<void> {
    const { servers, keys, clock } = this.#parts;
    this.#followed = listedAt;
    const breaks = this.#breaks;
    const endWatch = await watch({
      servers,
      clock,
      range: keys.range(),
      from: listedAt + 1,
      took: (events) => this.#handOn(events),
      broke: (error) => void this.#relist(error),
    });
    if (this.#closed) endWatch();
    // Else it broke in the moment in which it began, and everything is being read anew.
    else if (this.#breaks === breaks) this.#endWatch = endWatch;
    this.#heardAt = clock.now();
  }

  /**
   * Beats come every second. Where nothing comes for longer, though etcd commits, the other end hangs or is gone without
   * a word; gRPC would notice, but only after 13 s.
   */
  #judgeSilence(cause: StoreError): void {
    if (this.#closed || !this.isWhole || this.#parts.clock.now() - this.#heardAt < longestSilence) return;
    this.#endWatch?.();
    void this.#relist(cause);
  }

  /** Reads everything anew, as often as it takes, and goes on from there. */
  async #relist(cause: unknown): Promise<void> {
    const { listing, clock, log } = this.#parts;
    this.#breaks++;
    this.#endWatch = null;
    this.#own.clear();
    for (const { reject } of this.#waiters.splice(0)) reject(missing());
    log.warn({ err: cause }, 'the watch on etcd broke; everything is read anew');
    let known: string | null = null;
    while (!this.#closed) {
      try {
        const listed = await listing.take();
        await this.#follower!.relisted(listed);
        this.#revision = Math.max(this.#revision, listed.revision);
        await this.#followFrom(listed.listedAt);
        log.info({ revision: listed.revision }, 'following etcd again');
        return;
      } catch (error) {
        // The words of one trouble differ from try to try.
        const trouble = error instanceof StoreError ? error.code : (error as Error).name;
        log[trouble === known ? 'debug' : 'warn']({ err: error }, 'etcd could not be read anew');
        known = trouble;
        await new Promise<void>((resolve) => clock.after(relistPause, resolve));
      }
    }
  }

  /** Hands on what the watch brought, in order and without what is ours. */
  #handOn(events: readonly IEvent[]): void {
    this.#heardAt = this.#parts.clock.now();
    const { keys, reader, heard, server } = this.#parts;
    const changes: StoredChange[] = [];
    const renewals: SharedRenewal[] = [];
    let [ours, told] = [0, this.#revision];
    const tell = (): void => {
      if (this.#revision !== told) this.#follower!.changed(changes.splice(0), this.#revision);
      told = this.#revision;
    };
    for (const event of events) {
      const revision = Number(event.kv.mod_revision);
      const { kind, names: [first] } = keys.parse(event.kv.key);
      const removed = isDelete(event);
      this.#followed = revision;
      if (kind === 'meta') this.#revision = revision;
      else if (kind === 'commit') {
        const own = first === server ? this.#own.get(event.kv.value.toString()) : undefined;
        if (own === undefined) continue;
        tell();
        own.revision = ours = revision;
        this.#follower!.committed(revision);
      } else if (kind === 'server') {
        heard(first!, !removed);
        if (!removed) renewals.push(...this.#readable(() => readBeat(event.kv)));
      } else if (revision !== ours) changes.push(...this.#readable(() => changesOf(event, keys, reader)));
    }
    tell();
    if (renewals.length > 0) this.#follower!.renewed(renewals);
    const waiters = this.#waiters;
    this.#waiters = waiters.filter(({ revision }) => revision > this.#followed);
    for (const { revision, resolve } of waiters) if (revision <= this.#followed) resolve();
  }

  /** What others wrote wrongly is left out: it must not cost what came with it. */
  #readable<T>(read: () => readonly T[]): readonly T[] {
    try {
      return read();
    } catch (error) {
      this.#parts.log.error({ err: error }, 'what another server wrote on etcd cannot be read, and is left out');
      return [];
    }
  }
}

/** What an event says of an entry; nothing where it is about none. Throws StoreError `damaged` or `format`. */
function changesOf(event: IEvent, keys: EtcdKeys, reader: EntryReader): readonly StoredChange[] {
  const { kind, names: [zone, service, id] } = keys.parse(event.kv.key);
  const removed = isDelete(event);
  const revision = Number(event.kv.mod_revision);
  if (kind === 'instance') {
    const after = removed ? null : readInstance(reader, event.kv);
    return [{ kind, ref: { zone: zone!, service: service!, id: id! }, revision, after }];
  }
  if (kind === 'service') {
    const after = removed ? null : readService(reader, event.kv);
    return [{ kind, ref: { zone: zone!, service: service! }, revision, after }];
  }
  return kind === 'tombstone' && !removed ? [{ kind, tombstone: readTombstone(reader, event.kv) }] : [];
}

interface OwnCommit {
  /** Null until the watch has brought it. */
  revision: number | null;
}

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

function missing(): StoreError {
  return new StoreError('unavailable', 'what is on etcd is being read anew');
}

/** The library names the types otherwise than its messages do. */
function isDelete({ type }: IEvent): boolean {
  return (type as string).toUpperCase() === 'DELETE';
}

/** Milliseconds. */
const longestSilence = 2500;
const readingTime = 100;
const relistPause = 200;
