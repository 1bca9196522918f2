/** Which messages are dropped, which are refused and how (RFC 1035 section 4.1.1, RFC 8906), octet for octet. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../support/message.ts';
import { DnsServer, encodeQuery, load } from '../support/dns.ts';

const server = new DnsServer([
  load('example.', '@ 300 SOA ns1 host 1 3600 600 86400 60\n@ 300 NS ns1\nwww 300 A 192.0.2.2'),
]);

interface Sections {
  readonly flags?: number;
  readonly questions?: number;
  readonly answers?: number;
  readonly authorities?: number;
  readonly additionals?: number;
}

/** A message of a header with these counts and a body in hexadecimal. */
function message(
  { flags = 0x0100, questions = 1, answers = 0, authorities = 0, additionals = 0 }: Sections,
  body: string,
): Buffer {
  const header = Buffer.alloc(12);
  [0x1234, flags, questions, answers, authorities, additionals].forEach((value, index) =>
    header.writeUInt16BE(value, index * 2),
  );
  return Buffer.concat([header, Buffer.from(body.replaceAll(' ', ''), 'hex')]);
}

const name = '03777777 076578616d706c65 00';
const question = `${name} 0001 0001`;
const record = 'c00c 0001 0001 00000000 0004 01020304';
const opt = (version = '00', rdata = '') =>
  `00 0029 04d0 00${version}0000 ${(rdata.length / 2).toString(16).padStart(4, '0')} ${rdata}`;

/** rcode, flags and counts of the reply; `dropped` without one. */
function replyTo(request: Buffer, transport: 'udp' | 'tcp' = 'udp'): string {
  const octets = server.exchange(request, { transport });
  if (octets === null) return 'dropped';
  const reply = decodeMessage(octets);
  expect(reply.id).toBe(0x1234);
  expect(reply.isResponse).toBe(true);
  const counts = [4, 6, 8, 10].map((offset) => octets.readUInt16BE(offset)).join('/');
  return [`rcode ${reply.rcode}`, reply.authoritative && 'AA', reply.recursionDesired && 'RD', counts]
    .filter(Boolean)
    .join(' ');
}

describe('a message', () => {
  it.each<[string, Buffer, string]>([
    ['that is a query', message({}, question), 'rcode 0 AA RD 1/1/0/0'],
    ['with EDNS', message({ additionals: 1 }, question + opt()), 'rcode 0 AA RD 1/1/0/1'],
    ['of 11 octets', message({}, '').subarray(0, 11), 'dropped'],
    ['that is a response', message({ flags: 0x8100 }, question), 'dropped'],
    ['without its question', message({}, ''), 'rcode 1 RD 0/0/0/0'],
    ['without a question', message({ questions: 0 }, ''), 'rcode 1 RD 0/0/0/0'],
    ['without a question, with EDNS', message({ questions: 0, additionals: 1 }, opt()), 'rcode 1 RD 0/0/0/1'],
    [
      'that asks for a cookie only (RFC 7873 5.4)',
      message({ questions: 0, additionals: 1 }, opt('00', '000a00080102030405060708')),
      'rcode 0 RD 0/0/0/1',
    ],
    ['with two questions (RFC 9619)', message({ questions: 2 }, question + question), 'rcode 1 RD 0/0/0/0'],
    ['with an answer', message({ answers: 1 }, question + record), 'rcode 1 RD 1/0/0/0'],
    ['with an authority record', message({ authorities: 1 }, question + record), 'rcode 1 RD 1/0/0/0'],
    [
      'with an additional record that is no OPT',
      message({ additionals: 2 }, question + record + opt()),
      'rcode 0 AA RD 1/1/0/1',
    ],
    ['that ends before its additional record', message({ additionals: 1 }, question), 'rcode 1 RD 1/0/0/0'],
    ['with octets after its end', message({}, `${question}0000`), 'rcode 0 AA RD 1/1/0/0'],
    ['with a compressed name in the question', message({}, 'c00c 0001 0001'), 'rcode 1 RD 0/0/0/0'],
    ['with a label of 64 octets', message({}, `40${'61'.repeat(64)}00 0001 0001`), 'rcode 1 RD 0/0/0/0'],
    [
      'with a name of 256 octets',
      message({}, `${`3f${'61'.repeat(63)}`.repeat(3)}3e${'61'.repeat(62)}00 0001 0001`),
      'rcode 1 RD 0/0/0/0',
    ],
    [
      'with a name of 255 octets',
      message({}, `${`3f${'61'.repeat(63)}`.repeat(3)}3d${'61'.repeat(61)}00 0001 0001`),
      'rcode 5 RD 1/0/0/0',
    ],
    [
      'with two OPT records (RFC 6891 6.1.1)',
      message({ additionals: 2 }, question + opt() + opt()),
      'rcode 1 RD 1/0/0/1',
    ],
    [
      'with an OPT record that the root does not own',
      message({ additionals: 1 }, question + opt().replace('00 0029', '0161 00 0029')),
      'rcode 1 RD 1/0/0/0',
    ],
    [
      'with an option longer than its record',
      message({ additionals: 1 }, question + opt('00', '0003000901')),
      'rcode 1 RD 1/0/0/1',
    ],
    [
      'with an unknown option',
      message({ additionals: 1 }, question + opt('00', 'fde90002abcd')),
      'rcode 0 AA RD 1/1/0/1',
    ],
    ['of EDNS version 1 (BADVERS)', message({ additionals: 1 }, question + opt('01')), 'rcode 16 RD 1/0/0/1'],
    ['of EDNS version 255', message({ additionals: 1 }, question + opt('ff')), 'rcode 16 RD 1/0/0/1'],
    ['with all other flags set', message({ flags: 0x07ff }, question), 'rcode 0 AA RD 1/1/0/0'],
    ['with opcode IQUERY', message({ flags: 0x0800 }, question), 'rcode 4 1/0/0/0'],
    ['with opcode NOTIFY and EDNS', message({ flags: 0x2000, additionals: 1 }, question + opt()), 'rcode 4 1/0/0/1'],
    ['with opcode 15 and no sense', message({ flags: 0x7800 }, 'ffff'), 'rcode 4 0/0/0/0'],
    ['of class HS', message({}, `${name} 0001 0004`), 'rcode 5 RD 1/0/0/0'],
    ['of class NONE', message({}, `${name} 0001 00fe`), 'rcode 5 RD 1/0/0/0'],
    ['of class ANY, which is never authoritative', message({}, `${name} 0001 00ff`), 'rcode 0 RD 1/1/0/0'],
    ['of type 0', message({}, `${name} 0000 0001`), 'rcode 0 AA RD 1/0/1/0'],
    ['of type OPT', message({}, `${name} 0029 0001`), 'rcode 0 AA RD 1/0/1/0'],
    ['of type AXFR over UDP', message({}, `${name} 00fc 0001`), 'rcode 4 RD 1/0/0/0'],
    ['of type IXFR', message({ authorities: 1 }, `${name} 00fb 0001 ${record}`), 'rcode 5 RD 1/0/0/0'],
  ])('%s', (_, request, expected) => {
    expect(replyTo(request)).toBe(expected);
  });

  it('of type AXFR over TCP is refused', () => {
    expect(replyTo(message({}, `${name} 00fc 0001`), 'tcp')).toBe('rcode 5 RD 1/0/0/0');
  });

  it('gets its question back as it was asked', () => {
    const request = encodeQuery('wWw.ExAmPlE.', 'A');
    expect(server.exchange(request)!.subarray(12, request.length)).toEqual(request.subarray(12));
    expect(server.exchange(request)!.length).toBe(request.length + 16);
  });

  it('of any type gets an answer of that question or an error', () => {
    for (let type = 0; type <= 0xffff; type++) {
      const request = message({}, `${name} ${type.toString(16).padStart(4, '0')} 0001`);
      const reply = server.exchange(request)!;
      expect(reply.subarray(12, request.length).equals(request.subarray(12))).toBe(true);
    }
  });

  it('with any flags is dropped as a response or gets a reply with its opcode and RD', () => {
    const request = message({}, question);
    for (let flags = 0; flags <= 0xffff; flags++) {
      request.writeUInt16BE(flags, 2);
      const reply = server.exchange(request);
      if (flags >= 0x8000) expect(reply).toBeNull();
      else expect(reply!.readUInt16BE(2) & 0xf9f0).toBe(0x8000 | (flags & 0x7900));
    }
  });

  it('cut off anywhere is dropped or gets FORMERR', () => {
    const whole = message({ additionals: 1 }, question + opt('00', '000a00080102030405060708'));
    for (let length = 0; length < whole.length; length++) {
      const reply = server.exchange(whole.subarray(0, length));
      if (length < 12) expect(reply).toBeNull();
      else expect(reply!.readUInt16BE(2) & 0xf).toBe(1);
    }
  });

  it('of any octets gets a reply that decodes, or none', () => {
    const octets = fc.uint8Array({ maxLength: 600 });
    const tail = fc.uint8Array({ maxLength: 80 });
    const likely = fc
      .record({
        flags: fc.constantFrom(0x0100, 0x0000, 0x2800, 0x8000),
        counts: fc.array(fc.nat({ max: 3 }), { minLength: 4, maxLength: 4 }),
        tail,
      })
      .map(({ flags, counts, tail: rest }) => {
        const [questions = 0, answers = 0, authorities = 0, additionals = 0] = counts;
        return Buffer.concat([
          message({ flags, questions, answers, authorities, additionals }, question + opt()),
          rest,
        ]);
      });
    fc.assert(
      fc.property(fc.oneof(octets, likely), fc.constantFrom<'udp' | 'tcp'>('udp', 'tcp'), (request, transport) => {
        const reply = server.exchange(Buffer.from(request), { transport });
        if (request.length < 12 || request[2]! >= 0x80) expect(reply).toBeNull();
        else expect(decodeMessage(reply!).isResponse).toBe(true);
        expect(server.counters.read().failures).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });
});
