/** The leases of tombstones: etcd clears tombstones away when the lease they were put with ends. */
import type { Clock } from '../../runtime/clock.ts';
import type { EtcdServers } from './servers.ts';

export class TombstoneLease {
  readonly #servers: EtcdServers;
  readonly #clock: Clock;
  #current: { readonly id: string; readonly until: number } | null = null;

  constructor(servers: EtcdServers, clock: Clock) {
    this.#servers = servers;
    this.#clock = clock;
  }

  /** The id of a lease that outlives every tombstone put with it now. */
  async take(until: number): Promise<string> {
    const now = this.#clock.now();
    if (this.#current === null || this.#current.until < now) {
      this.#current = { id: await grantTombstoneLease(this.#servers, until), until: now + (kept * 1000) / 2 };
    }
    return this.#current.id;
  }

  /** etcd does not know the lease any more. */
  forget(): void {
    this.#current = null;
  }
}

export async function grantTombstoneLease(servers: EtcdServers, until?: number): Promise<string> {
  const grant = { TTL: kept };
  const { ID } = await servers.call((client, options) => client.leaseClient.leaseGrant(grant, options), until);
  return ID;
}

/** Seconds; twice as long as a tombstone counts. */
const kept = 7200;
