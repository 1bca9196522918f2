/**
 * Sharing: how a write behaves where other servers write to the same store. It may be decided on what one of them has
 * changed meanwhile, or lose a race to one, so it is decided again on what all know; and nobody is kept waiting for long
 * by a store that is far away. With a store of our own, a write is just a write.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Decision } from './decision.ts';
import { RegistryError, type RegistryErrorCode } from './error.ts';
import { refusalOf } from './refusal.ts';
import { type Follower, isShared, LostRace, type SharedRenewal, type SharedStore, type Store } from './store.ts';
import type { Writer } from './writer.ts';

export interface SharingParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly writer: Writer;
}

export class Sharing {
  /** The store, where other servers write to it too. */
  readonly #shared: SharedStore | null;
  readonly #clock: Clock;
  readonly #writer: Writer;

  constructor({ store, clock, writer }: SharingParts) {
    this.#shared = isShared(store) ? store : null;
    this.#clock = clock;
    this.#writer = writer;
  }

  /** Seconds since a store shared with other servers was last known to be followed; 0 while it is, and for others. */
  get stale(): number {
    return this.#shared?.stale ?? 0;
  }

  /**
   * True while renewals reach this server. Time in which they do not is none of a lease's, as time in which the server
   * stood still.
   */
  get isHearing(): boolean {
    return this.#shared === null || (this.stale === 0 && this.#shared.silence < mostSilence);
  }

  follow(follower: Follower): void {
    this.#shared?.follow(follower);
  }

  /** A write of a caller, as `Writer.write`. */
  write<T>(key: string, decide: () => Decision<T>): Promise<T> {
    return this.inTime(() => this.decided(() => this.#writer.write(key, decide)));
  }

  /** Lets the other servers know of a renewal, before anybody is told that it counts. */
  async tellOfRenewal({ zone, service, id, generation }: SharedRenewal): Promise<void> {
    await this.#shared?.renew({ zone, service, id, generation }).catch(refuse);
  }

  /**
   * Nobody waits for a shared store for longer than `mostWait`, however many things must be asked of it. What is refused
   * then may still come to pass, as all that a store out of reach refuses.
   */
  inTime<T>(work: () => Promise<T>): Promise<T> {
    if (this.#shared === null) return work();
    return new Promise((resolve, reject) => {
      const late = new RegistryError('store-unavailable', `the store did not answer within ${mostWait / 1000} s`);
      const timer = this.#clock.after(mostWait, () => reject(late));
      void work().then(resolve, reject).finally(() => timer.cancel());
    });
  }

  /**
   * What is refused for how things stand is asked for once more when all is known that other servers have committed, and
   * what has lost a race to one of them a few times.
   */
  async decided<T>(ask: () => T | Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await ask();
      } catch (error) {
        if (this.#shared === null || !(error instanceof RegistryError) || !outdatable.has(error.code)) throw error;
        if (tries === (error.cause instanceof LostRace ? mostRaces : 2)) throw error;
      }
      await this.#shared.catchUp().catch(refuse);
      // What it brought goes through the writer.
      await this.#writer.writeOwn('', () => ({ kind: 'nothing', outcome: undefined }));
    }
  }
}

function refuse(error: unknown): never {
  throw refusalOf(error);
}

/** Refusals that come from what other servers have committed, or from not having heard of it. */
const outdatable: ReadonlySet<RegistryErrorCode> = new Set(['not-found', 'gone', 'replaced', 'stale', 'conflict']);
const mostRaces = 5;
/** Seconds. */
const mostSilence = 1.5;
/** Milliseconds. */
const mostWait = 1900;
