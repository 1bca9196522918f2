/** A query as the stages see it. One is made and filled anew for each query, so that they leave no garbage. */
import { type Name, foldedOctet, maxLabelLength, maxNameLength } from '../wire/name.ts';
import { octetsOf } from '../wire/octets.ts';
import { fnvPrime } from '../runtime/hash.ts';
import type { ExtendedErrorOption } from '../wire/edns.ts';

export class Query {
  /** The header's second word as it came. */
  flags = 0;
  /** True once the question is read, so that a reply can repeat it. */
  hasQuestion = false;
  /** The question's octets in the request: [questionStart, questionEnd). */
  questionStart = 0;
  questionEnd = 0;
  type = 0;
  class = 0;
  /** The name in wire form, folded: the first `nameLength` octets, and zeros up to the next whole word. */
  readonly folded = Buffer.from(new ArrayBuffer(maxNameLength + 1));
  /** The same memory, to compare four octets at once. */
  readonly foldedWords = new Int32Array(this.folded.buffer);
  nameLength = 0;
  /** Over the folded name and the type. */
  hash = 0;

  /** True when there is an OPT record; the following hold only then. */
  hasOpt = false;
  version = 0;
  /** Octets of UDP payload that the client takes, as it said it. */
  payloadSize = 0;
  dnssecOk = false;
  wantsNsid = false;
  wantsKeepalive = false;
  /** Where the data of the COOKIE option are in the request, and how many octets; 0 without. */
  cookieStart = 0;
  cookieLength = 0;

  /** Why it is refused, for clients with EDNS; null without a reason to give. */
  extendedError: ExtendedErrorOption | null = null;
  /** Octets that the reply may have, and that it may have without its OPT record. */
  limit = 0;
  room = 0;

  readonly #seed: number;

  /** `seed` keeps hashes from being foreseen. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  begin(flags: number): void {
    this.flags = flags;
    this.hasQuestion = false;
    this.hasOpt = false;
    this.wantsNsid = false;
    this.wantsKeepalive = false;
    this.cookieLength = 0;
    this.extendedError = null;
  }

  /** The name of the question, folded. */
  get name(): Name {
    return octetsOf(this.folded, 0, this.nameLength);
  }

  /**
   * Reads the question at `start` of `request[.., end)`; false when it is none. A name in a question is never
   * compressed: nothing stands before it that it could point to.
   */
  readQuestion(request: Buffer, start: number, end: number): boolean {
    const folded = this.folded;
    let hash = this.#seed;
    let at = start;
    let length = 0;
    for (;;) {
      const labelLength = at < end ? request[at]! : maxNameLength;
      if (labelLength > maxLabelLength || at + labelLength >= end) return false;
      if (length + labelLength >= maxNameLength) return false;
      const labelEnd = at + labelLength;
      folded[length++] = labelLength;
      hash = Math.imul(hash ^ labelLength, fnvPrime);
      while (at < labelEnd) {
        const octet = foldedOctet[request[++at]!]!;
        folded[length++] = octet;
        hash = Math.imul(hash ^ octet, fnvPrime);
      }
      at += 1;
      if (labelLength === 0) break;
    }
    if (at + 4 > end) return false;
    this.nameLength = length;
    for (let i = length; i % 4 !== 0; i++) folded[i] = 0;
    this.type = (request[at]! << 8) | request[at + 1]!;
    this.class = (request[at + 2]! << 8) | request[at + 3]!;
    this.hash = Math.imul(hash ^ this.type, fnvPrime);
    this.questionStart = start;
    this.questionEnd = at + 4;
    this.hasQuestion = true;
    return true;
  }
}
