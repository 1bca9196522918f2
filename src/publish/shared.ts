/**
 * SharedName: what must be known of an owner name to which many instances add records, so that one more costs the same
 * however many they are.
 */
import type { Name } from '../wire/name.ts';
import type { Mark } from '../zone/change.ts';
import { Tally } from './tally.ts';

export class SharedName {
  readonly owner: Name;
  /** Registered instances, answered or not, and settings that make the name exist. */
  givers = 0;
  /** Priorities of the answered instances. */
  readonly priorities = new Tally();
  /** The priority whose addresses are published here; undefined while none are. */
  addressPriority: number | undefined = undefined;
  /** As published. */
  mark: Mark | null = null;
  readonly #ttls = new Map<number, Tally>();

  constructor(owner: Name) {
    this.owner = owner;
  }

  /** The TTL of the rrset: the least of its contributors (RFC 2181 section 5.2 wants one); null when it has none. */
  ttl(type: number): number | null {
    return this.#ttls.get(type)?.least ?? null;
  }

  /** A record comes (1) or leaves (-1) that may be answered for `ttl` seconds. */
  count(type: number, ttl: number, by: 1 | -1): void {
    let tally = this.#ttls.get(type);
    if (tally === undefined) this.#ttls.set(type, (tally = new Tally()));
    tally.count(ttl, by);
  }
}
