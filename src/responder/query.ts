/** A query as the stages see it. One is made and filled anew for each query, so that they leave no garbage. */
import type { ExtendedErrorOption } from '../wire/edns.ts';
import { FoldedName } from '../wire/folded-name.ts';

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
  readonly qname = new FoldedName();
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

  begin(flags: number): void {
    this.flags = flags;
    this.hasQuestion = false;
    this.hasOpt = false;
    this.wantsNsid = false;
    this.wantsKeepalive = false;
    this.cookieLength = 0;
    this.extendedError = null;
  }

  /**
   * Reads the question at `start` of `request[.., end)`; false when it is none. A name in a question is never
   * compressed: nothing stands before it that it could point to.
   */
  readQuestion(request: DataView, start: number, end: number): boolean {
    const at = this.qname.read(request, start, end);
    if (at < 0) return false;
    this.type = request.getUint16(at);
    this.class = request.getUint16(at + 2);
    this.hash = this.qname.hashWith(this.type);
    this.questionStart = start;
    this.questionEnd = at + 4;
    this.hasQuestion = true;
    return true;
  }
}
