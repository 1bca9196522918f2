/**
 * Beats: every second, or sooner when there are renewals, a server writes a key of its own. It tells the others that it
 * is alive and which renewals it took, and when its own watch brings the beat back, it has missed nothing: how stale
 * this server is, who is alive, and whether etcd takes writes at all is known from here. How leases are shared:
 * docs/decisions/0010.
 */
import { type SharedRenewal, StoreError } from '../../registry/store.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Feed } from './feed.ts';
import { encodeBeat, type EtcdKeys } from './keys.ts';
import { noStore } from './listing.ts';
import { exists, put, remove } from './requests.ts';
import { type EtcdServers, patience } from './servers.ts';

export interface BeatsParts {
  readonly servers: EtcdServers;
  readonly keys: EtcdKeys;
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of this server. */
  readonly server: string;
  readonly feed: Pick<Feed, 'isWhole' | 'reached'>;
}

export class Beats {
  readonly #parts: BeatsParts;
  /** When what had come back of our beats was last known to be all there is, in milliseconds of the clock. */
  #confirmedAt = 0;
  #trouble: StoreError | null = null;
  /** Who waits for the next beat. */
  #waiting: Waiting[] = [];
  /** Ends the pause between beats. */
  #beatNow: (() => void) | null = null;
  /** When other servers gave their last sign of life. */
  readonly #seen = new Map<string, number>();
  #state: 'new' | 'beating' | 'closed' = 'new';

  constructor(parts: BeatsParts) {
    this.#parts = parts;
  }

  /** Why etcd did not take the last write; null where it did. */
  get trouble(): StoreError | null {
    return this.#trouble;
  }

  /** The servers that are alive, this one included. */
  get servers(): readonly string[] {
    const { clock, feed, server: own } = this.#parts;
    const now = clock.now();
    // Who cannot see the others cannot say that they are gone.
    const seen = [...this.#seen].filter(([, at]) => !feed.isWhole || now - at < aliveFor);
    return [own, ...seen.map(([server]) => server)].sort();
  }

  /** Seconds since this server last knew that it had missed nothing; 0 before it follows. */
  get silence(): number {
    return this.#state === 'new' ? 0 : (this.#parts.clock.now() - this.#confirmedAt) / 1000;
  }

  /** The same, but 0 while it follows. */
  get stale(): number {
    const { silence } = this;
    return silence < staleAfter && this.#parts.feed.isWhole ? 0 : silence;
  }

  begin(): void {
    this.#state = 'beating';
    this.#confirmedAt = this.#parts.clock.now();
    void this.#beat();
  }

  /** Takes in a beat of a server, or its end. */
  hear(server: string, isAlive: boolean): void {
    if (!isAlive) this.#seen.delete(server);
    else if (server !== this.#parts.server) this.#seen.set(server, this.#parts.clock.now());
  }

  /** Lets all servers know of a renewal, if any, with the next beat; resolves when that has come back. */
  share(renewal: SharedRenewal | null): Promise<void> {
    if (this.#trouble !== null) return Promise.reject(this.#trouble);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ renewal, resolve, reject });
      this.#beatNow?.();
    });
  }

  /** Until a beat gets through, writes are refused at once and need not wait for etcd each. Returns the refusal. */
  note(error: unknown): StoreError {
    const { message } = error as Error;
    const trouble = error instanceof StoreError ? error : new StoreError('failed', message, { cause: error });
    if (trouble.code !== 'conflict' && this.#state !== 'new') {
      if (this.#trouble === null) this.#parts.log.warn({ err: trouble }, 'etcd took no write');
      this.#trouble = trouble;
    }
    return trouble;
  }

  /** Ends beating, and says so to the others. */
  async close(): Promise<void> {
    const wasBeating = this.#state === 'beating';
    this.#state = 'closed';
    this.#beatNow?.();
    if (wasBeating && this.#trouble === null) {
      await this.#forget(this.#parts.server).catch((error: unknown) => {
        this.#parts.log.debug({ err: error }, 'the last beat stays on etcd');
      });
    }
  }

  async #beat(): Promise<void> {
    for (let beats = 0; this.#state === 'beating'; beats++) {
      const waiting = this.#waiting.splice(0, mostRenewals);
      try {
        await this.#beatOnce(waiting);
        this.#trouble = null;
        for (const { resolve } of waiting) resolve();
        if (beats % forgetEvery === 0) await this.#forgetTheDead();
      } catch (error) {
        const refusal = this.note(error);
        for (const { reject } of [...waiting, ...this.#waiting.splice(0)]) reject(refusal);
      }
      await this.#pause();
    }
    for (const { reject } of this.#waiting.splice(0)) reject(new StoreError('unavailable', 'the store is closing'));
  }

  async #beatOnce(waiting: readonly Waiting[]): Promise<void> {
    const { servers, keys, clock, server, feed } = this.#parts;
    const until = clock.now() + patience;
    const renewals = waiting.flatMap(({ renewal }) => renewal ?? []);
    const success = [put(keys.server(server), encodeBeat(renewals))];
    // Else an etcd that lost everything would not be empty for the server that is to make a store there.
    const transaction = { compare: [exists(keys.format)], success };
    const { succeeded, header } = await servers.call((client, options) => client.kv.txn(transaction, options), until);
    if (!succeeded) throw noStore();
    // While everything is read anew, the beat at least tells the others that this server is alive.
    if (!feed.isWhole && waiting.length === 0) return;
    const startedAt = clock.now();
    await feed.reached(Number(header.revision), until);
    this.#confirmedAt = startedAt;
  }

  /** Waits for the next second, or, a little so that many share a beat, for who asks for one. In trouble less long. */
  async #pause(): Promise<void> {
    const { clock } = this.#parts;
    await new Promise<void>((resolve) => clock.after(shortestBeat, resolve));
    if (this.#waiting.length > 0 || this.#state !== 'beating') return;
    await new Promise<void>((resolve) => {
      const timer = clock.after(this.#trouble === null ? beatPeriod : retryPeriod, resolve);
      this.#beatNow = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#beatNow = null;
  }

  /** Clears away the beats of servers that ended without doing so themselves. */
  async #forgetTheDead(): Promise<void> {
    const { servers, keys, clock, server: own } = this.#parts;
    const request = { ...keys.range('server/'), keys_only: true };
    const { kvs } = await servers.call((client, options) => client.kv.range(request, options));
    const now = clock.now();
    for (const { key } of kvs) {
      const server = keys.parse(key).names[0]!;
      if (server === own) continue;
      const seenAt = this.#seen.get(server);
      if (seenAt === undefined) this.#seen.set(server, now);
      else if (now - seenAt > forgottenAfter) await this.#forget(server);
    }
  }

  async #forget(server: string): Promise<void> {
    const { servers, keys } = this.#parts;
    const success = [keys.server(server), keys.commit(server)].map(remove);
    await servers.call((client, options) => client.kv.txn({ success }, options));
  }
}

interface Waiting {
  readonly renewal: SharedRenewal | null;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/** Milliseconds. */
const beatPeriod = 1000;
const retryPeriod = 200;
const shortestBeat = 20;
const aliveFor = 5000;
const forgottenAfter = 60_000;
/** Seconds. */
const staleAfter = 3;
/** Beats. */
const forgetEvery = 30;
/** In one beat, which keeps it well below what etcd takes in one request. */
const mostRenewals = 5000;
