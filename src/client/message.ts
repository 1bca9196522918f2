/**
 * DNS messages of the client (RFC 1035 section 4, RFC 6891). dns2 is the codec; what it leaves open is closed here:
 * which reply belongs to which query, and how much work a hostile reply may cost.
 */
import { randomInt } from 'node:crypto';
import type DNS from 'dns2';
import { Packet } from 'dns2';
import { SrvError } from './error.ts';
import { foldText } from './name.ts';
import { type QuestionType, recordTypes, type Reply, type ReplyRecord } from './reply.ts';

const headerLength = 12;
const udpPayload = 1232; // what passes everywhere without fragments; also what the client announces

export interface Query {
  readonly name: string;
  readonly id: number;
  readonly octets: Buffer;
  /** Where the question section ends. */
  readonly questionEnd: number;
}

/** Makes a query with a random id. `edns` is false only for servers that have refused it. */
export function encodeQuery(name: string, type: QuestionType, edns: boolean): Query {
  const packet = new Packet();
  const id = randomInt(0x10000); // RFC 5452 section 9.2: unpredictable
  packet.header = new Packet.Header({ id, rd: 1 });
  packet.questions.push(new Packet.Question(name, recordTypes[type], Packet.CLASS.IN));
  const questionEnd = packet.toBuffer().length;
  if (edns) packet.additionals.push(Packet.Resource.EDNS([], { udpPayloadSize: udpPayload }));
  return { name, id, octets: packet.toBuffer(), questionEnd };
}

/** True when `message` is a reply to `query`: QR, opcode, id and question agree (RFC 5452 section 9.1). */
export function isReplyTo(query: Query, message: Buffer): boolean {
  if (message.length < query.questionEnd || message.readUInt16BE(0) !== query.id) return false;
  const isResponse = (message[2]! & 0x80) !== 0;
  const opcode = (message[2]! >> 3) & 0x0f;
  if (!isResponse || opcode !== 0 || message.readUInt16BE(4) !== 1) return false;
  const asked = query.octets.toString('latin1', headerLength, query.questionEnd);
  const echoed = message.toString('latin1', headerLength, query.questionEnd);
  return foldText(asked) === foldText(echoed); // RFC 4343: letters may come back in the other case
}

/** What a reply says before its records are read. */
export interface ReplyHeader {
  readonly truncated: boolean;
  readonly rcode: number;
}

export function readHeader(message: Buffer): ReplyHeader {
  return { truncated: (message[2]! & 0x02) !== 0, rcode: message[3]! & 0x0f };
}

/** Reads a reply with rcode NOERROR or NXDOMAIN. Throws `SRV_BADRESP` for one that cannot be believed whole. */
export function decodeReply(query: Query, message: Buffer): Reply {
  if (!isBounded(message)) throw badReply(query, 'its names cannot be followed');
  const packet = Packet.parse(message);
  const broken = packet.errors.find(({ section }) => section !== 'additionals');
  if (broken) throw badReply(query, broken.message);
  const soa = packet.authorities.find(({ type }) => type === recordTypes.SOA);
  return {
    rcode: packet.header.rcode === Packet.RCODE.NXDOMAIN ? 'NXDOMAIN' : 'NOERROR',
    authoritative: packet.header.aa === 1,
    answers: packet.answers.flatMap(readRecord),
    additionals: packet.additionals.flatMap(readRecord),
    negativeTtlMs: soa ? Math.min(soa.ttl, soa.minimum ?? 0) * 1000 : null, // RFC 2308 section 5
  };
}

function badReply(query: Query, why: string): SrvError {
  return new SrvError('SRV_BADRESP', query.name, `the reply cannot be used: ${why}`);
}

function readRecord(record: DNS.Packet.Resource): ReplyRecord[] {
  if (record.class !== Packet.CLASS.IN) return [];
  const owned = { owner: foldText(record.name), ttlMs: record.ttl * 1000 };
  switch (record.type) {
    case recordTypes.SRV: {
      const { priority, weight, port, target } = record;
      return [{ ...owned, type: 'SRV', priority: priority!, weight: weight!, port: port!, target: foldText(target!) }];
    }
    case recordTypes.A:
      return [{ ...owned, type: 'A', address: record.address! }];
    case recordTypes.AAAA:
      return [{ ...owned, type: 'AAAA', address: record.address! }];
    case recordTypes.CNAME:
      return [{ ...owned, type: 'CNAME', target: foldText(record.domain!) }];
    default:
      return [];
  }
}

/** Rdata in which dns2 follows compression pointers: octets before the names, and their number. */
const namesInRdata: Readonly<Record<number, readonly [skip: number, names: number]>> = {
  2: [0, 1], // NS
  5: [0, 1], // CNAME
  6: [0, 2], // SOA
  12: [0, 1], // PTR
  15: [2, 1], // MX
  33: [6, 1], // SRV
  46: [18, 1], // RRSIG
};

const maxPointers = 16_384; // three for each of the 5461 records that fit into a message

/**
 * True when decoding costs little: dns2 follows chains of pointers without a limit of its own, so that 64 KiB of them
 * take seconds. Walks over the records once and counts the pointers that a decoder would follow, over all names.
 */
function isBounded(message: Buffer): boolean {
  let pointers = 0;
  /** Returns the offset after the name at `offset`, Infinity where it leaves the message or the count is used up. */
  const skipName = (offset: number): number => {
    let end = 0;
    for (;;) {
      const length = message[offset] ?? 0xff;
      if (length === 0) return end || offset + 1;
      if (length < 0x40) {
        offset += length + 1;
      } else {
        const next = message[offset + 1];
        if (length < 0xc0 || next === undefined || ++pointers > maxPointers) return Infinity;
        end ||= offset + 2;
        offset = ((length & 0x3f) << 8) | next;
      }
    }
  };
  let offset = skipName(headerLength) + 4;
  const records = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10);
  for (let index = 0; index < records; index++) {
    const fixed = skipName(offset);
    if (fixed + 10 > message.length) return false;
    const rdata = fixed + 10;
    const [skip, names] = namesInRdata[message.readUInt16BE(fixed)] ?? [0, 0];
    let name = rdata + skip;
    for (let count = 0; count < names; count++) name = skipName(name);
    if (name === Infinity) return false;
    offset = rdata + message.readUInt16BE(fixed + 8);
  }
  return offset <= message.length;
}
