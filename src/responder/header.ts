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
  { request, start, reply, replyStart }: Exchange,
  query: Query,
  flags: number,
  answers: number,
  authorities: number,
  additionals: number,
): number {
  reply[replyStart] = request[start]!;
  reply[replyStart + 1] = request[start + 1]!;
  writeUint16(reply, replyStart + 2, flags);
  writeUint16(reply, replyStart + 4, query.hasQuestion ? 1 : 0);
  writeUint16(reply, replyStart + 6, answers);
  writeUint16(reply, replyStart + 8, authorities);
  writeUint16(reply, replyStart + 10, additionals);
  if (!query.hasQuestion) return headerLength;
  const shift = replyStart + headerLength - query.questionStart;
  for (let i = query.questionStart; i < query.questionEnd; i++) reply[i + shift] = request[i]!;
  return headerLength + query.questionEnd - query.questionStart;
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
  const wholeWords = length >> 2;
  for (let i = 0; i < wholeWords; i++) replyView.setInt32(at + 4 * i, words[from + i]!, isLittleEndian);
  const rest = words[from + wholeWords]!;
  for (let i = 4 * wholeWords; i < length; i++) {
    const octet = isLittleEndian ? i % 4 : 3 - (i % 4);
    reply[at + i] = rest >> (8 * octet);
  }
}

const isLittleEndian = endianness() === 'LE';
