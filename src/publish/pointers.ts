/**
 * Pointers: the PTR records of a reverse zone. Instances of any service may share an address, so each name keeps all
 * that points from it.
 */
import { RRType } from '../wire/codes.ts';
import type { Name } from '../wire/name.ts';
import { copyOctets } from '../wire/octets.ts';
import type { RRset } from '../wire/record.ts';
import type { ZoneDelta } from './delta.ts';

export interface Pointer {
  readonly target: Name;
  /** Seconds. */
  readonly ttl: number;
}

export class Pointers {
  readonly #names = new Map<Name, Pointer[]>();

  /** Names that something points from. */
  owners(): Iterable<Name> {
    return this.#names.keys();
  }

  /** A pointer comes (1) or leaves (-1). */
  move(owner: Name, { target, ttl }: Pointer, by: 1 | -1, delta: ZoneDelta | null): void {
    let pointers = this.#names.get(owner);
    if (pointers === undefined) this.#names.set(copyOctets(owner), (pointers = []));
    const oldTtl = leastTtl(pointers);
    if (by === 1) pointers.push({ target: copyOctets(target), ttl });
    else pointers.splice(pointers.findIndex((pointer) => pointer.target === target), 1);
    if (pointers.length === 0) this.#names.delete(owner);
    delta?.move(owner, RRType.PTR, target, by, oldTtl, leastTtl(pointers));
  }

  /** The PTR rrset at a folded name; null when nothing points from it. */
  rrset(owner: Name): RRset | null {
    const pointers = this.#names.get(owner) ?? [];
    const ttl = leastTtl(pointers);
    return ttl === null ? null : { owner, type: RRType.PTR, ttl, rdata: pointers.map(({ target }) => target) };
  }
}

/** The TTL that they share as an rrset (RFC 2181 section 5.2). */
function leastTtl(pointers: readonly Pointer[]): number | null {
  return pointers.reduce<number | null>((least, { ttl }) => (least === null || ttl < least ? ttl : least), null);
}
