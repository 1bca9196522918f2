/**
 * A wildcard endpoint served by one socket for each address that the machine has, so that each reply leaves from the
 * address that was asked. The addresses are looked up again from time to time.
 */
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Endpoint } from '../runtime/endpoint.ts';
import type { Listener } from './listener.ts';

/** Time between two looks, in milliseconds. */
const lookAgainAfter = 10_000;

export interface EveryAddressOptions {
  /** Opens a socket at one address. */
  readonly listenAt: (endpoint: Endpoint) => Promise<Listener>;
  readonly clock: Clock;
  /** The addresses that stand behind a wildcard at this moment. */
  readonly addressesNow: (wildcard: string) => readonly string[];
}

/** Rejects, with no socket left open, when one of the addresses cannot be listened at. */
export async function listenAtEveryAddress(wildcard: Endpoint, options: EveryAddressOptions): Promise<Listener> {
  const listener = new EveryAddress(wildcard, options);
  await listener.open();
  return listener;
}

/** The addresses of all interfaces, of the family of `wildcard`; link-local ones with their interface. */
export function machineAddresses(wildcard: string): string[] {
  const family = isIPv6(wildcard) ? 'IPv6' : 'IPv4';
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      .filter((address) => address.family === family)
      .map(({ address }) => (address.startsWith('fe80:') ? `${address}%${name}` : address)),
  );
}

class EveryAddress implements Listener {
  readonly #options: EveryAddressOptions;
  readonly #listeners = new Map<string, Listener>();
  #endpoint: Endpoint;
  #timer: Timer | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(wildcard: Endpoint, options: EveryAddressOptions) {
    this.#endpoint = wildcard;
    this.#options = options;
  }

  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  async open(): Promise<void> {
    try {
      for (const host of this.#addressesNow()) await this.#listenAt(host);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#lookLater();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#looking;
    for (const listener of this.#listeners.values()) await listener.close();
  }

  #addressesNow(): readonly string[] {
    return this.#options.addressesNow(this.#endpoint.host);
  }

  async #listenAt(host: string): Promise<void> {
    const listener = await this.#options.listenAt({ host, port: this.#endpoint.port });
    this.#listeners.set(host, listener);
    this.#endpoint = { host: this.#endpoint.host, port: listener.endpoint.port };
  }

  #lookLater(): void {
    if (this.#isClosed) return;
    this.#timer = this.#options.clock.after(lookAgainAfter, () => {
      this.#looking = this.#look().finally(() => this.#lookLater());
    });
  }

  async #look(): Promise<void> {
    const addresses = this.#addressesNow();
    for (const [host, listener] of this.#listeners) {
      if (addresses.includes(host)) continue;
      this.#listeners.delete(host);
      await listener.close();
    }
    for (const host of addresses) {
      // An address that is not usable yet, as IPv6 addresses are at first, is tried again at the next look.
      if (!this.#listeners.has(host)) await this.#listenAt(host).catch(() => undefined);
    }
  }
}
