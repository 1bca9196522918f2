/**
 * ZoneDelta: collects what one batch changes in a zone, for one ZoneChange. What leaves and comes back cancels out, so
 * whoever fills it need not find out what stays.
 */
import type { Name } from '../wire/name.ts';
import type { Octets } from '../wire/octets.ts';
import type { RRset } from '../wire/record.ts';
import type { Mark, NameMark, ZoneChange } from '../zone/change.ts';
import { isWithheld, jointMark, jointTtl, type StaticRecords } from './static.ts';

/** What an `update` says, but for its zone and serial. */
export type Difference = Pick<ZoneChange, 'removed' | 'added' | 'marks'>;

export const noDifference: Difference = { removed: [], added: [], marks: [] };

export function isEmpty({ removed, added, marks }: Difference): boolean {
  return removed.length + added.length + marks.length === 0;
}

interface RRsetDelta {
  /** Copies of a record that came, less those that left. */
  readonly copies: Map<Octets, number>;
  /** TTL before and after; null where there is no such rrset then. */
  readonly oldTtl: number | null;
  newTtl: number | null;
}

export class ZoneDelta {
  readonly #owners = new Map<Name, Map<number, RRsetDelta>>();
  readonly #marks = new Map<Name, Mark | null>();

  /**
   * A record comes (1) or leaves (-1). `oldTtl` and `newTtl` are the TTL of its rrset before and after this; null where
   * there is no rrset then.
   */
  move(owner: Name, type: number, rdata: Octets, by: 1 | -1, oldTtl: number | null, newTtl: number | null): void {
    let types = this.#owners.get(owner);
    if (types === undefined) this.#owners.set(owner, (types = new Map<number, RRsetDelta>()));
    let rrset = types.get(type);
    if (rrset === undefined) types.set(type, (rrset = { copies: new Map(), oldTtl, newTtl }));
    rrset.newTtl = newTtl;
    rrset.copies.set(rdata, (rrset.copies.get(rdata) ?? 0) + by);
  }

  /** A whole rrset leaves. */
  remove({ owner, type, ttl, rdata }: RRset): void {
    for (const each of rdata) this.move(owner, type, each, -1, ttl, null);
  }

  /** A whole rrset comes. */
  add({ owner, type, ttl, rdata }: RRset): void {
    for (const each of rdata) this.move(owner, type, each, 1, null, ttl);
  }

  mark(owner: Name, mark: Mark | null): void {
    this.#marks.set(owner, mark);
  }

  /** The difference as it shows beside static records, which stay as they are. */
  beside(statics: StaticRecords): Difference {
    const removed: RRset[] = [];
    const added: RRset[] = [];
    for (const [owner, types] of this.#owners) {
      if (isWithheld(owner, statics)) continue;
      for (const [type, { copies, oldTtl, newTtl }] of types) {
        const ttl = jointTtl(newTtl, owner, type, statics);
        const leaving = repeated(copies, -1);
        const coming = repeated(copies, 1);
        if (leaving.length > 0) removed.push({ owner, type, ttl: oldTtl ?? 0, rdata: leaving });
        const retimed = ttl !== null && ttl !== jointTtl(oldTtl, owner, type, statics);
        if (coming.length > 0 || retimed) added.push({ owner, type, ttl: ttl ?? 0, rdata: coming });
      }
    }
    const marks: NameMark[] = [];
    for (const [owner, mark] of this.#marks) {
      if (!isWithheld(owner, statics)) marks.push({ owner, mark: jointMark(mark, owner, statics) });
    }
    return { removed, added, marks };
  }
}

/** Each rdata as often as its copies go in `direction`. */
function repeated(copies: ReadonlyMap<Octets, number>, direction: 1 | -1): Octets[] {
  const rdata: Octets[] = [];
  for (const [each, count] of copies) {
    for (let n = count * direction; n > 0; n--) rdata.push(each);
  }
  return rdata;
}
