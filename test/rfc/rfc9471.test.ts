/** RFC 9471: glue in the referrals of its sections 2 and 3, and TC where what is needed does not fit. */
import { describe, expect, it } from 'vitest';
import { DnsServer, load, printReply } from '../support/dns.ts';

const servers = Array.from({ length: 9 }, (_, i) => `ns${i}.a-rather-long-name-of-a-name-server-that-fills-the-message`);
const server = new DnsServer([
  load('test.', `
@ 3600 IN SOA ns1 h 1 1 1 1 60
@ 3600 NS ns1
ns1 3600 A 192.0.2.1
foo 86400 NS ns1.foo
foo 86400 NS ns2.foo
ns1.foo 86400 A 203.0.113.1
ns2.foo 86400 AAAA 2001:db8::2:2
bar 86400 NS ns1.sibling
bar 86400 NS ns2.bar
sibling 86400 NS ns1.sibling
ns1.sibling 86400 A 203.0.113.2
ns2.bar 86400 AAAA 2001:db8::2:3
${servers.map((name) => `big 86400 NS ${name}.big\n${name}.big 86400 A 203.0.113.9\n${name}.big 86400 AAAA 2001:db8::9`).join('\n')}
`),
]);

describe('a referral', () => {
  it('has all in-domain glue (section 2.1)', () => {
    server.check({
      qname: 'www.foo.test.', qtype: 'A', flags: '',
      authority: ['foo.test. 86400 NS ns1.foo.test.', 'foo.test. 86400 NS ns2.foo.test.'],
      additional: ['ns1.foo.test. 86400 A 203.0.113.1', 'ns2.foo.test. 86400 AAAA 2001:db8::2:2'],
    });
  });

  it('has sibling glue where there is room (section 2.2)', () => {
    server.check({
      qname: 'www.bar.test.', qtype: 'A', flags: '',
      authority: ['bar.test. 86400 NS ns1.sibling.test.', 'bar.test. 86400 NS ns2.bar.test.'],
      additional: ['ns1.sibling.test. 86400 A 203.0.113.2', 'ns2.bar.test. 86400 AAAA 2001:db8::2:3'],
    });
  });

  it('has TC where in-domain glue does not fit (section 3.1), and all of it over TCP', () => {
    expect(printReply(server.ask('www.big.test.', 'A')).flags).toBe('TC');
    const reply = printReply(server.ask('www.big.test.', 'A', { transport: 'tcp' }));
    expect([reply.flags, reply.additional.length]).toEqual(['', 18]);
  });
});
