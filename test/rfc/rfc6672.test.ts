/** RFC 6672 section 2.3: the table of substitutions, each with a zone that holds the DNAME record. */
import { expect, it } from 'vitest';
import { RRType } from '../../src/wire/codes.ts';
import { printName } from '../../src/wire/name.ts';
import { DnsServer, load } from '../support/dns.ts';

const noMatch = null;

const table: readonly (readonly [qname: string, zone: string, owner: string, target: string, result: string | null])[] = [
  ['com.', 'com.', 'example.com.', 'example.net.', noMatch],
  ['example.com.', 'com.', 'example.com.', 'example.net.', noMatch],
  ['a.example.com.', 'com.', 'example.com.', 'example.net.', 'a.example.net.'],
  ['a.b.example.com.', 'com.', 'example.com.', 'example.net.', 'a.b.example.net.'],
  ['ab.example.com.', 'com.', 'b.example.com.', 'example.net.', noMatch],
  ['foo.example.com.', 'com.', 'example.com.', 'example.net.', 'foo.example.net.'],
  ['a.x.example.com.', 'com.', 'x.example.com.', 'example.net.', 'a.example.net.'],
  ['a.example.com.', 'com.', 'example.com.', 'y.example.net.', 'a.y.example.net.'],
  ['cyc.example.com.', 'com.', 'example.com.', 'example.com.', 'cyc.example.com.'],
  ['cyc.example.com.', 'com.', 'example.com.', 'c.example.com.', 'cyc.c.example.com.'],
  ['shortloop.x.x.', 'x.', 'x.', '.', 'shortloop.x.'],
  ['shortloop.x.', 'x.', 'x.', '.', 'shortloop.'],
];

it.each(table)('makes of %s, with the DNAME in %s of %s to %s, %s', (qname, zone, owner, target, result) => {
  const server = new DnsServer([load(zone, `@ 60 IN SOA ns.invalid. h.invalid. 1 1 1 1 60\n@ 60 NS ns.invalid.\n${owner} 60 DNAME ${target}`)]);
  const alias = server.ask(qname, 'A').answers.find((record) => record.type === RRType.CNAME);
  expect(alias ? printName(alias.rdata) : null).toBe(result);
});
