/** RFC 2308: the negative answers of sections 2.1 and 2.2, and the TTL of section 5. */
import { it } from 'vitest';
import { type Case, DnsServer, load } from '../support/dns.ts';

const server = new DnsServer([
  load('xx.', '@ 86400 IN SOA ns1 hostmaster 1 7200 900 1209600 300\n@ 86400 NS ns1\nns1 86400 A 127.0.0.2\nplain 86400 A 127.0.0.3'),
  load('example.', '@ 60 IN SOA ns1.xx. hostmaster.ns1.xx. 1 7200 900 1209600 300\n@ 60 NS ns1.xx.\nan 60 CNAME tripple.xx.\nno 60 CNAME plain.xx.'),
]);

const ofXx = ['xx. 300 IN SOA ns1.xx. hostmaster.xx. 1 7200 900 1209600 300'];
const ofExample = ['example. 60 IN SOA ns1.xx. hostmaster.ns1.xx. 1 7200 900 1209600 300'];

it.each<[string, Case]>([
  ['2.1: NXDOMAIN at the end of an alias', {
    qname: 'an.example.', qtype: 'A', rcode: 'NXDOMAIN', answer: ['an.example. 60 CNAME tripple.xx.'], authority: ofXx,
  }],
  ['2.1: NXDOMAIN', { qname: 'tripple.xx.', qtype: 'A', rcode: 'NXDOMAIN', authority: ofXx }],
  ['2.2: NODATA', { qname: 'plain.xx.', qtype: 'AAAA', authority: ofXx }],
  ['2.2: NODATA at the end of an alias', {
    qname: 'no.example.', qtype: 'AAAA', answer: ['no.example. 60 CNAME plain.xx.'], authority: ofXx,
  }],
  ['5: MINIMUM, where that is the lesser one, is the TTL', { qname: 'xx.', qtype: 'TXT', authority: ofXx }],
  ['5: the TTL of the SOA record, where that is', { qname: 'none.example.', qtype: 'A', rcode: 'NXDOMAIN', authority: ofExample }],
])('%s', (_, expected) => {
  server.check(expected);
});
