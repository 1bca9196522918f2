/** RFC 4592: the example zone of section 2.2.1 and what that section says of each question. */
import { it } from 'vitest';
import { type Case, DnsServer, load } from '../support/dns.ts';

const server = new DnsServer([
  load('example.', `
@ 3600 IN SOA ns.example.com. host.example.com. 1 7200 900 1209600 3600
@ 3600 NS ns.example.com.
@ 3600 NS ns.example.net.
* 3600 TXT "this is a wildcard"
* 3600 MX 10 host1.example.
sub.* 3600 TXT "this is not a wildcard"
host1 3600 A 192.0.2.1
_ssh._tcp.host1 3600 SRV 0 0 22 host1
_ssh._tcp.host2 3600 SRV 0 0 22 host1
subdel 3600 NS ns.example.com.
subdel 3600 NS ns.example.net.
`),
]);

const authority = ['example. 3600 IN SOA ns.example.com. host.example.com. 1 7200 900 1209600 3600'];
const additional = ['host1.example. 3600 IN A 192.0.2.1'];

const cases: readonly (readonly [why: string, expected: Case])[] = [
  ['the wildcard has the type', { qname: 'host3.example.', qtype: 'MX', answer: ['host3.example. 3600 MX 10 host1.example.'], additional }],
  ['the wildcard has other types', { qname: 'host3.example.', qtype: 'A', authority }],
  ['an asterisk stands for several labels', {
    qname: 'foo.bar.example.', qtype: 'TXT', answer: ['foo.bar.example. 3600 TXT "this is a wildcard"'],
  }],
  ['host1.example. exists', { qname: 'host1.example.', qtype: 'MX', authority }],
  ['sub.*.example. exists', { qname: 'sub.*.example.', qtype: 'MX', authority }],
  ['_tcp.host1.example. exists, without a wildcard', { qname: '_telnet._tcp.host1.example.', qtype: 'SRV', rcode: 'NXDOMAIN', authority }],
  ['subdel.example. is a zone cut', {
    qname: 'host.subdel.example.', qtype: 'A', flags: '', authority: ['subdel.example. 3600 NS ns.example.com.', 'subdel.example. 3600 NS ns.example.net.'],
  }],
  ['*.example. exists, without a wildcard', { qname: 'ghost.*.example.', qtype: 'MX', rcode: 'NXDOMAIN', authority }],
  ['section 2.2.2: host2.example. is an empty non-terminal', { qname: 'host2.example.', qtype: 'TXT', authority }],
  ['section 2.1.3: an asterisk in the question is a label like others', {
    qname: '*.example.', qtype: 'MX', answer: ['*.example. 3600 MX 10 host1.example.'], additional,
  }],
];

it.each(cases)('%s', (_, expected) => {
  server.check(expected);
});
