/**
 * ZoneChange: the one message between the control plane and the data plane. Whatever reaches a zone, from a zone file
 * or from a registration, reaches it as one of these, in order, in every DNS worker.
 */
import type { Name } from '../wire/name.ts';
import type { RRset } from '../wire/record.ts';

export interface ZoneChange {
  /** Apex of the zone, folded. */
  readonly zone: Name;
  /** SOA serial after this change, 0 to 2^32-1; the zone puts it into its SOA record. */
  readonly serial: number;
  /** True while the zone's records may be out of date, so that answers say so (RFC 8914); false where absent. */
  readonly stale?: boolean;
  /**
   * `load`: the zone becomes exactly `added` and `marks`, in one step, whether it was there or not.
   * `update`: `removed` leave, then `added` come. `drop`: the zone is served no more.
   */
  readonly kind: 'load' | 'update' | 'drop';
  readonly removed: readonly RRset[];
  /**
   * A record is in the zone as often as it was added and not removed, and answered once: two instances on one address,
   * or a zone file and a registration, may both add it. An rrset's TTL is the TTL of its last `added`; an `added` rrset
   * without rdata sets only the TTL.
   */
  readonly added: readonly RRset[];
  readonly marks: readonly NameMark[];
}

/**
 * What is said of an owner name beyond its records. A later mark replaces the earlier one; `mark: null` takes it away.
 */
export interface NameMark {
  readonly owner: Name;
  readonly mark: Mark | null;
}

export interface Mark {
  /**
   * `exists`: the name exists even without records or descendants, so it is NODATA (a service without instances).
   * `denied`: the name itself answers NXDOMAIN (a service with emptyPolicy `nxdomain`); names below it still answer.
   * Absent: existence follows from the records, as everywhere.
   */
  readonly existence?: 'exists' | 'denied';
  /** At most so many records of an SRV, A or AAAA rrset go into an answer: a subset as for truncation, without TC. */
  readonly limit?: number;
  /** Sent with every answer for this name to clients that use EDNS (RFC 8914). */
  readonly extendedError?: { readonly infoCode: number; readonly text: string };
}

/** What a worker says when it has applied a change. */
export interface AppliedChange {
  /**
   * Seconds, from when the change was applied, for which a resolver may still hold an answer with what the change
   * removed; 0 when none was given.
   */
  readonly heldFor: number;
}
