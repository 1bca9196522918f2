/**
 * A ZoneChange as octets, for other threads. All names and rdata stand first, each once, and the rest refers to them by
 * number: a record that five owner names share is one string in the reader's memory too. Numbers are written seven
 * bits an octet, the lowest first, with the top bit set in all octets but the last (LEB128).
 */
import { type Octets, octetsOf, writeOctets } from '../wire/octets.ts';
import type { RRset } from '../wire/record.ts';
import type { Mark, NameMark, ZoneChange } from './change.ts';

export function encodeZoneChange(change: ZoneChange): Buffer {
  const strings = new Map<Octets, number>();
  const body = new Writer();
  const reference = (octets: Octets): void => {
    let number = strings.get(octets);
    if (number === undefined) strings.set(octets, (number = strings.size));
    body.number(number);
  };
  const rrsets = (list: readonly RRset[]): void => {
    body.number(list.length);
    for (const { owner, type, ttl, rdata } of list) {
      reference(owner);
      body.number(type);
      body.number(ttl);
      body.number(rdata.length);
      for (const each of rdata) reference(each);
    }
  };
  reference(change.zone);
  body.number(change.serial);
  body.number(change.stale === true ? 1 : 0);
  body.number(kinds.indexOf(change.kind));
  rrsets(change.removed);
  rrsets(change.added);
  body.number(change.marks.length);
  for (const { owner, mark } of change.marks) {
    reference(owner);
    writeMark(body, mark);
  }
  const head = new Writer();
  head.number(strings.size);
  for (const octets of strings.keys()) head.octets(octets);
  return Buffer.concat([head.written(), body.written()]);
}

/** Reads what `encodeZoneChange` wrote. Nothing of the result refers to `buffer`; equal rdata are one string. */
export function decodeZoneChange(buffer: Buffer): ZoneChange {
  const reader = new Reader(buffer);
  const strings = reader.list(() => reader.octets());
  const reference = (): Octets => strings[reader.number()]!;
  const rrset = (): RRset => ({
    owner: reference(),
    type: reader.number(),
    ttl: reader.number(),
    rdata: reader.list(reference),
  });
  return {
    zone: reference(),
    serial: reader.number(),
    stale: reader.number() === 1,
    kind: kinds[reader.number()]!,
    removed: reader.list(rrset),
    added: reader.list(rrset),
    marks: reader.list((): NameMark => ({ owner: reference(), mark: readMark(reader) })),
  };
}

const kinds = ['load', 'update', 'drop'] as const;
const existences = [undefined, 'exists', 'denied'] as const;

/** A number that says which parts follow; 0 is no mark. */
const isMark = 1;
const hasLimit = 2;
const hasExtendedError = 4;

function writeMark(writer: Writer, mark: Mark | null): void {
  if (mark === null) {
    writer.number(0);
    return;
  }
  const { existence, limit, extendedError } = mark;
  writer.number(isMark | (limit === undefined ? 0 : hasLimit) | (extendedError === undefined ? 0 : hasExtendedError));
  writer.number(existences.indexOf(existence));
  if (limit !== undefined) writer.number(limit);
  if (extendedError !== undefined) {
    writer.number(extendedError.infoCode);
    writer.octets(octetsOf(Buffer.from(extendedError.text)));
  }
}

function readMark(reader: Reader): Mark | null {
  const parts = reader.number();
  if (parts === 0) return null;
  const existence = existences[reader.number()];
  return {
    ...(existence === undefined ? {} : { existence }),
    ...(parts & hasLimit ? { limit: reader.number() } : {}),
    ...(parts & hasExtendedError
      ? { extendedError: { infoCode: reader.number(), text: Buffer.from(reader.octets(), 'latin1').toString() } }
      : {}),
  };
}

class Writer {
  #buffer = Buffer.allocUnsafe(1024);
  #length = 0;

  /** 0 to 2^32-1. */
  number(value: number): void {
    this.#reserve(5);
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.#buffer[this.#length++] = (rest & 0x7f) | 0x80;
    this.#buffer[this.#length++] = rest;
  }

  octets(octets: Octets): void {
    this.number(octets.length);
    this.#reserve(octets.length);
    this.#length = writeOctets(octets, this.#buffer, this.#length);
  }

  written(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(room: number): void {
    if (this.#length + room <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#length + room));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

class Reader {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  number(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const octet = this.#buffer.readUInt8(this.#offset++);
      value |= (octet & 0x7f) << shift;
      if (octet < 0x80) return value >>> 0;
    }
  }

  octets(): Octets {
    const length = this.number();
    this.#offset += length;
    return octetsOf(this.#buffer, this.#offset - length, this.#offset);
  }

  list<T>(read: () => T): T[] {
    const length = this.number();
    const list: T[] = [];
    for (let i = 0; i < length; i++) list.push(read());
    return list;
  }
}
