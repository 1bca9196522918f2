/** What a reply says, before it is known how much of it fits: the value between looking up and writing. */
import type { ExtendedErrorOption } from '../wire/edns.ts';
import type { Name } from '../wire/name.ts';
import type { Node } from '../zone/node.ts';
import type { StoredRRset } from '../zone/rrset.ts';
import type { Zone } from '../zone/zone.ts';

/** An rrset in a section. */
export interface PlacedRRset {
  /** In the letters it is to be shown in; the name of the question is shown in those of the question anyway. */
  readonly owner: Name;
  readonly rrset: StoredRRset;
  /** Seconds. */
  readonly ttl: number;
  /** Where the rrset stands; null for one made for this reply. */
  readonly node: Node | null;
}

export interface Reply {
  rcode: number;
  authoritative: boolean;
  /** The zone that has the last name of the answer, and the addresses for the additional section; null without. */
  zone: Zone | null;
  answer: readonly PlacedRRset[];
  /** The authority section has the NS records of a zone cut; null without. */
  referral: Referral | null;
  /** The authority section has the SOA record of this zone, as the sign of a negative answer; null without. */
  negative: Zone | null;
  extendedError: ExtendedErrorOption | null;
  /**
   * True when the answer is made of the records of names that exist, so that it holds until one of them changes, and
   * their number bounds how many such answers there can be.
   */
  steady: boolean;
}

export interface Referral {
  /** The zone that delegates. */
  readonly zone: Zone;
  /** The zone cut and its NS rrset. */
  readonly cut: Node;
  readonly servers: StoredRRset;
}

export function emptyReply(): Reply {
  return {
    rcode: 0,
    authoritative: false,
    zone: null,
    answer: nothing,
    referral: null,
    negative: null,
    extendedError: null,
    steady: true,
  };
}

/** Adds an rrset to the answer section. Most have one: a list that could grow would take most of what a reply takes. */
export function place(reply: Reply, placed: PlacedRRset): void {
  reply.answer = reply.answer.length === 0 ? [placed] : [...reply.answer, placed];
}

const nothing: readonly PlacedRRset[] = [];
