/**
 * Addresses of SRV targets: what came along in the additional section, and what had to be asked for, remembered by TTL.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../runtime/clock.ts';
import type { AddressReply, Ask, ReplyRecord } from './reply.ts';

export interface HostAddresses {
  /** IPv4 first; empty where none could be found. */
  readonly addresses: readonly string[];
  /** Milliseconds for which this holds. */
  readonly ttlMs: number;
}

interface Entry {
  readonly addresses: readonly string[];
  /** On the monotonic clock. */
  readonly expiresAt: number;
}

const concurrent = 16;
/** RFC 9520 section 3.2: a failure is remembered for a second at least, so that it is not asked for in a loop. */
const absentTtlMs = 1000;

export class AddressBook {
  readonly #ask: Ask;
  readonly #clock: Clock;
  readonly #entries: LRUCache<string, Entry>;

  constructor(ask: Ask, clock: Clock, maxNames: number) {
    this.#ask = ask;
    this.#clock = clock;
    this.#entries = new LRUCache({ max: maxNames });
  }

  /**
   * The addresses of `hosts`: out of `given` where it has any, else remembered ones, else by asking, at most 16 hosts
   * at a time. A host whose servers fail keeps the addresses that it had.
   */
  async find(
    hosts: readonly string[],
    given: ReadonlyMap<string, readonly ReplyRecord[]>,
    signal: AbortSignal,
  ): Promise<Map<string, HostAddresses>> {
    const found = new Map<string, HostAddresses>();
    const missing: string[] = [];
    const now = this.#clock.now();
    for (const host of hosts) {
      const addresses = addressesOf(given.get(host) ?? []);
      const known = this.#entries.get(host);
      if (addresses.addresses.length > 0) found.set(host, this.#keep(host, addresses));
      else if (known && known.expiresAt > now)
        found.set(host, { addresses: known.addresses, ttlMs: known.expiresAt - now });
      else missing.push(host);
    }
    const worker = async (): Promise<void> => {
      for (let host; (host = missing.pop()) !== undefined;) found.set(host, await this.#look(host, signal));
    };
    await Promise.all(Array.from({ length: Math.min(concurrent, missing.length) }, worker));
    return found;
  }

  async #look(host: string, signal: AbortSignal): Promise<HostAddresses> {
    const asked = await Promise.allSettled([this.#ask(host, 'A', signal), this.#ask(host, 'AAAA', signal)]);
    const replies = asked.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const fresh = addressesOf(replies.flatMap(({ answers }) => answers));
    if (fresh.addresses.length > 0) return this.#keep(host, fresh);
    const known = this.#entries.get(host);
    const failed = replies.length < asked.length;
    if (failed) return { addresses: known?.addresses ?? [], ttlMs: absentTtlMs };
    return this.#keep(host, {
      addresses: [],
      ttlMs: Math.min(...replies.map((reply) => reply.negativeTtlMs ?? absentTtlMs)),
    });
  }

  #keep(host: string, { addresses, ttlMs }: HostAddresses): HostAddresses {
    this.#entries.set(host, { addresses, expiresAt: this.#clock.now() + ttlMs });
    return { addresses, ttlMs };
  }
}

/** The addresses among `records`, whose owner does not matter: they answer for one host, be it over a CNAME. */
function addressesOf(records: readonly ReplyRecord[]): HostAddresses {
  const usable = records.filter((record): record is AddressReply => record.type === 'A' || record.type === 'AAAA');
  const addresses = [...usable.filter(({ type }) => type === 'A'), ...usable.filter(({ type }) => type === 'AAAA')].map(
    ({ address }) => address,
  );
  return { addresses: [...new Set(addresses)], ttlMs: Math.min(...records.map(({ ttlMs }) => ttlMs)) };
}
