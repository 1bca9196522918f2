/**
 * Writes a reply into the room there is. What does not fit is left out in this order: additional records, an rrset at a
 * time, without a word (RFC 2181 section 9); glue that a referral needs, with TC (RFC 9471 section 3.1); records of the
 * answer, with TC. Those that stay are the same for a client each time: its picture of a service does not flicker.
 */
import { hashOctets } from '../runtime/hash.ts';
import { RRClass, RRType, Rcode } from '../wire/codes.ts';
import { type Name, foldName, isAtOrBelow } from '../wire/name.ts';
import { MessageWriter, Section } from '../wire/writer.ts';
import type { Node } from '../zone/node.ts';
import type { StoredRRset } from '../zone/rrset.ts';
import type { Zone } from '../zone/zone.ts';
import { addressedName, findAddresses, findServerAddresses, pointsToAddresses } from './additional.ts';
import type { Exchange } from './exchange.ts';
import { replyFlags } from './header.ts';
import { NegativeCopier, negativeSoa } from './negative.ts';
import { RecordOrder, recordOverhead } from './order.ts';
import type { Query } from './query.ts';
import type { PlacedRRset, Referral, Reply } from './reply.ts';

/** How the records of a reply are ordered and, where not all fit, chosen. */
export interface Selection {
  /** Stands for the client: the same number, the same subset. */
  readonly client: number;
  /** See RecordOrder.spread. */
  readonly turn: number;
  readonly phase: number;
}

/** Writes replies; made once. The public fields say how the last one came out. */
export class ReplyWriter {
  rcode: number = Rcode.NOERROR;
  /** A record of the answer, or what a referral needs, was left out. */
  truncated = false;
  /** An additional rrset was left out: in more room the reply would be another. */
  trimmed = false;
  /** A subset was drawn for the client: for another client the reply would be another. */
  personal = false;
  /** How many orders of the records there are that are as good and spread load among them; 1 when only this one. */
  cycle = 1;
  /** False when names that do not exist have a part in the additional section. */
  steady = true;
  /** The nodes that the reply was made from, and for how many seconds a resolver may keep what it has of each. */
  readonly nodes: Node[] = [];
  readonly ttls: number[] = [];

  readonly #message = new MessageWriter();
  readonly #order = new RecordOrder();
  /** Names of which addresses are to be added: folded, and as they stand in the records. */
  readonly #targets = new Map<Name, Name>();
  /** Where in the message targets of SRV records stand. */
  readonly #standing = new Map<Name, number>();
  /** Where the records of the last rrset end in the message. */
  readonly #ends: number[] = [];
  readonly #negatives = new NegativeCopier();
  #limit = 0;
  #class: number = RRClass.IN;

  /** Records of the answer, authority and additional section. */
  get answers(): number {
    return this.#message.count(Section.answer);
  }

  get authorities(): number {
    return this.#message.count(Section.authority);
  }

  get additionals(): number {
    return this.#message.count(Section.additional);
  }

  /** Writes all but the OPT record to `exchange.reply` and returns the number of octets, at most `query.room`. */
  write(exchange: Exchange, query: Query, reply: Reply, selection: Selection): number {
    this.#begin(query, reply);
    if (reply.negative !== null && reply.answer.length === 0) {
      const length = this.#negatives.copy(exchange, query, reply, reply.negative);
      if (length > 0) return length;
    }
    this.#beginMessage(exchange, query);
    this.#putAnswer(reply, selection);
    if (!this.truncated && reply.negative !== null) this.#putAuthority(negativeSoa(reply.negative));
    if (!this.truncated && reply.referral !== null) this.#putReferral(reply.referral);
    if (!this.truncated && reply.zone !== null) this.#putAdditional(reply.zone);
    return this.#finish(exchange, query, reply);
  }

  #finish(exchange: Exchange, query: Query, reply: Reply): number {
    const message = this.#message;
    // Where TCP does not take a single record, there is no way to this answer.
    if (this.truncated && exchange.transport === 'tcp' && this.answers + this.authorities === 0) {
      this.truncated = false;
      this.rcode = Rcode.SERVFAIL;
    }
    message.id = exchange.request.readUInt16BE(exchange.start);
    const authoritative = reply.authoritative && this.rcode !== Rcode.SERVFAIL;
    message.flags = replyFlags(query.flags, authoritative, this.truncated, this.rcode);
    return message.finish();
  }

  #begin(query: Query, reply: Reply): void {
    this.rcode = reply.rcode;
    this.truncated = this.trimmed = this.personal = false;
    this.cycle = 1;
    this.steady = true;
    this.nodes.length = 0;
    this.ttls.length = 0;
    // To clear an empty Map is not free.
    if (this.#targets.size > 0) this.#targets.clear();
    if (this.#standing.size > 0) this.#standing.clear();
    this.#limit = query.room;
    this.#class = query.class === RRClass.CH ? RRClass.CH : RRClass.IN;
  }

  #beginMessage(exchange: Exchange, query: Query): void {
    this.#message.begin(exchange.reply, exchange.replyStart, query.room);
    this.#message.copyQuestion(exchange.request, query.questionStart, query.questionEnd);
  }

  #putAnswer({ answer }: Reply, selection: Selection): void {
    this.#message.section(Section.answer);
    for (const placed of answer) {
      if (this.#putWhole(placed, selection)) continue;
      this.#putSubset(placed, selection.client);
      return;
    }
  }

  /** Puts the rrset, or as much of it as its name's limit allows; false, and nothing is put, when that does not fit. */
  #putWhole(placed: PlacedRRset, { client, turn, phase }: Selection): boolean {
    const { owner, rrset, node } = placed;
    const limit = isBalanced(rrset.type) ? (node?.mark?.limit ?? Infinity) : Infinity;
    const count = Math.min(rrset.size, limit);
    if (count * recordOverhead > this.#room()) return false;
    if (count < rrset.size) {
      this.personal = true;
      this.#order.draw(rrset, seedOf(client, owner), this.#room(), count);
    } else if (isBalanced(rrset.type) && count > 1) {
      this.cycle = Math.max(this.cycle, this.#order.spread(rrset, turn, phase));
    } else {
      this.#order.natural(count);
    }
    const mark = this.#message.mark();
    if (this.#putRecords(placed) < count) {
      this.#message.rewind(mark);
      return false;
    }
    this.#noteTargets(placed);
    this.#noteNode(placed.node, placed.ttl);
    return true;
  }

  /** Puts as many of the rrset's records as fit, drawn for the client. */
  #putSubset(placed: PlacedRRset, client: number): void {
    this.truncated = true;
    this.personal = true;
    this.#order.draw(placed.rrset, seedOf(client, placed.owner), this.#room(), Infinity);
    this.#putRecords(placed);
    this.#noteNode(placed.node, placed.ttl);
  }

  /** Puts records in the order that is set, until one does not fit; returns their number. */
  #putRecords({ owner, rrset, ttl }: PlacedRRset): number {
    const { indexes, length } = this.#order;
    for (let i = 0; i < length; i++) {
      if (!this.#message.record(owner, rrset.type, ttl, rrset.rdata(indexes[i]!), this.#class)) return i;
      this.#ends[i] = this.#message.length;
    }
    return length;
  }

  #putAuthority(placed: PlacedRRset): void {
    this.#message.section(Section.authority);
    this.#order.natural(placed.rrset.size);
    if (this.#putRecords(placed) < placed.rrset.size) this.truncated = true;
    this.#noteNode(placed.node, placed.ttl);
  }

  #putReferral({ zone, cut, servers, node }: Referral): void {
    this.#putAuthority({ owner: cut, rrset: servers, ttl: servers.ttl, node });
    if (this.truncated) return;
    this.#message.section(Section.additional);
    // RFC 9471 section 3.1: addresses of name servers at and below the cut must all be there; others are welcome.
    for (const required of [true, false]) {
      for (let i = 0; i < servers.size; i++) {
        const name = servers.rdata(i);
        const folded = foldName(name);
        if (isAtOrBelow(folded, cut) !== required) continue;
        const whole = this.#putAddresses(name, findServerAddresses(zone, folded));
        if (!whole && required) this.truncated = true;
      }
    }
  }

  #putAdditional(zone: Zone): void {
    this.#message.section(Section.additional);
    for (const [folded, target] of this.#targets) {
      const { node, steady } = findAddresses(zone, folded);
      if (!steady) this.steady = false;
      const offset = this.#standing.get(folded);
      if (offset !== undefined) this.#message.standsAt(target, offset);
      if (!this.#putAddresses(target, node)) this.trimmed = true;
    }
  }

  /** Puts the A and AAAA rrsets, each whole or not at all; false when one does not fit. */
  #putAddresses(owner: Name, node: Node | null): boolean {
    if (node === null) return true;
    const a = node.rrset(RRType.A);
    const aaaa = node.rrset(RRType.AAAA);
    const hasA = this.#putExtra(owner, a);
    const hasAaaa = this.#putExtra(owner, aaaa);
    this.#noteNode(node, Math.max(a?.ttl ?? 0, aaaa?.ttl ?? 0));
    return hasA && hasAaaa;
  }

  #putExtra(owner: Name, rrset: StoredRRset | null): boolean {
    if (rrset === null) return true;
    if (rrset.size * recordOverhead > this.#room()) return false;
    const mark = this.#message.mark();
    for (let i = 0; i < rrset.size; i++) {
      if (this.#message.record(owner, rrset.type, rrset.ttl, rrset.rdata(i))) continue;
      this.#message.rewind(mark);
      return false;
    }
    return true;
  }

  /** Octets that are left. */
  #room(): number {
    return this.#limit - this.#message.length;
  }

  /** Notes what the records that were put point to. */
  #noteTargets({ owner, rrset }: PlacedRRset): void {
    if (!pointsToAddresses(rrset.type)) return;
    const { indexes, length } = this.#order;
    for (let i = 0; i < length; i++) {
      const name = addressedName(owner, rrset.type, rrset.rdata(indexes[i]!));
      if (name === null) continue;
      const folded = foldName(name);
      if (this.#targets.has(folded)) continue;
      this.#targets.set(folded, name);
      // The target ends an SRV record, uncompressed: its addresses need not look for a name to point to.
      if (rrset.type === RRType.SRV) this.#standing.set(folded, this.#ends[i]! - name.length);
    }
  }

  #noteNode(node: Node | null, ttl: number): void {
    if (node === null) return;
    this.nodes.push(node);
    this.ttls.push(ttl);
  }
}

/** Types whose records are equals among which clients are to be spread. */
function isBalanced(type: number): boolean {
  return type === RRType.SRV || type === RRType.A || type === RRType.AAAA;
}

/** Subsets of different names have nothing to do with each other. */
function seedOf(client: number, owner: Name): number {
  return hashOctets(foldName(owner), client);
}
