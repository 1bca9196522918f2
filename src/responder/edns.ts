/** Reads the records behind the question of a query, which come down to its OPT record (RFC 6891), in place. */
import { OptionCode, RRType } from '../wire/codes.ts';
import { dnssecOkFlag } from '../wire/edns.ts';
import { skipName } from '../wire/name.ts';
import { clientCookieLength } from './cookies.ts';
import type { Query } from './query.ts';

/**
 * Reads the records from `start` on: `skipped` that mean nothing to us, then the `additionals` with, perhaps, an OPT
 * record. False when they are malformed, or there are two OPT records (RFC 6891 section 6.1.1).
 */
export function readRecords(
  query: Query,
  request: Buffer,
  start: number,
  end: number,
  skipped: number,
  additionals: number,
): boolean {
  let at = start;
  for (let i = 0; i < skipped + additionals; i++) {
    const fields = skipName(request, at, end);
    if (fields + 10 > end) return false;
    const rdata = fields + 10;
    const rdataEnd = rdata + request.readUInt16BE(fields + 8);
    if (rdataEnd > end) return false;
    if (i >= skipped && request.readUInt16BE(fields) === RRType.OPT) {
      // The owner is the root, one octet.
      if (query.hasOpt || fields !== at + 1) return false;
      readOpt(query, request, fields);
      if (!readOptions(query, request, rdata, rdataEnd)) return false;
    }
    at = rdataEnd;
  }
  return true;
}

function readOpt(query: Query, request: Buffer, fields: number): void {
  query.hasOpt = true;
  query.payloadSize = request.readUInt16BE(fields + 2);
  query.version = request[fields + 5]!;
  query.dnssecOk = (request.readUInt16BE(fields + 6) & dnssecOkFlag) !== 0;
}

/**
 * False when an option does not fit into the record, or breaks its own format. Unknown options are passed over.
 */
function readOptions(query: Query, request: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    if (at + 4 > end) return false;
    const code = request.readUInt16BE(at);
    const length = request.readUInt16BE(at + 2);
    at += 4;
    if (at + length > end) return false;
    if (code === OptionCode.NSID) query.wantsNsid = true;
    else if (code === OptionCode.KEEPALIVE) query.wantsKeepalive = true;
    else if (code === OptionCode.COOKIE && query.cookieLength === 0) {
      // RFC 7873 section 5.2.2.
      if (length !== clientCookieLength && (length < 16 || length > 40)) return false;
      query.cookieStart = at;
      query.cookieLength = length;
    }
    at += length;
  }
  return true;
}
