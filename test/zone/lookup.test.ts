/** What is found for a name and a type, by rule. */
import { describe, expect, it } from 'vitest';
import { parseType, printType } from '../../src/wire/codes.ts';
import { FoldedName } from '../../src/wire/folded-name.ts';
import { parseName, printName } from '../../src/wire/name.ts';
import { lookup } from '../../src/zone/lookup.ts';
import { Zone } from '../../src/zone/zone.ts';
import { load } from '../support/dns.ts';

const zone = new Zone(
  load(
    'example.',
    `
@              300 SOA   ns1 host 1 3600 600 86400 60
@              300 NS    ns1
ns1            300 A     192.0.2.1
www            300 A     192.0.2.2
www            300 AAAA  2001:db8::2
alias          300 CNAME www
a.b.c          300 A     192.0.2.3
*.wild         300 A     192.0.2.4
*.wild         300 TXT   "wild"
there.wild     300 TXT   "there"
x.deep.wild    300 TXT   "deep"
*.alias        300 CNAME www
sub            300 NS    ns.sub
ns.sub         300 A     192.0.2.5
sub            300 DS    1 8 1 0123456789abcdef0123456789abcdef01234567
*.sub          300 A     192.0.2.6
old            300 DNAME new
old            300 A     192.0.2.7
below.old      300 A     192.0.2.8
hushed         300 NS    ns1`,
    [
      { owner: parseName('empty.example.'), mark: { existence: 'exists' } },
      { owner: parseName('gone.wild.example.'), mark: { existence: 'denied' } },
      { owner: parseName('hushed.example.'), mark: { existence: 'denied' } },
      { owner: parseName('limited.wild.example.'), mark: { limit: 1 } },
    ],
  ),
  null,
);

/** The outcome in one line: with the type of the rrset, and where it stands if that is not the name itself. */
function outcomeOf(qname: string, qtype: string): string {
  const found = lookup(zone, FoldedName.of(parseName(qname)), parseType(qtype)!);
  const words: string[] = [found.outcome];
  if ('rrset' in found) words.push(printType(found.rrset.type));
  if ('synthesised' in found && found.synthesised) words.push('synthesised');
  if (found.outcome === 'delegation' || found.outcome === 'dname') words.push(printName(found.node.name));
  return words.join(' ');
}

const rules: Record<string, readonly (readonly [string, string, string])[]> = {
  'a name that exists (RFC 1034 4.3.2 3a)': [
    ['www.example.', 'A', 'answer A'],
    ['www.example.', 'TXT', 'nodata'],
    ['example.', 'SOA', 'answer SOA'],
    ['example.', 'NS', 'answer NS'],
    ['example.', 'DS', 'nodata'],
    ['alias.example.', 'A', 'cname CNAME'],
    ['alias.example.', 'CNAME', 'answer CNAME'],
    ['empty.example.', 'A', 'nodata'],
  ],
  'one rrset for ANY (RFC 8482)': [
    ['www.example.', 'ANY', 'answer A'],
    ['alias.example.', 'ANY', 'answer CNAME'],
    ['c.example.', 'ANY', 'nodata'],
    ['x.wild.example.', 'ANY', 'answer A synthesised'],
  ],
  'empty non-terminals (RFC 8020)': [
    ['c.example.', 'A', 'nodata'],
    ['b.c.example.', 'A', 'nodata'],
    ['x.b.c.example.', 'A', 'nxdomain'],
    ['wild.example.', 'A', 'nodata'],
  ],
  'wildcards (RFC 4592)': [
    ['x.wild.example.', 'A', 'answer A synthesised'],
    ['x.y.wild.example.', 'A', 'answer A synthesised'],
    ['x.wild.example.', 'AAAA', 'nodata synthesised'],
    ['*.wild.example.', 'A', 'answer A'],
    ['there.wild.example.', 'A', 'nodata'],
    ['x.there.wild.example.', 'A', 'nxdomain'],
    ['deep.wild.example.', 'A', 'nodata'],
    ['y.deep.wild.example.', 'A', 'nxdomain'],
    ['x.*.wild.example.', 'A', 'nxdomain'],
    ['x.alias.example.', 'A', 'cname CNAME synthesised'],
    ['x.nowhere.example.', 'A', 'nxdomain'],
  ],
  'zone cuts (RFC 1034 4.3.2 3b)': [
    ['sub.example.', 'A', 'delegation NS sub.example.'],
    ['sub.example.', 'NS', 'delegation NS sub.example.'],
    ['sub.example.', 'DS', 'answer DS'],
    ['ns.sub.example.', 'A', 'delegation NS sub.example.'],
    ['x.sub.example.', 'DS', 'delegation NS sub.example.'],
    ['x.y.sub.example.', 'A', 'delegation NS sub.example.'],
    ['sub.example.', 'ANY', 'delegation NS sub.example.'],
  ],
  'DNAME (RFC 6672)': [
    ['x.old.example.', 'A', 'dname DNAME old.example.'],
    ['below.old.example.', 'A', 'dname DNAME old.example.'],
    ['x.y.old.example.', 'DNAME', 'dname DNAME old.example.'],
    ['old.example.', 'A', 'answer A'],
    ['old.example.', 'DNAME', 'answer DNAME'],
    ['old.example.', 'TXT', 'nodata'],
  ],
  marks: [
    ['hushed.example.', 'A', 'nxdomain'],
    ['hushed.example.', 'NS', 'nxdomain'],
    ['x.hushed.example.', 'A', 'delegation NS hushed.example.'],
    ['gone.wild.example.', 'A', 'nxdomain'],
    ['x.gone.wild.example.', 'A', 'answer A synthesised'],
    ['limited.wild.example.', 'A', 'answer A synthesised'],
  ],
};

describe.each(Object.entries(rules))('lookup: %s', (_, cases) => {
  it.each(cases)('%s %s is %s', (qname, qtype, outcome) => {
    expect(outcomeOf(qname, qtype)).toBe(outcome);
  });
});
