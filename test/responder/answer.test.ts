/** Answers by rule, in presentation form. */
import { describe, it } from 'vitest';
import { type Case, DnsServer, load } from '../support/dns.ts';

const soa = 'example. 60 IN SOA ns1.example. host.example. 1 3600 600 86400 60';

const server = new DnsServer([
  load(
    'example.',
    `
@            300 SOA   ns1 host 1 3600 600 86400 60
@            300 NS    ns1
@            300 NS    ns.other.
ns1          300 A     192.0.2.1
www          300 A     192.0.2.2
www          300 AAAA  2001:db8::2
txt          300 TXT   "a" "b"
*.wild       300 A     192.0.2.3
*.wild       300 MX    10 www
*.cwild      300 CNAME www
a.b.c        300 A     192.0.2.4
alias        300 CNAME www
alias2       60  CNAME alias
dangling     300 CNAME missing
nodata       300 CNAME txt
outside      300 CNAME www.other.
inside       300 CNAME www.child.example.
loop1        300 CNAME loop2
loop2        300 CNAME loop1
self         300 CNAME self
tosub        300 CNAME x.sub
old          300 DNAME new
x.new        300 A     192.0.2.5
cyc          300 DNAME cyc
into         300 DNAME x.into
away         300 DNAME other.
longer       300 DNAME ${'n'.repeat(63)}.${'o'.repeat(63)}
sub          300 NS    ns.sub
sub          300 NS    ns1
sub          300 NS    ns.sibling
sub          300 NS    ns.other.
ns.sub       300 A     192.0.2.6
ns.sub       300 AAAA  2001:db8::6
sibling      300 NS    ns.sibling
ns.sibling   300 A     192.0.2.7
nons         300 NS    missing
_web._tcp    300 SRV   10 5 80 www
_web._tcp    300 SRV   20 5 80 ns1
_off._tcp    300 SRV   0 0 0 .
_dup._tcp    300 SRV   0 0 80 www
_dup._tcp    300 SRV   1 0 81 WWW
_alias._tcp  300 SRV   0 0 80 alias
_wild._tcp   300 SRV   0 0 80 any.wild
_cut._tcp    300 SRV   0 0 80 ns.sub
mail         300 MX    10 www
mail         300 MX    20 mx.other.
svcb         300 HTTPS 1 . alpn=h2
svcb         300 A     192.0.2.8
hidden       300 HTTPS 0 www`,
  ),
  load(
    'child.example.',
    `
@   300 SOA ns1.example. host 1 3600 600 86400 30
@   300 NS  ns1.example.
www 300 A   192.0.2.9`,
  ),
]);

const rules: Record<string, readonly Case[]> = {
  'a name that exists': [
    { qname: 'www.example.', qtype: 'A', answer: ['www.example. 300 A 192.0.2.2'] },
    { qname: 'txt.example.', qtype: 'TXT', answer: ['txt.example. 300 TXT "a" "b"'] },
    { qname: 'example.', qtype: 'SOA', answer: ['example. 300 SOA ns1.example. host.example. 1 3600 600 86400 60'] },
  ],
  'negative answers (RFC 2308)': [
    { qname: 'www.example.', qtype: 'TXT', authority: [soa] },
    { qname: 'missing.example.', qtype: 'A', rcode: 'NXDOMAIN', authority: [soa] },
    { qname: 'b.c.example.', qtype: 'A', authority: [soa] },
    {
      qname: 'x.child.example.',
      qtype: 'A',
      rcode: 'NXDOMAIN',
      authority: ['child.example. 30 SOA ns1.example. host.child.example. 1 3600 600 86400 30'],
    },
  ],
  'names of others (REFUSED)': [
    { qname: 'www.other.', qtype: 'A', rcode: 'REFUSED', flags: '' },
    { qname: '.', qtype: 'NS', rcode: 'REFUSED', flags: '' },
  ],
  'wildcards (RFC 4592)': [
    { qname: 'x.wild.example.', qtype: 'A', answer: ['x.wild.example. 300 A 192.0.2.3'] },
    {
      qname: 'x.y.wild.example.',
      qtype: 'MX',
      answer: ['x.y.wild.example. 300 MX 10 www.example.'],
      additional: ['www.example. 300 A 192.0.2.2', 'www.example. 300 AAAA 2001:db8::2'],
    },
    { qname: 'x.wild.example.', qtype: 'TXT', authority: [soa] },
    {
      qname: 'x.cwild.example.',
      qtype: 'A',
      answer: ['x.cwild.example. 300 CNAME www.example.', 'www.example. 300 A 192.0.2.2'],
    },
  ],
  aliases: [
    {
      qname: 'alias.example.',
      qtype: 'A',
      answer: ['alias.example. 300 CNAME www.example.', 'www.example. 300 A 192.0.2.2'],
    },
    { qname: 'alias.example.', qtype: 'CNAME', answer: ['alias.example. 300 CNAME www.example.'] },
    {
      qname: 'alias2.example.',
      qtype: 'AAAA',
      answer: [
        'alias2.example. 60 CNAME alias.example.',
        'alias.example. 300 CNAME www.example.',
        'www.example. 300 AAAA 2001:db8::2',
      ],
    },
    {
      qname: 'dangling.example.',
      qtype: 'A',
      rcode: 'NXDOMAIN',
      answer: ['dangling.example. 300 CNAME missing.example.'],
      authority: [soa],
    },
    { qname: 'nodata.example.', qtype: 'A', answer: ['nodata.example. 300 CNAME txt.example.'], authority: [soa] },
    { qname: 'outside.example.', qtype: 'A', answer: ['outside.example. 300 CNAME www.other.'] },
    {
      qname: 'inside.example.',
      qtype: 'A',
      answer: ['inside.example. 300 CNAME www.child.example.', 'www.child.example. 300 A 192.0.2.9'],
    },
    {
      qname: 'loop1.example.',
      qtype: 'A',
      answer: ['loop1.example. 300 CNAME loop2.example.', 'loop2.example. 300 CNAME loop1.example.'],
    },
    { qname: 'self.example.', qtype: 'A', answer: ['self.example. 300 CNAME self.example.'] },
    {
      qname: 'tosub.example.',
      qtype: 'A',
      answer: ['tosub.example. 300 CNAME x.sub.example.'],
      authority: ['ns.sub', 'ns1', 'ns.sibling']
        .map((name) => `sub.example. 300 NS ${name}.example.`)
        .concat('sub.example. 300 NS ns.other.'),
      additional: [
        'ns.sub.example. 300 A 192.0.2.6',
        'ns.sub.example. 300 AAAA 2001:db8::6',
        'ns1.example. 300 A 192.0.2.1',
        'ns.sibling.example. 300 A 192.0.2.7',
      ],
    },
  ],
  'DNAME (RFC 6672)': [
    {
      qname: 'x.old.example.',
      qtype: 'A',
      answer: [
        'old.example. 300 DNAME new.example.',
        'x.old.example. 300 CNAME x.new.example.',
        'x.new.example. 300 A 192.0.2.5',
      ],
    },
    {
      qname: 'x.old.example.',
      qtype: 'CNAME',
      answer: ['old.example. 300 DNAME new.example.', 'x.old.example. 300 CNAME x.new.example.'],
    },
    {
      qname: 'y.old.example.',
      qtype: 'A',
      rcode: 'NXDOMAIN',
      answer: ['old.example. 300 DNAME new.example.', 'y.old.example. 300 CNAME y.new.example.'],
      authority: [soa],
    },
    {
      qname: 'y.into.example.',
      qtype: 'A',
      answer: ['into.example. 300 DNAME x.into.example.', 'y.into.example. 300 CNAME y.x.into.example.'],
    },
    {
      qname: 'x.cyc.example.',
      qtype: 'A',
      answer: ['cyc.example. 300 DNAME cyc.example.', 'x.cyc.example. 300 CNAME x.cyc.example.'],
    },
    {
      qname: 'x.away.example.',
      qtype: 'A',
      answer: ['away.example. 300 DNAME other.', 'x.away.example. 300 CNAME x.other.'],
    },
    {
      qname: `${'a'.repeat(63)}.${'b'.repeat(63)}.longer.example.`,
      qtype: 'A',
      rcode: 'YXDOMAIN',
      answer: [`longer.example. 300 DNAME ${'n'.repeat(63)}.${'o'.repeat(63)}.example.`],
    },
  ],
  'referrals with glue (RFC 9471)': [
    {
      qname: 'x.sub.example.',
      qtype: 'A',
      flags: '',
      authority: ['ns.sub', 'ns1', 'ns.sibling']
        .map((name) => `sub.example. 300 NS ${name}.example.`)
        .concat('sub.example. 300 NS ns.other.'),
      additional: [
        'ns.sub.example. 300 A 192.0.2.6',
        'ns.sub.example. 300 AAAA 2001:db8::6',
        'ns1.example. 300 A 192.0.2.1',
        'ns.sibling.example. 300 A 192.0.2.7',
      ],
    },
    { qname: 'nons.example.', qtype: 'NS', flags: '', authority: ['nons.example. 300 NS missing.example.'] },
    { qname: 'sub.example.', qtype: 'DS', authority: [soa] },
    { qname: 'child.example.', qtype: 'DS', rcode: 'NXDOMAIN', authority: [soa] },
  ],
  'additional addresses': [
    {
      qname: '_web._tcp.example.',
      qtype: 'SRV',
      answer: ['_web._tcp.example. 300 SRV 10 5 80 www.example.', '_web._tcp.example. 300 SRV 20 5 80 ns1.example.'],
      additional: ['www.example. 300 A 192.0.2.2', 'www.example. 300 AAAA 2001:db8::2', 'ns1.example. 300 A 192.0.2.1'],
    },
    { qname: '_off._tcp.example.', qtype: 'SRV', answer: ['_off._tcp.example. 300 SRV 0 0 0 .'] },
    {
      qname: '_dup._tcp.example.',
      qtype: 'SRV',
      answer: ['_dup._tcp.example. 300 SRV 0 0 80 www.example.', '_dup._tcp.example. 300 SRV 1 0 81 WWW.example.'],
      additional: ['www.example. 300 A 192.0.2.2', 'www.example. 300 AAAA 2001:db8::2'],
    },
    { qname: '_alias._tcp.example.', qtype: 'SRV', answer: ['_alias._tcp.example. 300 SRV 0 0 80 alias.example.'] },
    {
      qname: '_wild._tcp.example.',
      qtype: 'SRV',
      answer: ['_wild._tcp.example. 300 SRV 0 0 80 any.wild.example.'],
      additional: ['any.wild.example. 300 A 192.0.2.3'],
    },
    { qname: '_cut._tcp.example.', qtype: 'SRV', answer: ['_cut._tcp.example. 300 SRV 0 0 80 ns.sub.example.'] },
    {
      qname: 'mail.example.',
      qtype: 'MX',
      answer: ['mail.example. 300 MX 10 www.example.', 'mail.example. 300 MX 20 mx.other.'],
      additional: ['www.example. 300 A 192.0.2.2', 'www.example. 300 AAAA 2001:db8::2'],
    },
    {
      qname: 'example.',
      qtype: 'NS',
      answer: ['example. 300 NS ns1.example.', 'example. 300 NS ns.other.'],
      additional: ['ns1.example. 300 A 192.0.2.1'],
    },
    {
      qname: 'svcb.example.',
      qtype: 'HTTPS',
      answer: ['svcb.example. 300 HTTPS 1 . alpn=h2'],
      additional: ['svcb.example. 300 A 192.0.2.8'],
    },
    {
      qname: 'hidden.example.',
      qtype: 'HTTPS',
      answer: ['hidden.example. 300 HTTPS 0 www.example.'],
      additional: ['www.example. 300 A 192.0.2.2', 'www.example. 300 AAAA 2001:db8::2'],
    },
  ],
  'ANY (RFC 8482)': [
    { qname: 'www.example.', qtype: 'ANY', answer: ['www.example. 300 A 192.0.2.2'] },
    { qname: 'c.example.', qtype: 'ANY', authority: [soa] },
    { qname: 'missing.example.', qtype: 'ANY', rcode: 'NXDOMAIN', authority: [soa] },
    { qname: 'alias.example.', qtype: 'ANY', answer: ['alias.example. 300 CNAME www.example.'] },
  ],
};

describe.each(Object.entries(rules))('answers: %s', (_, cases) => {
  it.each(cases)('$qname $qtype', (expected) => {
    server.check(expected);
    // Once more, from the cache where it may be.
    server.check(expected);
  });
});
