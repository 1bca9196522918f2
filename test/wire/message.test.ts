import dnsPacket from 'dns-packet';
import { Packet } from 'dns2';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RRClass, RRType } from '../../src/wire/codes.ts';
import { WireError } from '../../src/wire/error.ts';
import { decodeMessage, encodeMessage, type Message, type MessageRecord } from '../support/message.ts';
import { foldName, type Name, parseName, printName } from '../../src/wire/name.ts';
import type { Octets } from '../../src/wire/octets.ts';
import { foldRdata, parseRdata, printRdata } from '../../src/wire/rdata/rdata.ts';
import { hostName, message } from './arbitrary.ts';

const qname = parseName('_web._tcp.svc.internal.');

function record(owner: string, type: number, rdata: string): MessageRecord {
  return { owner: parseName(owner), type, class: RRClass.IN, ttl: 30, rdata: parseRdata(type, rdata) };
}

/** A record of the types that all three decoders know, with its rdata as text. */
const plainRecord: fc.Arbitrary<MessageRecord> = fc
  .tuple(
    fc.oneof(
      fc.ipV4().map((address) => [RRType.A, address] as const),
      hostName.map((target) => [RRType.NS, printName(target)] as const),
      hostName.map((target) => [RRType.CNAME, printName(target)] as const),
      hostName.map((target) => [RRType.PTR, printName(target)] as const),
      fc
        .tuple(fc.nat(65535), hostName)
        .map(([preference, target]) => [RRType.MX, `${preference} ${printName(target)}`] as const),
      fc
        .tuple(fc.nat(65535), fc.nat(65535), fc.nat(65535), hostName)
        .map(
          ([priority, weight, port, target]) =>
            [RRType.SRV, `${priority} ${weight} ${port} ${printName(target)}`] as const,
        ),
      fc
        .tuple(hostName, hostName, fc.nat(), fc.nat(), fc.nat(), fc.nat(), fc.nat())
        .map(
          ([mname, rname, ...numbers]) =>
            [RRType.SOA, [printName(mname), printName(rname), ...numbers].join(' ')] as const,
        ),
    ),
    hostName,
    fc.nat(2 ** 31 - 1),
  )
  .map(([[type, text], owner, ttl]) => ({ owner, type, class: RRClass.IN, ttl, rdata: parseRdata(type, text) }));

const plainMessage = fc.record({
  id: fc.nat(65535),
  isResponse: fc.constant(true),
  questions: fc.tuple(fc.record({ name: hostName, type: fc.constant(RRType.SRV), class: fc.constant(RRClass.IN) })),
  answers: fc.array(plainRecord, { maxLength: 6 }),
  additionals: fc.array(plainRecord, { maxLength: 6 }),
});

/** What a name is to a decoder that shows text without the final dot. */
function dotless(name: Name): string {
  return printName(name).slice(0, -1);
}

describe('encodeMessage and decodeMessage', () => {
  it('give back every message', () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(folded(decodeMessage(encodeMessage(value)))).toEqual(folded(value));
      }),
    );
  });

  it('keep the letters of all names that are not asked for', () => {
    const answers = [
      record('Host.Example.', RRType.NS, 'Ns.Example.'),
      record('host.example.', RRType.NS, 'ns.EXAMPLE.'),
    ];
    expect(decodeMessage(encodeMessage({ answers })).answers).toEqual(answers);
  });

  it('show dns-packet the records that were meant', () => {
    fc.assert(
      fc.property(plainMessage, (value) => {
        const decoded = dnsPacket.decode(encodeMessage(value));
        expect(decoded.questions?.map(({ name }) => name)).toEqual(value.questions.map(({ name }) => dotless(name)));
        for (const [theirs, ours] of [
          [decoded.answers, value.answers],
          [decoded.additionals, value.additionals],
        ] as const) {
          expect(theirs?.map(fromDnsPacket)).toEqual(
            ours.map((each) => [dotless(each.owner), each.ttl, printRdata(each.type, each.rdata)]),
          );
        }
      }),
    );
  });

  it('show dns2 the records that were meant', () => {
    fc.assert(
      fc.property(plainMessage, (value) => {
        const decoded = Packet.parse(encodeMessage(value));
        expect(decoded.errors).toEqual([]);
        expect(decoded.answers.map(({ name, type, ttl }) => [name, type, ttl])).toEqual(
          value.answers.map(({ owner, type, ttl }) => [dotless(owner), type, ttl]),
        );
        expect(
          decoded.answers.filter(({ type }) => type === RRType.SRV).map(({ target }: { target?: string }) => target),
        ).toEqual(
          value.answers.filter(({ type }) => type === RRType.SRV).map(({ rdata }) => dotless(rdata.slice(6) as Name)),
        );
      }),
    );
  });

  it('read what dns-packet writes', () => {
    fc.assert(
      fc.property(plainMessage, (value) => {
        const theirs = dnsPacket.encode({
          type: 'response',
          id: value.id,
          questions: [{ type: 'SRV', class: 'IN', name: dotless(value.questions[0].name) }],
          answers: value.answers
            .filter(({ type }) => type === RRType.SRV)
            .map(({ owner, ttl, rdata }) => ({
              type: 'SRV',
              name: dotless(owner),
              ttl,
              data: srvData(rdata),
            })),
        });
        expect(decodeMessage(theirs).answers).toEqual(value.answers.filter(({ type }) => type === RRType.SRV));
      }),
    );
  });

  it('read what dns2 writes, SRV targets compressed though they may not be', () => {
    const packet = new Packet();
    packet.questions.push({ name: 'svc.internal', type: RRType.SRV, class: RRClass.IN } as never);
    for (const target of ['a.svc.internal', 'b.svc.internal']) {
      packet.answers.push({
        name: 'svc.internal',
        type: RRType.SRV,
        class: RRClass.IN,
        ttl: 5,
        priority: 1,
        weight: 2,
        port: 3,
        target,
      } as never);
    }
    const buffer = packet.toBuffer();
    expect(buffer.length).toBeLessThan(100);
    expect(decodeMessage(buffer).answers.map(({ rdata }) => printRdata(RRType.SRV, rdata))).toEqual([
      '1 2 3 a.svc.internal.',
      '1 2 3 b.svc.internal.',
    ]);
  });
});

describe('decodeMessage', () => {
  const answer = encodeMessage({
    id: 1,
    isResponse: true,
    questions: [{ name: qname, type: RRType.SRV, class: RRClass.IN }],
    answers: [record('_web._tcp.svc.internal.', RRType.SRV, '10 100 8080 a.web.svc.internal.')],
    authorities: [record('svc.internal.', RRType.SOA, 'ns.svc.internal. host.svc.internal. 1 2 3 4 5')],
    additionals: [
      record('a.web.svc.internal.', RRType.A, '10.0.0.1'),
      record('a.web.svc.internal.', RRType.TXT, 'x "y z"'),
    ],
    edns: {
      payloadSize: 1232,
      extendedRcode: 0,
      version: 0,
      dnssecOk: true,
      options: [{ code: 3, data: 'ns1' as Octets }],
    },
  });

  it('reads a message in the middle of a buffer', () => {
    const padded = Buffer.concat([Buffer.alloc(7, 0xff), answer, Buffer.alloc(5, 0xff)]);
    expect(decodeMessage(padded, 7, 7 + answer.length)).toEqual(decodeMessage(answer));
  });

  it('refuses every truncation of a message', () => {
    for (let length = 0; length < answer.length; length++) {
      expect(() => decodeMessage(answer.subarray(0, length))).toThrow(WireError);
    }
  });

  it('gives a message or a WireError for any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (octets) => {
        isMessage(Buffer.from(octets));
      }),
      { numRuns: 2000 },
    );
  });

  it('gives a message or a WireError for messages with some octets changed', () => {
    const change = fc.tuple(fc.nat(answer.length - 1), fc.nat(255));
    fc.assert(
      fc.property(message.map(encodeMessage), fc.array(change, { minLength: 1, maxLength: 4 }), (buffer, changes) => {
        for (const each of [buffer, Buffer.from(answer)]) {
          for (const [at, octet] of changes) each[at % each.length] = octet;
          isMessage(each);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('takes a TTL with the top bit set for zero (RFC 2181 section 8)', () => {
    const buffer = encodeMessage({
      answers: [
        { owner: parseName('a.'), type: RRType.A, class: 1, ttl: 0x7fffffff, rdata: '\x01\x02\x03\x04' as Octets },
      ],
    });
    buffer[12 + 3 + 4]! |= 0x80;
    expect(decodeMessage(buffer).answers[0]!.ttl).toBe(0);
  });

  it('leaves rdata of other classes alone where the type means something else there', () => {
    const chaosAddress = {
      owner: parseName('a.'),
      type: RRType.A,
      class: RRClass.CH,
      ttl: 0,
      rdata: '\x01b\0\x00\x01' as Octets,
    };
    expect(decodeMessage(encodeMessage({ answers: [chaosAddress] })).answers).toEqual([chaosAddress]);
  });

  it('refuses a second OPT and one that is misplaced (RFC 6891 section 6.1.1)', () => {
    const opt = { owner: '\0' as Name, type: RRType.OPT, class: 1232, ttl: 0, rdata: '' as Octets };
    expect(() => decodeMessage(encodeMessage({ additionals: [opt, opt] }))).toThrow(
      expect.objectContaining({ code: 'duplicate-opt' }),
    );
    expect(() => decodeMessage(encodeMessage({ answers: [opt] }))).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
    expect(() => decodeMessage(encodeMessage({ additionals: [{ ...opt, owner: qname }] }))).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });

  it('adds the upper bits of OPT to the rcode', () => {
    const edns = { payloadSize: 512, extendedRcode: 1, version: 0, dnssecOk: false, options: [] };
    expect(decodeMessage(encodeMessage({ rcode: 16, edns })).rcode).toBe(16);
  });
});

describe('encodeMessage', () => {
  it('refuses more than 65,535 octets', () => {
    const text = record('a.', RRType.TXT, `"${'x'.repeat(255)}"`);
    expect(() => encodeMessage({ answers: Array.from({ length: 300 }, () => text) })).toThrow(
      expect.objectContaining({ code: 'too-long' }),
    );
  });
});

/** Compression against the question may take over the case in which it was asked. */
function folded({ answers, authorities, additionals, ...rest }: Message): Message {
  const fold = (records: readonly MessageRecord[]): MessageRecord[] =>
    records.map((each) => ({ ...each, owner: foldName(each.owner), rdata: foldRdata(each.type, each.rdata) }));
  return { ...rest, answers: fold(answers), authorities: fold(authorities), additionals: fold(additionals) };
}

function isMessage(buffer: Buffer): void {
  try {
    decodeMessage(buffer);
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
  }
}

function srvData(rdata: Octets) {
  const buffer = Buffer.from(rdata, 'latin1');
  return {
    priority: buffer.readUInt16BE(0),
    weight: buffer.readUInt16BE(2),
    port: buffer.readUInt16BE(4),
    target: dotless(rdata.slice(6) as Name),
  };
}

/** Owner, TTL and rdata as our text, from dns-packet's own shapes of rdata. */
function fromDnsPacket(answer: dnsPacket.Answer): [string, number | undefined, string] {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each type has a shape of its own
  const { name, type, ttl, data } = answer as { name: string; type: string; ttl?: number; data: any };
  switch (type) {
    case 'A':
      return [name, ttl, data];
    case 'MX':
      return [name, ttl, `${data.preference} ${data.exchange}.`];
    case 'SRV':
      return [name, ttl, `${data.priority} ${data.weight} ${data.port} ${data.target}.`];
    case 'SOA':
      return [
        name,
        ttl,
        `${data.mname}. ${data.rname}. ${data.serial} ${data.refresh} ${data.retry} ${data.expire} ${data.minimum}`,
      ];
    default:
      return [name, ttl, `${data}.`];
  }
}
