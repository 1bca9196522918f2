/**
 * The store on etcd, shared by any number of servers. One commit is one transaction (commits.ts); its mod revision is
 * the revision of all its writes. What all servers commit comes back by one watch (feed.ts), and by their beats they
 * tell each other that they are alive and which renewals they took (beats.ts).
 */
import { randomUUID } from 'node:crypto';
import {
  type Follower, type SharedRenewal, type SharedStore, StoreError, type StoreSnapshot, type StoreWrite,
} from '../../registry/store.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import { EntryReader } from '../entry.ts';
import { Beats } from './beats.ts';
import { claim } from './claim.ts';
import { Commits } from './commits.ts';
import { obstaclesTo } from './connection.ts';
import { Feed } from './feed.ts';
import { EtcdKeys } from './keys.ts';
import { type Listed, Listing } from './listing.ts';
import { EtcdServers, type EtcdSettings, patience } from './servers.ts';

export class EtcdStore implements SharedStore {
  /** etcd takes 128 operations in one transaction; each commit has two of its own. */
  readonly mostEntries = 126;
  readonly server = randomUUID();
  readonly #servers: EtcdServers;
  readonly #clock: Clock;
  readonly #listing: Listing;
  readonly #commits: Commits;
  readonly #feed: Feed;
  readonly #beats: Beats;
  /** The last snapshot; following begins there. */
  #listed: Listed;

  /**
   * Makes a store below the prefix where nothing is. Rejects with `unavailable` within 2 s, `failed`, `format`, or the
   * system's error for a file of `tls`.
   */
  static async open(settings: EtcdSettings, clock: Clock, log: Logger): Promise<EtcdStore> {
    const servers = await EtcdServers.load(settings, clock);
    const keys = new EtcdKeys(settings.prefix);
    try {
      await claim(servers, keys);
      const reader = new EntryReader();
      const listing = new Listing(servers, keys, reader);
      return new EtcdStore({ servers, keys, reader, listing, clock, log, listed: await listing.take() });
    } catch (error) {
      servers.close();
      throw await explained(error, settings);
    }
  }

  private constructor(parts: EtcdStoreParts) {
    const { server } = this;
    this.#servers = parts.servers;
    this.#clock = parts.clock;
    this.#listing = parts.listing;
    this.#commits = new Commits({ ...parts, server });
    this.#listed = parts.listed;
    const { revision } = parts.listed;
    this.#feed = new Feed({ ...parts, server, revision, heard: (from, isAlive) => this.#beats.hear(from, isAlive) });
    this.#beats = new Beats({ ...parts, server, feed: this.#feed });
  }

  get revision(): number {
    return this.#feed.revision;
  }

  get servers(): readonly string[] {
    return this.#beats.servers;
  }

  get stale(): number {
    return this.#beats.stale;
  }

  get silence(): number {
    return this.#beats.silence;
  }

  async snapshot(): Promise<StoreSnapshot> {
    const listed = await this.#listing.take();
    if (!this.#feed.isFollowed) this.#listed = listed;
    return listed;
  }

  async commit(writes: readonly StoreWrite[]): Promise<readonly number[]> {
    if (this.#beats.trouble !== null) throw this.#beats.trouble;
    const until = this.#clock.now() + patience;
    const nonce = randomUUID();
    const transact = async (): Promise<number> => {
      try {
        const heardUpTo = this.#feed.isFollowed ? this.#feed.followed : null;
        return await this.#commits.commit(writes, nonce, heardUpTo, until);
      } catch (error) {
        throw this.#beats.note(error);
      }
    };
    const revision = await this.#feed.takeOwn(nonce, transact, until);
    return writes.map(() => revision);
  }

  follow(follower: Follower): void {
    this.#feed.begin(follower, this.#listed);
    this.#beats.begin();
  }

  renew(renewal: SharedRenewal): Promise<void> {
    return this.#beats.share(renewal);
  }

  catchUp(): Promise<void> {
    return this.#beats.share(null);
  }

  async close(): Promise<void> {
    this.#feed.close();
    await this.#beats.close();
    this.#servers.close();
  }
}

async function explained(error: unknown, settings: EtcdSettings): Promise<unknown> {
  if (!(error instanceof StoreError) || error.code !== 'unavailable') return error;
  const obstacles = await obstaclesTo(settings);
  if (obstacles === '') return error;
  return new StoreError('unavailable', `etcd cannot be reached: ${obstacles}`, { cause: error });
}

interface EtcdStoreParts {
  readonly servers: EtcdServers;
  readonly keys: EtcdKeys;
  readonly reader: EntryReader;
  readonly listing: Listing;
  readonly clock: Clock;
  readonly log: Logger;
  readonly listed: Listed;
}
