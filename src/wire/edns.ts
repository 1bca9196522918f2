/** EDNS(0): the OPT record and its options (RFC 6891 section 6.1), extended errors among them (RFC 8914). */
import { WireError } from './error.ts';
import { type Octets, uint16At, uint16Octets } from './octets.ts';

export interface EdnsOption {
  readonly code: number;
  readonly data: Octets;
}

export interface Edns {
  /** Octets of UDP payload the sender takes, as it said it; less than 512 means 512 (RFC 6891 section 6.2.3). */
  readonly payloadSize: number;
  /** The upper eight bits of the rcode. */
  readonly extendedRcode: number;
  readonly version: number;
  readonly dnssecOk: boolean;
  /** In the order they came in; codes may repeat. */
  readonly options: readonly EdnsOption[];
}

export const dnssecOkFlag = 0x8000;

/**
 * An OPT record's meaning from its class, TTL and rdata. Throws WireError where an option does not fit into the rdata.
 */
export function decodeEdns(payloadSize: number, ttl: number, rdata: Octets): Edns {
  return {
    payloadSize,
    extendedRcode: ttl >>> 24,
    version: (ttl >>> 16) & 0xff,
    dnssecOk: (ttl & dnssecOkFlag) !== 0,
    options: decodeOptions(rdata),
  };
}

/** The TTL field of an OPT record; of `rcode` the upper eight bits count. */
export function optTtl(rcode: number, version = 0, dnssecOk = false): number {
  return (((rcode >> 4) << 24) | (version << 16) | (dnssecOk ? dnssecOkFlag : 0)) >>> 0;
}

export function decodeOptions(rdata: Octets): EdnsOption[] {
  const options: EdnsOption[] = [];
  for (let at = 0; at < rdata.length; ) {
    const end = at + 4 + (at + 4 <= rdata.length ? uint16At(rdata, at + 2) : 0);
    if (end > rdata.length) throw new WireError('bad-option', at, 'an EDNS option longer than the OPT record');
    options.push({ code: uint16At(rdata, at), data: rdata.slice(at + 4, end) as Octets });
    at = end;
  }
  return options;
}

export function encodeOption(code: number, data: Octets): Octets {
  return (uint16Octets(code) + uint16Octets(data.length) + data) as Octets;
}

/** The data of the first option of that code; undefined where there is none. */
export function findOption(options: readonly EdnsOption[], code: number): Octets | undefined {
  return options.find((option) => option.code === code)?.data;
}

/** An extended error (RFC 8914 section 2); `text` in UTF-8 for people, may be empty. */
export interface ExtendedErrorOption {
  readonly infoCode: number;
  readonly text: string;
}

/** Null where the data is too short for its code. */
export function decodeExtendedError(data: Octets): ExtendedErrorOption | null {
  if (data.length < 2) return null;
  // A zero octet may end the text (RFC 8914 section 2).
  const text = Buffer.from(data.slice(2), 'latin1').toString('utf8').replace(/\0$/, '');
  return { infoCode: uint16At(data, 0), text };
}
