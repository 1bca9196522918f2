/**
 * Writes a reply into the room there is. What does not fit is left out in this order: additional records, an rrset at a
 * time, without a word (RFC 2181 section 9); glue that a referral needs, with TC (RFC 9471 section 3.1); records of the
 * answer, with TC. Those that stay are the same for a client each time: its picture of a service does not flicker.
 */
import { hashBytes, hashOctets } from '../runtime/hash.ts';
import { RRClass, RRType, Rcode } from '../wire/codes.ts';
import { maxPointerTarget } from '../wire/compression.ts';
import { headerLength } from '../wire/flags.ts';
import { FoldedName } from '../wire/folded-name.ts';
import { type Name, foldName, isAtOrBelow } from '../wire/name.ts';
import { MessageWriter, Section } from '../wire/writer.ts';
import type { Node } from '../zone/node.ts';
import type { StoredRRset } from '../zone/rrset.ts';
import type { Zone } from '../zone/zone.ts';
import { addressedName, findAddresses, findServerAddresses, linkedNode, pointsToAddresses } from './additional.ts';
import type { Exchange } from './exchange.ts';
import { replyFlags } from './header.ts';
import { NegativeCopier, negativeSoa } from './negative.ts';
import { RecordOrder, recordOverhead } from './order.ts';
import type { Query } from './query.ts';
import type { PlacedRRset, Referral, Reply } from './reply.ts';

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
  /** How many of these there are; behind them stands what earlier replies left. */
  nodeCount = 0;

  readonly #message = new MessageWriter();
  readonly #order = new RecordOrder();
  /** Where the records of the last rrset end in the message. */
  readonly #ends: number[] = [];
  /** Numbers the additional sections, for `Node.addedTo`; one zone has one writer. */
  #additions = 0;
  readonly #made = new Set<Name>();
  #madeIn = 0;
  readonly #negatives = new NegativeCopier();
  readonly #seed: number;
  #limit = 0;
  #class: number = RRClass.IN;

  /** Which subsets clients get depends on `seed`. */
  constructor(seed: number) {
    this.#seed = seed;
  }

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

  /**
   * Writes all but the OPT record to `exchange.reply` and returns the number of octets, at most `query.room`. For `turn`
   * and `phase` see RecordOrder.spread.
   */
  write(exchange: Exchange, query: Query, reply: Reply, turn: number, phase: number): number {
    this.#begin(query, reply);
    if (reply.negative !== null && reply.answer.length === 0) {
      const length = this.#negatives.copy(exchange, query, reply, reply.negative);
      if (length > 0) return length;
    }
    this.#beginMessage(exchange, query, reply);
    const last = this.#putAnswer(exchange, reply, turn, phase);
    if (!this.truncated && reply.negative !== null) this.#putAuthority(negativeSoa(reply.negative));
    if (!this.truncated && reply.referral !== null) this.#putReferral(reply.referral);
    if (!this.truncated && last !== null && reply.zone !== null) this.#putAdditional(last, reply.zone);
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
    this.nodeCount = 0;
    this.#limit = query.room;
    this.#class = query.class === RRClass.CH ? RRClass.CH : RRClass.IN;
  }

  #beginMessage(exchange: Exchange, query: Query, { answer }: Reply): void {
    this.#message.begin(exchange.reply, exchange.replyStart, query.room);
    this.#message.copyQuestion(exchange.request, query.questionStart, query.questionEnd);
    const owner = answer[0]?.owner;
    // One that is shorter is the owner of a DNAME record.
    if (owner !== undefined && owner.length > 1 && owner.length === query.qname.length) {
      this.#message.standsAt(owner, headerLength);
    }
  }

  /** Returns the last rrset, of which `#order` has the records. */
  #putAnswer(exchange: Exchange, { answer }: Reply, turn: number, phase: number): PlacedRRset | null {
    this.#message.section(Section.answer);
    let last: PlacedRRset | null = null;
    for (let i = 0; i < answer.length; i++) {
      last = answer[i]!;
      if (this.#putWhole(exchange, last, turn, phase)) continue;
      this.#putSubset(exchange, last);
      break;
    }
    return last;
  }

  /** Puts the rrset, or as much of it as its name's limit allows; false, and nothing is put, when that does not fit. */
  #putWhole(exchange: Exchange, placed: PlacedRRset, turn: number, phase: number): boolean {
    const { owner, rrset, node } = placed;
    const limit = isBalanced(rrset.type) ? (node?.mark?.limit ?? Infinity) : Infinity;
    const count = Math.min(rrset.size, limit);
    if (count * recordOverhead > this.#room()) return false;
    if (count < rrset.size) {
      this.personal = true;
      this.#order.draw(rrset, this.#seedOf(exchange, owner), this.#room(), count);
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
    this.#noteNode(placed.node, placed.ttl);
    return true;
  }

  /** Puts as many of the rrset's records as fit, drawn for the client. */
  #putSubset(exchange: Exchange, placed: PlacedRRset): void {
    this.truncated = true;
    this.personal = true;
    this.#order.draw(placed.rrset, this.#seedOf(exchange, placed.owner), this.#room(), Infinity);
    this.#putRecords(placed);
    this.#noteNode(placed.node, placed.ttl);
  }

  /** Stands for the client and the name: the same number, the same subset. Those of two names have nothing in common. */
  #seedOf({ peer, peerStart }: Exchange, owner: Name): number {
    return hashOctets(foldName(owner), hashBytes(peer, peerStart, 16, this.#seed));
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

  #putReferral({ zone, cut, servers }: Referral): void {
    this.#putAuthority({ owner: cut.name, rrset: servers, ttl: servers.ttl, node: cut });
    if (this.truncated) return;
    this.#message.section(Section.additional);
    // RFC 9471 section 3.1: addresses of name servers at and below the cut must all be there; others are welcome.
    for (const required of [true, false]) {
      for (let i = 0; i < servers.size; i++) {
        const name = servers.rdata(i);
        if (isAtOrBelow(foldName(name), cut.name) !== required) continue;
        const whole = this.#putAddresses(name, findServerAddresses(zone, sought.take(name)));
        if (!whole && required) this.truncated = true;
      }
    }
  }

  /** Puts the addresses of what the records that were put last point to, each once. */
  #putAdditional({ owner, rrset }: PlacedRRset, zone: Zone): void {
    if (!pointsToAddresses(rrset.type)) return;
    this.#message.section(Section.additional);
    this.#additions += 1;
    const { indexes, length } = this.#order;
    for (let i = 0; i < length; i++) {
      const node = linkedNode(zone, rrset, indexes[i]!);
      if (node === null) this.#searchTarget(owner, rrset, i, zone);
      else if (this.#isNew(node)) this.#putTarget(owner, rrset, i, node, node.name);
    }
  }

  #searchTarget(owner: Name, rrset: StoredRRset, i: number, zone: Zone): void {
    const index = this.#order.indexes[i]!;
    const target = addressedName(owner, rrset.type, rrset.rdata(index));
    if (target === null) return;
    const { node, isOwn, steady } = findAddresses(zone, sought.take(target));
    if (!steady) this.steady = false;
    if (node === null) return;
    if (isOwn) rrset.linkTo(index, node);
    if (isOwn ? this.#isNew(node) : this.#isNewName(sought.name())) this.#putTarget(owner, rrset, i, node, target);
  }

  /** Puts the addresses that `node` has for `name`, the target of the `i`-th record. */
  #putTarget(owner: Name, rrset: StoredRRset, i: number, node: Node, name: Name): void {
    let shown = name;
    // The target ends an SRV record, uncompressed: its addresses can point there, and need no name of their own.
    const offset = rrset.type === RRType.SRV ? this.#ends[i]! - name.length : 0;
    if (offset > 0 && offset <= maxPointerTarget) this.#message.standsAt(name, offset);
    else shown = addressedName(owner, rrset.type, rrset.rdata(this.#order.indexes[i]!))!;
    if (!this.#putAddresses(shown, node)) this.trimmed = true;
  }

  /** True the first time that it is called for a node in a reply. */
  #isNew(node: Node): boolean {
    if (node.addedTo === this.#additions) return false;
    node.addedTo = this.#additions;
    return true;
  }

  /** The same for a name that was made from a wildcard: several may have one node. */
  #isNewName(folded: Name): boolean {
    if (this.#madeIn !== this.#additions) this.#made.clear();
    this.#madeIn = this.#additions;
    if (this.#made.has(folded)) return false;
    this.#made.add(folded);
    return true;
  }

  /** Puts the A and AAAA rrsets, all or none of it; false when they do not fit. */
  #putAddresses(owner: Name, node: Node | null): boolean {
    if (node === null) return true;
    const a = node.rrset(RRType.A);
    const aaaa = node.rrset(RRType.AAAA);
    const mark = this.#message.mark();
    const fits = this.#putExtra(owner, a) && this.#putExtra(owner, aaaa);
    if (!fits) this.#message.rewind(mark);
    this.#noteNode(node, Math.max(a?.ttl ?? 0, aaaa?.ttl ?? 0));
    return fits;
  }

  /** False when the rrset does not fit; a part of it may have been put then. */
  #putExtra(owner: Name, rrset: StoredRRset | null): boolean {
    if (rrset === null) return true;
    if (rrset.size * recordOverhead > this.#room()) return false;
    for (let i = 0; i < rrset.size; i++) {
      if (!this.#message.record(owner, rrset.type, rrset.ttl, rrset.rdata(i))) return false;
    }
    return true;
  }

  /** Octets that are left. */
  #room(): number {
    return this.#limit - this.#message.length;
  }

  #noteNode(node: Node | null, ttl: number): void {
    if (node === null) return;
    this.nodes[this.nodeCount] = node;
    this.ttls[this.nodeCount] = ttl;
    this.nodeCount += 1;
  }
}

/** The name that is looked for at the moment. */
const sought = new FoldedName();

/** Types whose records are equals among which clients are to be spread. */
function isBalanced(type: number): boolean {
  return type === RRType.SRV || type === RRType.A || type === RRType.AAAA;
}
