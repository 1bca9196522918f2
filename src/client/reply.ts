/** What the client takes from a DNS reply, however it was got: own queries, node:dns, or a script of a test. */

/** Numbers of the record types that the client reads (RFC 1035 section 3.2.2, RFC 3596, RFC 2782). */
export const recordTypes = { A: 1, CNAME: 5, SOA: 6, AAAA: 28, SRV: 33 } as const;

export type QuestionType = 'SRV' | 'A' | 'AAAA';

interface Owned {
  /** In lower case, without the final dot; the root is ''. */
  readonly owner: string;
  readonly ttlMs: number;
}
export interface SrvReply extends Owned {
  readonly type: 'SRV';
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Like `owner`; '' says that the service is not available (RFC 2782). */
  readonly target: string;
}
export interface AddressReply extends Owned {
  readonly type: 'A' | 'AAAA';
  readonly address: string;
}
export interface CnameReply extends Owned {
  readonly type: 'CNAME';
  readonly target: string;
}
export type ReplyRecord = SrvReply | AddressReply | CnameReply;

/** An answer that may be believed: NOERROR or NXDOMAIN. */
export interface Reply {
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
  /**
   * True when the server that answered is the source of the data, so that TTLs begin now (RFC 1035 section 4.1.1, AA).
   */
  readonly authoritative: boolean;
  readonly answers: readonly ReplyRecord[];
  readonly additionals: readonly ReplyRecord[];
  /** For how long the absence of records may be remembered (RFC 2308 section 5); null where the reply does not say. */
  readonly negativeTtlMs: number | null;
}

/** Asks one question of the servers. Rejects with `SrvError` when none of them gave an answer. */
export type Ask = (name: string, type: QuestionType, signal: AbortSignal) => Promise<Reply>;
