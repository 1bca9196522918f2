/** Negative answers (RFC 2308): the SOA record says that there is nothing, and for how long that may be believed. */
import { ExtendedError, RRType, Rcode } from '../wire/codes.ts';
import { headerLength } from '../wire/flags.ts';
import { type Octets, uint32At } from '../wire/octets.ts';
import { MessageWriter, Section } from '../wire/writer.ts';
import type { StoredRRset } from '../zone/rrset.ts';
import type { Zone } from '../zone/zone.ts';
import type { Exchange } from './exchange.ts';
import { replyFlags, writeHead, writeUint16, writeWords } from './header.ts';
import type { Query } from './query.ts';
import type { PlacedRRset, Reply } from './reply.ts';

/** Makes `reply` a negative one of `zone`. */
export function putNegative(reply: Reply, zone: Zone): void {
  reply.steady = false;
  if (zone.soa !== null) {
    reply.negative = zone;
    return;
  }
  // Without an SOA record resolvers could not tell this from a referral to nowhere.
  reply.rcode = Rcode.SERVFAIL;
  reply.authoritative = false;
  reply.extendedError = { infoCode: ExtendedError.NotReady, text: 'the zone has no SOA record' };
}

/** The SOA record for the authority section, of a zone that has one. */
export function negativeSoa({ apex, soa }: Zone): PlacedRRset {
  const rrset = soa!;
  const rdata = rrset.rdata(0);
  // RFC 2308 sections 3 and 5: MINIMUM is the TTL of negative answers, but never more than that of the record itself.
  const minimum = uint32At(rdata, rdata.length - 4);
  return { owner: apex, rrset, ttl: Math.min(rrset.ttl, minimum), node: null };
}

/** Copies negative answers: a flood of names that do not exist must be cheap to answer. Made once. */
export class NegativeCopier {
  readonly #tails = new WeakMap<Zone, NegativeTail>();
  /** The one used last: most negative answers are of the zone that the one before was of. */
  #tail: NegativeTail | null = null;

  /**
   * Writes the header, question and SOA record of `reply`, negative for `zone`; returns the number of octets, 0 if they
   * do not fit.
   */
  copy(exchange: Exchange, query: Query, reply: Reply, zone: Zone): number {
    const tail = this.#tailOf(zone);
    const flags = replyFlags(query.flags, reply.authoritative, false, reply.rcode);
    const length = writeHead(exchange, query, flags, 0, 1, 0);
    if (length + tail.length > query.room) return 0;
    tail.write(exchange, exchange.replyStart + length, query.qname.length);
    return length + tail.length;
  }

  #tailOf(zone: Zone): NegativeTail {
    let tail = this.#tail?.soa === zone.soa ? this.#tail : this.#tails.get(zone);
    if (!tail?.isOf(zone)) this.#tails.set(zone, (tail = new NegativeTail(zone)));
    this.#tail = tail;
    return tail;
  }
}

/** The SOA record of a zone's negative answers as octets that go behind any question for a name of the zone. */
class NegativeTail {
  /** Not the zone, which would be kept in memory with all its nodes after it was dropped. */
  readonly soa: StoredRRset;
  readonly length: number;
  readonly #words: Int32Array;
  readonly #rdata: Octets;
  readonly #ttl: number;
  /** Where in `octets` the compression pointers are, and where they go behind a question for the apex itself. */
  readonly #pointers: readonly { readonly at: number; readonly target: number }[];
  readonly #apexLength: number;

  /** Of a zone that has an SOA record. */
  constructor(zone: Zone) {
    const { owner, rrset, ttl } = negativeSoa(zone);
    this.soa = rrset;
    this.#rdata = rrset.rdata(0);
    this.#ttl = rrset.ttl;
    this.#apexLength = owner.length;
    const buffer = Buffer.alloc(headerLength + owner.length + 4 + 1 + 10 + this.#rdata.length);
    const message = new MessageWriter();
    message.begin(buffer);
    message.question(owner, RRType.SOA);
    const start = message.length;
    message.section(Section.authority);
    message.record(owner, RRType.SOA, ttl, this.#rdata);
    const octets = buffer.subarray(start, message.finish());
    this.length = octets.length;
    this.#words = new Int32Array(Math.ceil(octets.length / 4));
    new Uint8Array(this.#words.buffer).set(octets);
    this.#pointers = findPointers(octets);
  }

  /** True while the zone's SOA record is the one this was made of: its serial moves with every change. */
  isOf({ soa }: Zone): boolean {
    return soa === this.soa && soa.rdata(0) === this.#rdata && soa.ttl === this.#ttl;
  }

  /** Writes the octets to the reply at `at`, behind a question whose name has `nameLength` octets. */
  write(exchange: Exchange, at: number, nameLength: number): void {
    writeWords(exchange, at, this.#words, 0, this.length);
    // All that they go to, the end of the name in the question or the record itself, stands so much further back.
    const shift = nameLength - this.#apexLength;
    for (const pointer of this.#pointers) writeUint16(exchange.reply, at + pointer.at, 0xc000 | (pointer.target + shift));
  }
}

/** The pointers in the owner name and the two names at the beginning of the rdata. */
function findPointers(octets: Uint8Array): { at: number; target: number }[] {
  const pointers: { at: number; target: number }[] = [];
  let at = 0;
  for (const fieldsBehind of [10, 0, 0]) {
    while (octets[at]! > 0 && octets[at]! < 0xc0) at += octets[at]! + 1;
    if (octets[at] === 0) {
      at += 1;
    } else {
      pointers.push({ at, target: ((octets[at]! & 0x3f) << 8) | octets[at + 1]! });
      at += 2;
    }
    at += fieldsBehind;
  }
  return pointers;
}
