/** The header of replies (RFC 1035 section 4.1.1), and replies that are little more. */
import { endianness } from 'node:os';
import { Flag, flagsWith, headerLength, opcodeOf } from '../wire/flags.ts';
import type { Exchange } from './exchange.ts';
import type { Query } from './query.ts';

/**
 * The second word of the reply to a query with the flags `asked`. RD comes back as it was. RA is clear: we do not
 * recurse. AD and CD are clear: we vouch for our own data only (RFC 4035 section 3.1.6, RFC 6840 section 5.8). Z is
 * clear (RFC 6895 section 2.1).
 */
export function replyFlags(asked: number, authoritative: boolean, truncated: boolean, rcode: number): number {
  const flags = Flag.QR | (asked & Flag.RD) | (authoritative ? Flag.AA : 0) | (truncated ? Flag.TC : 0);
  return flagsWith(flags, opcodeOf(asked), rcode);
}

/**
 * Writes the header, with so many records in each section, and, as it was asked, the question; returns how many octets
 * that are.
 */
export function writeHead(
  exchange: Exchange,
  query: Query,
  flags: number,
  answers: number,
  authorities: number,
  additionals: number,
): number {
  const { request, start, reply, replyStart } = exchange;
  reply[replyStart] = request[start]!;
  reply[replyStart + 1] = request[start + 1]!;
  writeUint16(reply, replyStart + 2, flags);
  writeUint16(reply, replyStart + 4, query.hasQuestion ? 1 : 0);
  writeUint16(reply, replyStart + 6, answers);
  writeUint16(reply, replyStart + 8, authorities);
  writeUint16(reply, replyStart + 10, additionals);
  if (!query.hasQuestion) return headerLength;
  const { qname, type } = query;
  writeWords(exchange, replyStart + headerLength, qname.given, 0, qname.length);
  const end = writeUint16(reply, replyStart + headerLength + qname.length, type);
  writeUint16(reply, end, query.class);
  return end + 2 - replyStart;
}

/** Writes a reply without records; returns its length in octets. */
export function writeEmptyReply(exchange: Exchange, query: Query, rcode: number): number {
  return writeHead(exchange, query, replyFlags(query.flags, false, false, rcode), 0, 0, 0);
}

/** Takes the records out of a reply and sets TC; returns its length in octets. */
export function truncateReply(exchange: Exchange, query: Query): number {
  const flags = exchange.reply.readUInt16BE(exchange.replyStart + 2);
  return writeHead(exchange, query, flags | Flag.TC, 0, 0, 0);
}

/** How many records the answer section of the reply has. */
export function answerCount({ reply, replyStart }: Exchange): number {
  return reply.readUInt16BE(replyStart + 6);
}

/** Counts one record more in the additional section. */
export function countAdditional({ reply, replyStart }: Exchange): void {
  writeUint16(reply, replyStart + 10, reply.readUInt16BE(replyStart + 10) + 1);
}

/** The number in network order at `offset`. */
export function readUint16(octets: Uint8Array, offset: number): number {
  return (octets[offset]! << 8) | octets[offset + 1]!;
}

/**
 * Writes a number in network order and returns the offset after it. Buffer's own method would check what is known here.
 */
export function writeUint16(buffer: Buffer, offset: number, value: number): number {
  buffer[offset] = value >> 8;
  buffer[offset + 1] = value & 0xff;
  return offset + 2;
}

export function writeUint32(buffer: Buffer, offset: number, value: number): number {
  return writeUint16(buffer, writeUint16(buffer, offset, value >>> 16), value & 0xffff);
}

/**
 * Writes `length` octets that stand in `words` from index `from` on: whole words, which takes a fourth of the time, and
 * what is left.
 */
export function writeWords(
  { reply, replyView }: Exchange,
  at: number,
  words: Int32Array,
  from: number,
  length: number,
): void {
  const fours = length >> 4;
  copyWords(replyView, at, words, from, 4 * fours);
  let i = 16 * fours;
  for (; i + 4 <= length; i += 4) replyView.setInt32(at + i, words[from + (i >> 2)]!, isLittleEndian);
  const rest = words[from + (i >> 2)]!;
  for (; i < length; i++) {
    const octet = isLittleEndian ? i % 4 : 3 - (i % 4);
    reply[at + i] = rest >> (8 * octet);
  }
}

/** Octets behind what `copyWords` writes that it may overwrite. */
export const octetsOverrun = 16;

/**
 * Writes `count` words that stand in `words` from index `from` on, and up to three more: four at a time take half of the
 * time.
 */
export function copyWords(view: DataView, at: number, words: Int32Array, from: number, count: number): void {
  for (let i = 0; i < count; i += 4) {
    const first = words[from + i]!;
    const second = words[from + i + 1]!;
    const third = words[from + i + 2]!;
    const fourth = words[from + i + 3]!;
    view.setInt32(at + 4 * i, first, isLittleEndian);
    view.setInt32(at + 4 * i + 4, second, isLittleEndian);
    view.setInt32(at + 4 * i + 8, third, isLittleEndian);
    view.setInt32(at + 4 * i + 12, fourth, isLittleEndian);
  }
}

const isLittleEndian = endianness() === 'LE';
