/**
 * Rdata of any type: from text to octets and back, out of a message, and its validation. What differs by type is
 * formats.ts.
 */
import { printType } from '../codes.ts';
import { PresentationError, WireError } from '../error.ts';
import { foldName, type Name, readName, skipName } from '../name.ts';
import { parseNumber } from '../number.ts';
import { type Octets, octetsOf } from '../octets.ts';
import { type Tokens, tokensOf } from '../tokens.ts';
import { parseHex, printHex } from './binary.ts';
import type { Field } from './field.ts';
import { fieldsOf } from './formats.ts';

export const maxRdataLength = 0xffff;

/**
 * The rdata that text or tokens stand for, all of them. Any type may be written `\# length hex` (RFC 3597 section 5).
 * Throws PresentationError.
 */
export function parseRdata(type: number, text: string | Tokens, origin?: Name): Octets {
  const tokens = typeof text === 'string' ? tokensOf(text, origin) : text;
  const fields = fieldsOf(type);
  const first = tokens.peek();
  if (first?.text === '\\#' && !first.quoted) return parseOpaque(type, tokens);
  if (fields === undefined) {
    const wanted = `\\# and the rdata in hexadecimal, as for any type like ${printType(type)}`;
    throw new PresentationError(first?.text ?? null, wanted);
  }
  let rdata = '';
  for (const field of fields) rdata += field.parse(tokens);
  if (!tokens.done) throw new PresentationError(tokens.next('').text, `nothing after the rdata of ${printType(type)}`);
  if (rdata.length > maxRdataLength) {
    throw new PresentationError(null, `rdata of at most ${maxRdataLength} octets; this has ${rdata.length}`);
  }
  return rdata as Octets;
}

/** The presentation form; of unknown types, and of rdata that breaks its type's format, the generic one. */
export function printRdata(type: number, rdata: Octets): string {
  const fields = fieldsOf(type);
  if (fields === undefined || !isRdata(type, rdata)) return printOpaque(rdata);
  const texts: string[] = [];
  let offset = 0;
  for (const field of fields) {
    const end = field.end(rdata, offset);
    const text = field.print(rdata.slice(offset, end) as Octets);
    if (text !== '') texts.push(text);
    offset = end;
  }
  return texts.join(' ');
}

/** Throws WireError, with an offset in the rdata, unless it has the format of its type to the last octet. */
export function checkRdata(type: number, rdata: Octets): void {
  const fields = fieldsOf(type);
  if (fields === undefined) return;
  let offset = 0;
  for (const field of fields) offset = field.end(rdata, offset);
  if (offset < rdata.length) throw new WireError('bad-rdata', offset, `octets after the rdata of ${printType(type)}`);
}

/**
 * The rdata with its names in lower case: equal records have equal folded rdata (RFC 2181 section 5, RFC 4034 section
 * 6.2).
 */
export function foldRdata(type: number, rdata: Octets): Octets {
  const fields = fieldsOf(type);
  if (!fields?.some((field) => field.name !== undefined)) return rdata;
  let folded = '';
  let offset = 0;
  for (const field of fields) {
    const end = field.end(rdata, offset);
    const octets = rdata.slice(offset, end) as Octets;
    folded += field.name === undefined ? octets : foldName(octets);
    offset = end;
  }
  return folded as Octets;
}

export function isRdata(type: number, rdata: Octets): boolean {
  try {
    checkRdata(type, rdata);
    return true;
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

/**
 * Reads the rdata in `buffer[offset, end)` of a message that begins at `start`, checked and with its names
 * decompressed. Throws WireError with an offset in the message.
 */
export function readRdata(type: number, buffer: Buffer, offset: number, end: number, start = 0): Octets {
  const raw = octetsOf(buffer, offset, end);
  const fields = fieldsOf(type);
  if (fields === undefined) return raw;
  let rdata = '';
  let at = 0;
  for (const field of fields) {
    if (field.name === 'written' || field.name === 'read') {
      rdata += readName(buffer, offset + at, end, start);
      at = skipName(buffer, offset + at, end) - offset;
    } else {
      const next = fieldEnd(field, raw, at, offset - start);
      rdata += raw.slice(at, next);
      at = next;
    }
  }
  if (at < raw.length) {
    throw new WireError('bad-rdata', offset - start + at, `octets after the rdata of ${printType(type)}`);
  }
  return rdata as Octets;
}

function fieldEnd(field: Field, rdata: Octets, at: number, rdataOffset: number): number {
  try {
    return field.end(rdata, at);
  } catch (error) {
    throw error instanceof WireError ? error.movedBy(rdataOffset) : error;
  }
}

function parseOpaque(type: number, tokens: Tokens): Octets {
  tokens.next('');
  const { text } = tokens.next('the length of the rdata in octets');
  const length = parseNumber(text, maxRdataLength);
  const digits = tokens.rest();
  const rdata = digits === '' ? ('' as Octets) : parseHex(digits);
  if (rdata.length !== length) {
    throw new PresentationError(digits, `${length} octets in hexadecimal, as many as announced`);
  }
  try {
    checkRdata(type, rdata);
  } catch (error) {
    if (error instanceof WireError) {
      throw new PresentationError(digits, `octets that are rdata of ${printType(type)} (${error.message})`);
    }
    throw error;
  }
  return rdata;
}

/** RFC 3597 section 5. */
function printOpaque(rdata: Octets): string {
  return rdata === '' ? '\\# 0' : `\\# ${rdata.length} ${printHex(rdata)}`;
}
