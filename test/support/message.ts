/**
 * Whole DNS messages (RFC 1035 section 4) as values. Any octets give a message or a WireError, in time linear in their
 * number; section counts size nothing (RFC 9267 section 6).
 */
import { RRClass, RRType } from '../../src/wire/codes.ts';
import { decodeEdns, type Edns, encodeOption, optTtl } from '../../src/wire/edns.ts';
import { WireError } from '../../src/wire/error.ts';
import { Flag, flagsWith, opcodeOf, rcodeOf } from '../../src/wire/flags.ts';
import { type Name, readName, rootName, skipName } from '../../src/wire/name.ts';
import { type Octets, octetsOf } from '../../src/wire/octets.ts';
import { readRdata } from '../../src/wire/rdata/rdata.ts';
import { maxTtl, type ResourceRecord } from '../../src/wire/record.ts';
import { maxMessageLength, MessageWriter, Section } from '../../src/wire/writer.ts';

export interface Question {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
}

/** A record as it stands in a message, of any class. */
export interface MessageRecord extends ResourceRecord {
  readonly class: number;
}

export interface Message {
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  /** With the upper bits from OPT: 0 to 4095. */
  readonly rcode: number;
  readonly questions: readonly Question[];
  readonly answers: readonly MessageRecord[];
  readonly authorities: readonly MessageRecord[];
  /** Without OPT. */
  readonly additionals: readonly MessageRecord[];
  /** Null without OPT. */
  readonly edns: Edns | null;
}

/** Reads the message in `buffer[start, end)`; octets after its last record are not looked at. Throws WireError. */
export function decodeMessage(buffer: Buffer, start = 0, end = buffer.length): Message {
  return new MessageReader(buffer, start, end).message();
}

/** A message's octets. What is left out is false, 0 or empty. Throws WireError 'too-long' above 65,535 octets. */
export function encodeMessage(message: Partial<Message>): Buffer {
  const writer = new MessageWriter();
  const buffer = Buffer.allocUnsafe(maxMessageLength);
  writer.begin(buffer);
  writer.id = message.id ?? 0;
  writer.flags = flagsOf(message);
  const { questions = [], answers = [], authorities = [], additionals = [], edns } = message;
  let fits = questions.every((question) => writer.question(question.name, question.type, question.class));
  const sections = [
    [Section.answer, answers],
    [Section.authority, authorities],
    [Section.additional, additionals],
  ] as const;
  for (const [section, records] of sections) {
    writer.section(section);
    fits &&= records.every((each) => writer.record(each.owner, each.type, each.ttl, each.rdata, each.class));
  }
  if (edns) {
    const options = edns.options.map((option) => encodeOption(option.code, option.data)).join('') as Octets;
    const ttl = optTtl((edns.extendedRcode << 4) | (message.rcode ?? 0), edns.version, edns.dnssecOk);
    fits &&= writer.opt(edns.payloadSize, ttl, options);
  }
  if (!fits) throw new WireError('too-long', writer.length, `a message of more than ${maxMessageLength} octets`);
  return Buffer.from(buffer.subarray(0, writer.finish()));
}

function flagsOf(message: Partial<Message>): number {
  const flags =
    (message.isResponse ? Flag.QR : 0) |
    (message.authoritative ? Flag.AA : 0) |
    (message.truncated ? Flag.TC : 0) |
    (message.recursionDesired ? Flag.RD : 0) |
    (message.recursionAvailable ? Flag.RA : 0) |
    (message.authenticData ? Flag.AD : 0) |
    (message.checkingDisabled ? Flag.CD : 0);
  return flagsWith(flags, message.opcode ?? 0, message.rcode ?? 0);
}

class MessageReader {
  readonly #buffer: Buffer;
  readonly #start: number;
  readonly #end: number;
  #at: number;
  #edns: Edns | null = null;

  constructor(buffer: Buffer, start: number, end: number) {
    this.#buffer = buffer;
    this.#start = start;
    this.#end = end;
    this.#at = start;
  }

  message(): Message {
    const id = this.#uint16();
    const flags = this.#uint16();
    const questionCount = this.#uint16();
    const answerCount = this.#uint16();
    const authorityCount = this.#uint16();
    const additionalCount = this.#uint16();
    const questions: Question[] = [];
    for (let i = 0; i < questionCount; i++) {
      questions.push({ name: this.#name(), type: this.#uint16(), class: this.#uint16() });
    }
    const answers = this.#records(answerCount, Section.answer);
    const authorities = this.#records(authorityCount, Section.authority);
    const additionals = this.#records(additionalCount, Section.additional);
    return {
      id,
      isResponse: (flags & Flag.QR) !== 0,
      opcode: opcodeOf(flags),
      authoritative: (flags & Flag.AA) !== 0,
      truncated: (flags & Flag.TC) !== 0,
      recursionDesired: (flags & Flag.RD) !== 0,
      recursionAvailable: (flags & Flag.RA) !== 0,
      authenticData: (flags & Flag.AD) !== 0,
      checkingDisabled: (flags & Flag.CD) !== 0,
      rcode: ((this.#edns?.extendedRcode ?? 0) << 4) | rcodeOf(flags),
      questions,
      answers,
      authorities,
      additionals,
      edns: this.#edns,
    };
  }

  #records(count: number, section: Section): MessageRecord[] {
    const records: MessageRecord[] = [];
    for (let i = 0; i < count; i++) {
      const at = this.#at;
      const record = this.#record();
      if (record.type !== RRType.OPT) {
        // RFC 2181 section 8: a TTL with the top bit set is read as zero.
        records.push(record.ttl > maxTtl ? { ...record, ttl: 0 } : record);
        continue;
      }
      // RFC 6891 section 6.1.1: one OPT at most, owned by the root, in the additional section.
      if (this.#edns !== null) throw new WireError('duplicate-opt', at - this.#start);
      if (section !== Section.additional || record.owner !== rootName) {
        throw new WireError('bad-option', at - this.#start, 'a misplaced OPT record');
      }
      this.#edns = decodeEdns(record.class, record.ttl, record.rdata);
    }
    return records;
  }

  #record(): MessageRecord {
    const owner = this.#name();
    const type = this.#uint16();
    const rrClass = this.#uint16();
    const ttl = this.#uint16() * 0x10000 + this.#uint16();
    const length = this.#uint16();
    const rdataStart = this.#at;
    this.#need(length);
    this.#at += length;
    const rdata = isOpaque(type, rrClass)
      ? octetsOf(this.#buffer, rdataStart, this.#at)
      : readRdata(type, this.#buffer, rdataStart, this.#at, this.#start);
    return { owner, type, class: rrClass, ttl, rdata };
  }

  #name(): Name {
    const name = readName(this.#buffer, this.#at, this.#end, this.#start);
    this.#at = skipName(this.#buffer, this.#at, this.#end);
    return name;
  }

  #uint16(): number {
    this.#need(2);
    const value = this.#buffer.readUInt16BE(this.#at);
    this.#at += 2;
    return value;
  }

  #need(octets: number): void {
    if (this.#at + octets > this.#end) {
      throw new WireError('truncated', this.#end - this.#start, 'the message ends early');
    }
  }
}

/** Of dynamic updates (RFC 2136 section 2.4) the rdata may be empty, and class CH has other addresses. */
function isOpaque(type: number, rrClass: number): boolean {
  if (type === RRType.OPT || rrClass === RRClass.NONE || rrClass === RRClass.ANY) return true;
  return type === RRType.A && rrClass !== RRClass.IN;
}
