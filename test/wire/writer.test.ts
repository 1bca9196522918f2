import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RRType } from '../../src/wire/codes.ts';
import { Flag } from '../../src/wire/flags.ts';
import { decodeMessage } from '../support/message.ts';
import { type Name, parseName } from '../../src/wire/name.ts';
import type { Octets } from '../../src/wire/octets.ts';
import { parseRdata } from '../../src/wire/rdata/rdata.ts';
import { MessageWriter, Section } from '../../src/wire/writer.ts';
import { record } from './arbitrary.ts';

const service = parseName('_web._tcp.svc.internal.');
const address = parseRdata(RRType.A, '10.0.0.1');

function srv(target: string): Octets {
  return parseRdata(RRType.SRV, `10 100 8080 ${target}`);
}

function begun(room = 512): { writer: MessageWriter; buffer: Buffer } {
  const writer = new MessageWriter();
  const buffer = Buffer.alloc(room);
  writer.begin(buffer);
  return { writer, buffer };
}

/** What is in the message after octet `offset`. */
function hex(buffer: Buffer, offset: number, end: number): string {
  return buffer.toString('hex', offset, end);
}

describe('MessageWriter compresses', () => {
  it('an owner that was asked for to a pointer at the question, whatever its case', () => {
    const { writer, buffer } = begun();
    writer.question(parseName('_WEB._tcp.sVc.internal.'), RRType.SRV);
    const end = writer.length;
    writer.section(Section.answer);
    writer.record(service, RRType.A, 5, address);
    expect(hex(buffer, end, end + 2)).toBe('c00c');
    expect(decodeMessage(buffer, 0, writer.finish()).questions[0]!.name).toBe(parseName('_WEB._tcp.sVc.internal.'));
  });

  it('never the target of SRV (RFC 2782), but an owner against it that is said to stand there', () => {
    const { writer, buffer } = begun();
    writer.question(service, RRType.SRV);
    writer.section(Section.answer);
    const rdataAt = writer.length + 2 + 10;
    writer.record(service, RRType.SRV, 5, srv('a.web.svc.internal.'));
    expect(hex(buffer, rdataAt + 6, writer.length)).toBe(
      Buffer.from(parseName('a.web.svc.internal.'), 'latin1').toString('hex'),
    );
    writer.section(Section.additional);
    const end = writer.length;
    writer.standsAt(parseName('a.web.svc.internal.'), rdataAt + 6);
    writer.record(parseName('a.web.svc.internal.'), RRType.A, 5, address);
    expect(buffer.readUInt16BE(end)).toBe(0xc000 | (rdataAt + 6));
    expect(decodeMessage(buffer, 0, writer.finish()).additionals[0]!.owner).toBe(parseName('a.web.svc.internal.'));
  });

  it.each([
    ['CNAME', 'x.svc.internal.', '0178c016'],
    ['MX', '10 x.svc.internal.', '000a0178c016'],
    ['SOA', 'a.svc.internal. b.a.svc.internal. 1 2 3 4 5', '0161c0160162c0340000000100000002000000030000000400000005'],
    ['DNAME', 'x.svc.internal.', '01780373766308696e7465726e616c00'],
    ['RP', 'svc.internal. svc.internal.', '0373766308696e7465726e616c00'.repeat(2)],
  ] as const)('rdata of RFC 1035 types only: %s %s', (mnemonic, text, digits) => {
    const { writer, buffer } = begun();
    writer.question(service, RRType.ANY);
    writer.section(Section.answer);
    const rdataAt = writer.length + 2 + 10;
    writer.record(service, RRType[mnemonic], 5, parseRdata(RRType[mnemonic], text));
    expect(hex(buffer, rdataAt, writer.length)).toBe(digits);
  });

  it('names outside of the question only where their letters are the same', () => {
    const { writer, buffer } = begun();
    writer.section(Section.answer);
    writer.record(parseName('Host.example.'), RRType.A, 5, address);
    const end = writer.length;
    writer.record(parseName('host.example.'), RRType.A, 5, address);
    expect(hex(buffer, end, end + 7)).toBe('04686f7374c011');
  });

  it('nothing against names beyond octet 16,383', () => {
    const { writer, buffer } = begun(0xffff);
    writer.section(Section.answer);
    const text = parseRdata(RRType.TXT, `"${'x'.repeat(255)}" `.repeat(64));
    writer.record(parseName('a.'), RRType.TXT, 5, text);
    for (let i = 0; i < 2; i++) writer.record(parseName('late.b.'), RRType.A, 5, address);
    expect(decodeMessage(buffer, 0, writer.finish()).answers.map(({ owner }) => owner)).toEqual(
      ['a.', 'late.b.', 'late.b.'].map((each) => parseName(each)),
    );
  });

  it('as many names as there are with a table that is bounded', () => {
    const { writer, buffer } = begun(0xffff);
    writer.section(Section.answer);
    const owners = Array.from({ length: 2000 }, (_, i) => parseName(`host-${i}.example.`));
    for (const owner of owners) writer.record(owner, RRType.A, 5, address);
    expect(decodeMessage(buffer, 0, writer.finish()).answers.map(({ owner }) => owner)).toEqual(owners);
  });
});

describe('MessageWriter', () => {
  it('copies the question octet for octet', () => {
    const { writer, buffer } = begun();
    const asked = Buffer.from('..\x03WwW\x07eXample\0\0\x21\0\x01..', 'latin1');
    writer.copyQuestion(asked, 2, asked.length - 2);
    writer.finish();
    expect(buffer.subarray(12, 12 + asked.length - 4)).toEqual(asked.subarray(2, -2));
    expect(writer.count(Section.question)).toBe(1);
  });

  it('puts id, flags and the counts of the sections into the header', () => {
    const { writer, buffer } = begun();
    writer.id = 0xabcd;
    writer.flags = Flag.QR | Flag.AA;
    writer.question(service, RRType.A);
    writer.section(Section.answer);
    for (let i = 0; i < 3; i++) writer.record(service, RRType.A, 5, address);
    writer.section(Section.additional);
    writer.record(service, RRType.A, 5, address);
    writer.finish();
    expect(hex(buffer, 0, 12)).toBe('abcd84000001000300000001');
  });

  it('writes nothing of what does not fit to the last octet', () => {
    const { writer, buffer } = begun();
    writer.question(service, RRType.SRV);
    writer.section(Section.answer);
    writer.record(service, RRType.SRV, 5, srv('a.web.svc.internal.'));
    const whole = writer.finish();
    for (let room = 12; room < whole; room++) {
      writer.begin(buffer, 0, room);
      const asked = writer.question(service, RRType.SRV);
      const before = writer.length;
      writer.section(Section.answer);
      expect(asked && writer.record(service, RRType.SRV, 5, srv('a.web.svc.internal.'))).toBe(false);
      expect(writer.length).toBe(before);
      expect(writer.count(Section.answer)).toBe(0);
    }
    writer.begin(buffer, 0, whole);
    expect(writer.question(service, RRType.SRV)).toBe(true);
    writer.section(Section.answer);
    expect(writer.record(service, RRType.SRV, 5, srv('a.web.svc.internal.'))).toBe(true);
  });

  it('goes back to a mark, with counts, section and what names may point to', () => {
    const { writer, buffer } = begun();
    writer.question(service, RRType.SRV);
    writer.section(Section.answer);
    writer.record(service, RRType.A, 5, address);
    const length = writer.length;
    const mark = writer.mark();
    writer.record(parseName('gone.example.'), RRType.A, 5, address);
    writer.section(Section.additional);
    writer.record(parseName('gone.example.'), RRType.A, 5, address);
    writer.rewind(mark);
    expect(writer.length).toBe(length);
    expect(writer.count(Section.additional)).toBe(0);
    writer.record(parseName('gone.example.'), RRType.A, 6, address);
    const { answers, additionals } = decodeMessage(buffer, 0, writer.finish());
    expect(answers.map(({ owner, ttl }) => [owner, ttl])).toEqual([
      [service, 5],
      [parseName('gone.example.'), 6],
    ]);
    expect(additionals).toEqual([]);
  });

  it('keeps the reserved room for OPT', () => {
    const { writer, buffer } = begun(60);
    writer.question(service, RRType.A);
    const room = 60 - writer.length;
    writer.reserve(room - 15);
    writer.section(Section.answer);
    expect(writer.record(service, RRType.A, 5, address)).toBe(false);
    writer.reserve(11);
    writer.section(Section.additional);
    expect(writer.opt(1232, 0x8000, '' as Octets)).toBe(true);
    expect(decodeMessage(buffer, 0, writer.finish()).edns).toMatchObject({ payloadSize: 1232, dnssecOk: true });
  });

  it('begins again without a trace of the message before, also elsewhere in the buffer', () => {
    const { writer, buffer } = begun();
    writer.section(Section.answer);
    writer.record(parseName('old.example.'), RRType.A, 5, address);
    writer.finish();
    writer.begin(buffer, 100, 200);
    writer.section(Section.answer);
    writer.record(parseName('x.old.example.'), RRType.NS, 5, parseName('old.example.'));
    const end = 100 + writer.finish();
    const { answers } = decodeMessage(buffer, 100, end);
    expect(answers).toMatchObject([{ owner: parseName('x.old.example.'), rdata: parseName('old.example.') }]);
  });

  it('makes readable messages of any records, cut off where the room ends', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), fc.integer({ min: 12, max: 600 }), (records, room) => {
        const { writer, buffer } = begun(room);
        writer.section(Section.answer);
        const written = records.filter((each) => writer.record(each.owner, each.type, each.ttl, each.rdata));
        expect(decodeMessage(buffer, 0, writer.finish()).answers).toEqual(written);
      }),
    );
  });

  it('takes owners of the root', () => {
    const { writer, buffer } = begun();
    writer.question('\0' as Name, RRType.NS);
    writer.section(Section.answer);
    writer.record('\0' as Name, RRType.NS, 5, parseName('a.'));
    expect(decodeMessage(buffer, 0, writer.finish()).answers).toMatchObject([{ owner: '\0', rdata: parseName('a.') }]);
  });
});
