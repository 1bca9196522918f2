/**
 * Writes one message at a time into a region of a buffer that the caller owns, with name compression (RFC 1035 section
 * 4.1.4). It is on the query path of the name server: a writer is made once, used for every message, and makes no
 * garbage.
 *
 * Names are compressed against all owners and RFC 1035 rdata names written before; against the target of an SRV record,
 * itself never compressed (RFC 2782), where the caller says that it stands there. The letters of the question are matched
 * in either case, so that a reply is as long whatever case was asked in (owners then come in the case of the question);
 * other names are matched octet for octet and keep their letters.
 */
import { RRClass, RRType } from './codes.ts';
import { CompressionTable, maxPointerTarget, root } from './compression.ts';
import { headerLength } from './flags.ts';
import type { Name } from './name.ts';
import type { Octets } from './octets.ts';
import { nameLayout } from './rdata/layout.ts';

export const Section = { question: 0, answer: 1, authority: 2, additional: 3 } as const;
export type Section = (typeof Section)[keyof typeof Section];

/** A place in the message to go back to. */
export type Mark = number;

export const maxMessageLength = 0xffff;

export class MessageWriter {
  /** Go into the header when the message is finished. */
  id = 0;
  flags = 0;

  #buffer: Buffer = Buffer.alloc(0);
  /** The same memory. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  #start = 0;
  #offset = 0;
  #limit = 0;
  #reserved = 0;
  #section: Section = Section.question;
  readonly #counts = new Uint16Array(4);

  /** Where in the message the name stands that was written last, or that it points to as a whole. */
  #nameOffset = 0;
  /** The same of the owner written last; null where it is not to be pointed to. */
  #lastOwner: Name | null = null;
  #lastOwnerOffset = 0;
  /** The question's place in the message, as long as no name was compressed against it: most replies need none to be. */
  #unread = 0;
  #unreadEnd = 0;

  readonly #names = new CompressionTable();

  /** Begins a message of at most `room` octets at `start`; `room` is 12 to 65,535. */
  begin(buffer: Buffer, start = 0, room = Math.min(buffer.length - start, maxMessageLength)): void {
    // Whoever writes many messages writes them into the same buffer.
    if (buffer !== this.#buffer) this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    this.#buffer = buffer;
    this.#start = start;
    this.#offset = start + headerLength;
    this.#limit = start + room;
    this.#reserved = 0;
    this.#section = Section.question;
    for (let section = 0; section < 4; section++) this.#counts[section] = 0;
    this.#unread = 0;
    this.#names.reset(buffer, start);
    this.#lastOwner = null;
  }

  /** Octets written, the header among them. */
  get length(): number {
    return this.#offset - this.#start;
  }

  /** Keeps `octets` of the room free for what must come last (OPT, TSIG); 0 gives them back. */
  reserve(octets: number): void {
    this.#limit += this.#reserved - octets;
    this.#reserved = octets;
  }

  /**
   * Copies a question as it was asked, letter for letter: an uncompressed name, type and class in `source[start, end)`.
   */
  copyQuestion(source: Buffer, start: number, end: number): boolean {
    const at = this.#offset;
    const length = end - start;
    if (at + length > this.#limit) return false;
    const buffer = this.#buffer;
    // Octet by octet: for the few of a question that is quicker than Buffer's copy of a part.
    for (let i = 0; i < length; i++) buffer[at + i] = source[start + i]!;
    this.#offset = at + length;
    this.#countQuestion(at);
    return true;
  }

  question(name: Name, type: number, rrClass: number = RRClass.IN): boolean {
    const at = this.#offset;
    if (at + name.length + 4 > this.#limit) return false;
    this.#put(name, 0, name.length);
    this.#putUint16(type);
    this.#putUint16(rrClass);
    this.#countQuestion(at);
    return true;
  }

  /** Records written from now on belong to `section`; sections come in their order. */
  section(section: Section): void {
    this.#section = section;
  }

  /** Writes one record; false, and nothing is written, where it does not fit. */
  record(owner: Name, type: number, ttl: number, rdata: Octets, rrClass: number = RRClass.IN): boolean {
    // Most records of most replies.
    const hasNothingToCompress = owner === this.#lastOwner && nameLayout(type)?.use !== 'written';
    return hasNothingToCompress
      ? this.#plainRecord(type, ttl, rdata, rrClass)
      : this.#compressedRecord(owner, type, ttl, rdata, rrClass);
  }

  #plainRecord(type: number, ttl: number, rdata: Octets, rrClass: number): boolean {
    const at = this.#offset;
    const { length } = rdata;
    if (at + 12 + length > this.#limit) return false;
    const view = this.#view;
    view.setUint16(at, 0xc000 | this.#lastOwnerOffset);
    writeFields(view, at + 2, type, rrClass, ttl, length);
    const buffer = this.#buffer;
    for (let i = 0; i < length; i++) buffer[at + 12 + i] = rdata.charCodeAt(i);
    this.#offset = at + 12 + length;
    this.#counts[this.#section]! += 1;
    return true;
  }

  #compressedRecord(owner: Name, type: number, ttl: number, rdata: Octets, rrClass: number): boolean {
    const offset = this.#offset;
    if (this.#owner(owner)) {
      const fields = this.#offset;
      const rdataStart = fields + 10;
      this.#offset = rdataStart;
      if (rdataStart <= this.#limit && this.#rdata(type, rdata)) {
        writeFields(this.#view, fields, type, rrClass, ttl, this.#offset - rdataStart);
        this.#counts[this.#section]! += 1;
        return true;
      }
    }
    this.#truncate(offset);
    return false;
  }

  /**
   * Says that `owner`, of which a record comes next, stands at `offset` of the message, 0 to `maxPointerTarget`: in the
   * question, or in rdata that was not compressed.
   */
  standsAt(owner: Name, offset: number): void {
    this.#lastOwner = owner;
    this.#lastOwnerOffset = offset;
  }

  /** Writes an OPT record (RFC 6891 section 6.1.2), also into the room kept for it by `reserve`. */
  opt(payloadSize: number, extendedRcodeAndFlags: number, options: Octets): boolean {
    this.reserve(0);
    return this.record('\0' as Name, RRType.OPT, extendedRcodeAndFlags, options, payloadSize);
  }

  mark(): Mark {
    const offset = this.#offset - this.#start;
    return (this.#section * 0x10000 + this.#counts[this.#section]!) * 0x10000 + offset;
  }

  /** Takes back all that was written since `mark`: an rrset of which not every record fits. */
  rewind(mark: Mark): void {
    this.#truncate(this.#start + (mark % 0x10000));
    const counted = Math.floor(mark / 0x10000);
    this.#section = (counted >> 16) as Section;
    this.#counts[this.#section] = counted & 0xffff;
    this.#counts.fill(0, this.#section + 1);
  }

  /** Records written into `section` so far. */
  count(section: Section): number {
    return this.#counts[section]!;
  }

  /** Fills in the header; returns the length of the message in octets. */
  finish(): number {
    const view = this.#view;
    const start = this.#start;
    view.setUint16(start, this.id);
    view.setUint16(start + 2, this.flags);
    for (let section = 0; section < 4; section++) view.setUint16(start + 4 + 2 * section, this.#counts[section]!);
    return this.#offset - start;
  }

  /** Takes back what was written from `offset` of the buffer on, and the labels in it. */
  #truncate(offset: number): void {
    this.#offset = offset;
    this.#names.truncate(this.length);
    if (this.#lastOwnerOffset >= this.length) this.#lastOwner = null;
  }

  /** Writes an owner name; the records of an rrset have one in common. */
  #owner(owner: Name): boolean {
    if (owner === this.#lastOwner && this.#offset + 2 <= this.#limit) {
      this.#putUint16(0xc000 | this.#lastOwnerOffset);
      return true;
    }
    if (this.#name(owner, 0) < 0) return false;
    // The root is shorter than a pointer to it.
    const isWorthPointing = owner.length > 2 && this.#nameOffset <= maxPointerTarget;
    this.#lastOwner = isWorthPointing ? owner : null;
    this.#lastOwnerOffset = this.#nameOffset;
    return true;
  }

  #rdata(type: number, rdata: Octets): boolean {
    const layout = nameLayout(type);
    // Names in other types than those of RFC 1035 take no part: RFC 3597 section 4.
    if (layout === undefined || layout.use !== 'written') return this.#octets(rdata, 0);
    if (this.#offset + layout.prefix > this.#limit) return false;
    this.#put(rdata, 0, layout.prefix);
    let at = layout.prefix;
    for (let i = 0; i < layout.count; i++) {
      at = this.#name(rdata, at);
      if (at < 0) return false;
    }
    return this.#octets(rdata, at);
  }

  #octets(octets: Octets, from: number): boolean {
    if (this.#offset + octets.length - from > this.#limit) return false;
    this.#put(octets, from, octets.length);
    return true;
  }

  /** Writes the name at `from` of `octets`; returns where it ends there, or -1 if it does not fit. */
  #name(octets: Octets, from: number): number {
    const names = this.#names;
    if (this.#unread > 0) {
      names.addQuestion(this.#unread, this.#unreadEnd);
      this.#unread = 0;
    }
    const count = names.takeUp(octets, from);
    const end = names.startOf(count) + 1;
    let known = root;
    let unknown = count;
    while (unknown > 0) {
      const label = names.find(octets, unknown - 1, known);
      if (label === root) break;
      known = label;
      unknown -= 1;
    }
    const pointed = known !== root;
    const literalEnd = pointed ? names.startOf(unknown) : end;
    if (this.#offset + literalEnd - from + (pointed ? 2 : 0) > this.#limit) return -1;
    const offset = this.length;
    this.#put(octets, from, literalEnd);
    if (pointed) this.#putUint16(0xc000 | names.offsetOf(known));
    this.#nameOffset = pointed && unknown === 0 ? names.offsetOf(known) : offset;
    names.add(unknown, known, offset - from);
    return end;
  }

  /** Takes note of the question that was written at `offset` of the buffer. */
  #countQuestion(offset: number): void {
    this.#unread = offset - this.#start;
    this.#unreadEnd = this.length;
    this.#counts[Section.question]! += 1;
  }

  #put(octets: Octets, from: number, to: number): void {
    const buffer = this.#buffer;
    let at = this.#offset;
    for (let i = from; i < to; i++) buffer[at++] = octets.charCodeAt(i);
    this.#offset = at;
  }

  #putUint16(value: number): void {
    this.#view.setUint16(this.#offset, value);
    this.#offset += 2;
  }
}

/** Writes what stands between the owner name and the rdata of a record. */
function writeFields(
  view: DataView,
  at: number,
  type: number,
  rrClass: number,
  ttl: number,
  rdataLength: number,
): void {
  view.setUint16(at, type);
  view.setUint16(at + 2, rrClass);
  view.setUint32(at + 4, ttl);
  view.setUint16(at + 8, rdataLength);
}
