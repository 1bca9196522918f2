/**
 * Messages that are odd in the header, the counts or EDNS, sent to Signpost, NSD and Knot: the head of our reply is that of one
 * of theirs. Where it is not, the table says what it is and which RFC wants it so.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Comparison } from '../support/comparison.ts';
import { toolsMissing } from '../support/tools.ts';

let comparison: Comparison | null = null;
beforeAll(async () => {
  if (toolsMissing('nsd', 'knotd')) return;
  comparison = await Comparison.start(fileURLToPath(new URL('zones/', import.meta.url)));
});
afterAll(() => comparison?.[Symbol.asyncDispose]());

/** A message without its id: flags, counts and sections in hexadecimal. */
function message(flags: number, counts: readonly [number, number, number, number], body: string): string {
  return [flags, ...counts].map((word) => word.toString(16).padStart(4, '0')).join('') + body;
}

function question(type: number, qclass = 1, name = 'www.example.test'): string {
  const labels = name.split('.').map((label) => label.length.toString(16).padStart(2, '0') + Buffer.from(label).toString('hex'));
  return `${labels.join('')}00${type.toString(16).padStart(4, '0')}${qclass.toString(16).padStart(4, '0')}`;
}

function opt({ owner = '00', payload = 1232, version = 0, flags = 0, options = '' } = {}): string {
  const word = (value: number): string => value.toString(16).padStart(4, '0');
  return `${owner}0029${word(payload)}00${version.toString(16).padStart(2, '0')}${word(flags)}${word(options.length / 2)}${options}`;
}

const a = question(1);
const soa = question(6, 1, 'example.test');
const address = `c00c000100010000012c0004c0000201`;
const flagged = (flags: number): string => message(flags, [1, 0, 0, 0], a);
const withOpt = (parts: Parameters<typeof opt>[0], flags = 0): string => message(flags, [1, 0, 0, 1], a + opt(parts));
const typed = (type: number): string => message(0, [1, 0, 0, 0], question(type));

/** What is sent, and, where neither NSD nor Knot says the same, our head with the reason. */
const cases: readonly (readonly [name: string, message: string, departure?: { readonly head: string; readonly reason: string }])[] = [
  ['RD', flagged(0x0100)],
  ['RA', flagged(0x0080)],
  ['Z', flagged(0x0040)],
  ['AD', flagged(0x0020)],
  ['CD', flagged(0x0010)],
  ['AA', flagged(0x0400)],
  ['TC', flagged(0x0200)],
  ['an rcode', flagged(0x0005)],
  ['RD, AD, CD with OPT', withOpt({}, 0x0130)],
  ['RD, AD, CD with OPT and DO', withOpt({ flags: 0x8000 }, 0x0130)],
  ['opcode IQUERY', flagged(0x0800)],
  ['opcode STATUS', flagged(0x1000)],
  ['opcode 3', flagged(0x1800)],
  ['opcode NOTIFY', message(0x2000, [1, 0, 0, 0], soa),
    { head: 'opcode 4 rcode 4 ', reason: 'RFC 1035 section 4.1.1: NOTIMP for a kind of query that the server does not know, and it is nobody’s secondary' }],
  ['opcode UPDATE', message(0x2800, [1, 0, 0, 0], soa)],
  ['opcode DSO without question', message(0x3000, [0, 0, 0, 0], '')],
  ['opcode 15', flagged(0x7800)],
  ['opcode STATUS with OPT', withOpt({}, 0x1000)],
  ['a response', flagged(0x8000)],
  ['no question', message(0, [0, 0, 0, 0], '')],
  ['two questions', message(0, [2, 0, 0, 0], a + question(28))],
  ['a question less than counted', message(0, [2, 0, 0, 0], a)],
  ['65535 questions', message(0, [65535, 0, 0, 0], a)],
  ['an answer record', message(0, [1, 1, 0, 0], a + address)],
  ['an authority record', message(0, [1, 0, 1, 0], a + address)],
  ['an additional record', message(0, [1, 0, 0, 1], a + address)],
  ['an additional record before OPT', message(0, [1, 0, 0, 2], a + address + opt())],
  ['an additional record behind OPT', message(0, [1, 0, 0, 2], a + opt() + address)],
  ['OPT among the answers', message(0, [1, 1, 0, 0], a + opt())],
  ['OPT in authority', message(0, [1, 0, 1, 0], a + opt())],
  ['two OPT', message(0, [1, 0, 0, 2], a + opt() + opt()),
    { head: 'opcode 0 rcode 1 OPT', reason: 'RFC 6891 sections 6.1.1 and 7: FORMERR, and OPT in every reply to OPT' }],
  ['OPT with an owner', message(0, [1, 0, 0, 1], a + opt({ owner: '016100' }))],
  ['OPT, cut', message(0, [1, 0, 0, 1], a + opt().slice(0, -4))],
  ['OPT, missing', message(0, [1, 0, 0, 1], a)],
  ['an octet behind the question', message(0, [1, 0, 0, 0], `${a}00`)],
  ['OPT behind the question, not counted', message(0, [1, 0, 0, 0], a + opt())],
  ['octets behind OPT', message(0, [1, 0, 0, 1], `${a}${opt()}ffff`)],
  ['EDNS version 1', withOpt({ version: 1 })],
  ['EDNS version 255 with DO', withOpt({ version: 255, flags: 0x8000 })],
  ['EDNS version 1 with an unknown option', withOpt({ version: 1, options: 'fde90002abcd' })],
  ['unknown EDNS flags', withOpt({ flags: 0x7fff })],
  ['an unknown EDNS option', withOpt({ options: 'fde90002abcd' })],
  ['an EDNS option longer than its record', withOpt({ options: 'fde900ffabcd' }),
    { head: 'opcode 0 rcode 1 OPT', reason: 'RFC 6891 section 7: OPT in every reply to OPT' }],
  ['half an EDNS option', withOpt({ options: 'fde9' }),
    { head: 'opcode 0 rcode 1 OPT', reason: 'RFC 6891 section 7: OPT in every reply to OPT' }],
  ['a cookie of 8 octets', withOpt({ options: '000a00080102030405060708' })],
  ['a cookie of 7 octets', withOpt({ options: '000a000701020304050607' }),
    { head: 'opcode 0 rcode 1 OPT', reason: 'RFC 7873 section 5.2.2: FORMERR for a COOKIE option of an impossible length' }],
  ['payload 0', withOpt({ payload: 0 })],
  ['payload 511', withOpt({ payload: 511 })],
  ['payload 65535', withOpt({ payload: 65535 })],
  ['type 0', typed(0)],
  ['type OPT', typed(41)],
  ['type TSIG', typed(250)],
  ['type TKEY', typed(249)],
  ['type IXFR', message(0, [1, 0, 1, 0], `${question(251, 1, 'example.test')}c00c000600010000000000160000000000010000000100000001000000010000000100`)],
  ['type IXFR without SOA', message(0, [1, 0, 0, 0], question(251, 1, 'example.test'))],
  ['type AXFR', message(0, [1, 0, 0, 0], question(252, 1, 'example.test'))],
  ['type MAILB', typed(253)],
  ['type MAILA', typed(254)],
  ['type ANY', typed(255)],
  ['type NULL', typed(10)],
  ['type 65535', typed(65535)],
  ['class CH', message(0, [1, 0, 0, 0], question(1, 3))],
  ['class HS', message(0, [1, 0, 0, 0], question(1, 4))],
  ['class NONE', message(0, [1, 0, 0, 0], question(1, 254))],
  ['class ANY', message(0, [1, 0, 0, 0], question(1, 255))],
  ['class 0', message(0, [1, 0, 0, 0], question(1, 0))],
  ['a foreign name', message(0, [1, 0, 0, 0], question(1, 1, 'www.example.com'))],
  ['a foreign name with OPT', message(0, [1, 0, 0, 1], question(1, 1, 'www.example.com') + opt())],
  ['a name too long', message(0, [1, 0, 0, 0], `${'0161'.repeat(128)}0000010001`)],
  ['a label of 64 octets', message(0, [1, 0, 0, 0], `40${'61'.repeat(64)}0000010001`)],
  ['a label of type 0x80', message(0, [1, 0, 0, 0], '806100' + '00010001')],
  ['a pointer in the question to itself', message(0, [1, 0, 0, 0], 'c00c00010001')],
  ['a pointer into the header', message(0, [1, 0, 0, 0], 'c00000010001')],
  ['a question without class', message(0, [1, 0, 0, 0], a.slice(0, -4))],
  ['a name without end', message(0, [1, 0, 0, 0], '0377777707')],
];

it('gives odd messages the head that NSD or Knot give them, or the one that an RFC asks for', async () => {
  if (comparison === null) return;
  const messages = cases.map(([, hex], id) => Buffer.from(id.toString(16).padStart(4, '0') + hex, 'hex'));
  const heads = await comparison.heads(messages);
  const found: string[] = [];
  for (const [index, [name, , departure]] of cases.entries()) {
    const [ours, nsd, knot] = heads[index]!;
    const isRight = departure === undefined ? ours === nsd || ours === knot : ours === departure.head;
    if (!isRight) found.push(`${name}: found ${ours}, wanted ${departure?.head ?? `${nsd} (NSD) or ${knot} (Knot)`}`);
  }
  expect(found).toEqual([]);
}, 30_000);
