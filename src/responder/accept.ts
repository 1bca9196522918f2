/**
 * Judges a message before any work is done for it (RFC 1035 section 4.1.1, RFC 8906): which is dropped, which is
 * refused with an error code, which is a query to answer. All rules on bad messages stand here.
 */
import { ExtendedError, Opcode, RRClass, RRType, Rcode } from '../wire/codes.ts';
import { Flag, headerLength, opcodeOf } from '../wire/flags.ts';
import { readRecords } from './edns.ts';
import type { Exchange } from './exchange.ts';
import { readUint16 } from './header.ts';
import type { Query } from './query.ts';

/** No reply is sent. */
export const dropped = -1;

/** Reads the message into `query`; returns NOERROR for a query to answer, the rcode for one to refuse, or `dropped`. */
export function accept(exchange: Exchange, query: Query): number {
  const { request, start, end } = exchange;
  if (end - start < headerLength) return dropped;
  query.begin(readUint16(request, start + 2));
  // Two servers that answered each other's responses would never stop.
  if ((query.flags & Flag.QR) !== 0) return dropped;
  const formatError = readMessage(exchange, query);
  // What follows the header is for the opcode to say, so an opcode that we lack is reported first.
  if (opcodeOf(query.flags) !== Opcode.QUERY) return refuse(query, Rcode.NOTIMP, ExtendedError.NotSupported);
  if (formatError) return Rcode.FORMERR;
  // RFC 6891 section 6.1.3: before anything is done that another version may mean otherwise.
  if (query.hasOpt && query.version > 0) return Rcode.BADVERS;
  if (!query.hasQuestion) return Rcode.NOERROR;
  if (query.class !== RRClass.IN && query.class !== RRClass.ANY && query.class !== RRClass.CH) {
    return refuse(query, Rcode.REFUSED, ExtendedError.NotAuthoritative);
  }
  // RFC 5936 section 4.2: AXFR over UDP means nothing. Nobody is allowed a transfer over TCP.
  if (query.type === RRType.AXFR && exchange.transport === 'udp') {
    return refuse(query, Rcode.NOTIMP, ExtendedError.NotSupported);
  }
  if (query.type === RRType.AXFR || query.type === RRType.IXFR) {
    return refuse(query, Rcode.REFUSED, ExtendedError.Prohibited);
  }
  return Rcode.NOERROR;
}

/** Reads all sections; true when the message is malformed. Octets after the last record are not looked at. */
function readMessage({ request, requestView, start, end }: Exchange, query: Query): boolean {
  const questions = readUint16(request, start + 4);
  const answers = readUint16(request, start + 6);
  const authorities = readUint16(request, start + 8);
  const additionals = readUint16(request, start + 10);
  // RFC 9619 section 4.
  if (questions > 1) return true;
  if (questions === 1 && !query.readQuestion(requestView, start + headerLength, end)) return true;
  const recordsStart = questions === 1 ? query.questionEnd : start + headerLength;
  if (!readRecords(query, request, recordsStart, end, answers + authorities, additionals)) return true;
  // A query has records only in its additional section, and for IXFR an SOA record (RFC 1995 section 3).
  if (answers > 0 || authorities > (query.hasQuestion && query.type === RRType.IXFR ? 1 : 0)) return true;
  // RFC 7873 section 5.4: a client may ask for nothing but a cookie.
  return questions === 0 && query.cookieLength === 0;
}

function refuse(query: Query, rcode: number, infoCode: number): number {
  query.extendedError = { infoCode, text: '' };
  return rcode;
}
