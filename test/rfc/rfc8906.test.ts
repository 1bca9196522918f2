/** RFC 8906 section 8: its tests of basic DNS (8.1) and of EDNS (8.2), with the answers that it expects of a good server. */
import { expect, it } from 'vitest';
import { decodeMessage } from '../support/message.ts';
import type { Edns } from '../../src/wire/edns.ts';
import type { Octets } from '../../src/wire/octets.ts';
import { DnsServer, encodeQuery, load } from '../support/dns.ts';

const server = new DnsServer([load('example.', '@ 60 IN SOA ns h 1 1 1 1 60\n@ 60 NS ns\nns 60 A 192.0.2.1')]);

interface Sent {
  readonly qtype?: string;
  /** The header's second word. */
  readonly flags?: number;
  readonly edns?: Partial<Edns>;
  readonly transport?: 'udp' | 'tcp';
}

/** What comes back: the flag word without QR, the whole rcode, the number of answers, and EDNS as version and DO. */
function exchange({ qtype = 'SOA', flags = 0, edns, transport = 'udp' }: Sent): string {
  const query = encodeQuery('example.', qtype, edns && { edns });
  query.writeUInt16BE(flags, 2);
  const reply = server.exchange(query, { transport })!;
  const message = decodeMessage(reply);
  const words = [(reply.readUInt16BE(2) & 0x7ff0).toString(16).padStart(4, '0'), `rcode ${message.rcode}`, `${message.answers.length} answers`];
  if (message.edns !== null) words.push(`EDNS ${message.edns.version}`, ...(message.edns.dnssecOk ? ['DO'] : []), `${message.edns.options.length} options`);
  return words.join(', ');
}

const unknownOption = { options: [{ code: 100, data: '' as Octets }] };
const severalOptions = { options: [3, 8, 9].map((code) => ({ code, data: (code === 8 ? '\0\x01\0\0' : '') as Octets })) };

it.each<[string, Sent, string]>([
  ['8.1: a type that every zone has', {}, '0400, rcode 0, 1 answers'],
  ['8.1: an unknown type', { qtype: 'TYPE1000' }, '0400, rcode 0, 0 answers'],
  ['8.1: CD, which only validators copy (NSD clears it, too)', { flags: 0x0010 }, '0400, rcode 0, 1 answers'],
  ['8.1: AD', { flags: 0x0020 }, '0400, rcode 0, 1 answers'],
  ['8.1: the reserved bit', { flags: 0x0040 }, '0400, rcode 0, 1 answers'],
  ['8.1: RD', { flags: 0x0100 }, '0500, rcode 0, 1 answers'],
  ['8.1: an unknown opcode', { flags: 0x7800 }, '7800, rcode 4, 0 answers'],
  ['8.1: TCP', { transport: 'tcp' }, '0400, rcode 0, 1 answers'],
  ['8.2: EDNS', { edns: {} }, '0400, rcode 0, 1 answers, EDNS 0, 0 options'],
  ['8.2: EDNS version 1', { edns: { version: 1 } }, '0000, rcode 16, 0 answers, EDNS 0, 0 options'],
  ['8.2: an unknown option', { edns: unknownOption }, '0400, rcode 0, 1 answers, EDNS 0, 0 options'],
  ['8.2: version 1 with an unknown option', { edns: { version: 1, ...unknownOption } }, '0000, rcode 16, 0 answers, EDNS 0, 0 options'],
  ['8.2: DO', { edns: { dnssecOk: true } }, '0400, rcode 0, 1 answers, EDNS 0, DO, 0 options'],
  ['8.2: version 1 with DO', { edns: { version: 1, dnssecOk: true } }, '0000, rcode 16, 0 answers, EDNS 0, DO, 0 options'],
  ['8.2: several defined options', { edns: severalOptions }, '0400, rcode 0, 1 answers, EDNS 0, 0 options'],
])('%s', (_, sent, expected) => {
  expect(exchange(sent)).toBe(expected);
});

it('8.2: unknown EDNS flags are not copied', () => {
  const query = encodeQuery('example.', 'SOA', { edns: {} });
  query.writeUInt16BE(0x0040, query.length - 4);
  const reply = server.exchange(query)!;
  expect(reply.readUInt16BE(reply.length - 4)).toBe(0);
});
