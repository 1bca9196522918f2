/** What makes a zone that can be served; the verdicts are compared with named-checkzone's. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type CheckedZone, checkZone } from '../../src/zonefile/check.ts';
import { runTool, toolsMissing } from '../support/tools.ts';
import { apex, lines, parse } from './support.ts';

const soa = '@ SOA ns host 1 2 3 4 5\n';
const base = `$TTL 60\n${soa}@ NS ns\nns A 192.0.2.1\n`;

function check(text: string): CheckedZone {
  return checkZone(parse(text), apex, { file: 'example.zone', line: 1, column: 1 });
}

function messages(problems: CheckedZone['errors']): string[] {
  return problems.map(({ line, message }) => `${line}: ${message}`);
}

/** Zones that are refused, with the errors; the lines of `base` are 1 to 4. */
const refused: [title: string, zone: string, errors: string[]][] = [
  [
    'nothing',
    '',
    ['1: found no SOA at the apex example., wanted one', '1: found no NS at the apex example., wanted at least one'],
  ],
  ['no SOA', '$TTL 60\n@ NS ns\nns A 192.0.2.1\n', ['1: found no SOA at the apex example., wanted one']],
  ['no NS', `$TTL 60\n${soa}`, ['1: found no NS at the apex example., wanted at least one']],
  ['two SOA', `${base}@ SOA ns host 2 2 3 4 5\n`, ['5: found a second SOA of example., wanted one']],
  [
    'an SOA elsewhere',
    `${base}a SOA ns host 2 2 3 4 5\n`,
    ['5: found SOA of a.example., wanted SOA at the apex example. only'],
  ],
  [
    'CNAME and other data',
    `${base}a CNAME b\na A 192.0.2.1\n`,
    ['6: found A of a.example. beside a CNAME, wanted one or the other'],
  ],
  [
    'a CNAME at the apex',
    `${base}@ CNAME b\n`,
    [
      '2: found SOA of example. beside a CNAME, wanted one or the other',
      '3: found NS of example. beside a CNAME, wanted one or the other',
    ],
  ],
  ['two CNAMEs', `${base}a CNAME b\nA CNAME c\n`, ['6: found a second CNAME of A.example., wanted one']],
  ['two DNAMEs', `${base}a DNAME b\na DNAME c\n`, ['6: found a second DNAME of a.example., wanted one']],
  [
    'DNAME and CNAME',
    `${base}a DNAME b\na CNAME c\n`,
    ['5: found DNAME of a.example. beside a CNAME, wanted one or the other'],
  ],
  [
    'a name server without address',
    `$TTL 60\n${soa}@ NS ns\n`,
    ['3: the target ns.example. of NS of example. has no address'],
  ],
  [
    'a name server that is a CNAME',
    `$TTL 60\n${soa}@ NS ns\nns CNAME a\na A 192.0.2.1\n`,
    ['3: the target ns.example. of NS of example. is a CNAME, which it must not be'],
  ],
  [
    'a name server below a DNAME',
    `${base}@ NS ns.d\nd DNAME e\n`,
    ['5: the target ns.d.example. of NS of example. is below a DNAME, where it must not be'],
  ],
  ['a wildcard that owns NS', `${base}* NS ns\n`, ['5: found NS of *.example., wanted no wildcard to own NS']],
];

/** Zones that are served, with the warnings. */
const served: [title: string, zone: string, warnings: string[]][] = [
  ['the least there can be', base, []],
  ['a name server that a wildcard gives an address', `$TTL 60\n${soa}@ NS ns\n* A 192.0.2.1\n`, []],
  ['a name server elsewhere', `$TTL 60\n${soa}@ NS ns.example.net.\n`, []],
  [
    'the same SOA twice',
    `${base}@ SOA ns host 1 2 3 4 5\n`,
    ['5: SOA of example. is here twice; the second is left out'],
  ],
  [
    'the same CNAME twice',
    `${base}a CNAME b\na CNAME B\n`,
    ['6: CNAME of a.example. is here twice; the second is left out'],
  ],
  [
    'the same address twice',
    `${base}a A 192.0.2.1\nA A 192.0.2.1\n`,
    ['6: A of A.example. is here twice; the second is left out'],
  ],
  ['CNAME with what DNSSEC puts beside it', `${base}a CNAME b\na NSEC c CNAME\n`, []],
  [
    'TTLs that differ',
    `${base}a 10 A 192.0.2.1\na 20 A 192.0.2.2\n`,
    ['6: A of a.example. has TTL 20, but the first of its set 10, which counts for all'],
  ],
  [
    'a mail exchange without address',
    `${base}@ MX 1 gone\n`,
    ['5: the target gone.example. of MX of example. has no address'],
  ],
  [
    'a mail exchange that is a CNAME',
    `${base}@ MX 1 c\nc CNAME ns\n`,
    ['5: the target c.example. of MX of example. is a CNAME, which it must not be'],
  ],
  [
    'an SRV target without address',
    `${base}a SRV 1 1 1 gone\n`,
    ['5: the target gone.example. of SRV of a.example. has no address'],
  ],
  [
    'an SRV target that is a CNAME',
    `${base}a SRV 1 1 1 c\nc CNAME ns\n`,
    ['5: the target c.example. of SRV of a.example. is a CNAME, which it must not be'],
  ],
  ['no mail and no service (RFC 7505, RFC 2782)', `${base}@ MX 0 .\na SRV 0 0 0 .\n`, []],
  ['targets of a delegated zone', `${base}sub NS ns\n@ MX 1 mail.sub\n`, []],
  ['a delegation', `${base}sub NS ns.sub\nsub DS 1 8 2 ${'ab'.repeat(32)}\nns.sub A 192.0.2.1\n`, []],
  [
    'a delegation without glue',
    `${base}sub NS ns.sub\n`,
    ['5: the target ns.sub.example. of NS of sub.example. has no address here that could serve as glue'],
  ],
  [
    'a delegation to a name that does not exist',
    `${base}sub NS gone\n`,
    ['5: the target gone.example. of NS of sub.example. has no address'],
  ],
  [
    'data below a delegation',
    `${base}sub NS ns\nx.sub TXT x\nsub MX 1 ns\n`,
    [
      '6: TXT of x.sub.example. belongs to sub.example., which is delegated, and will not be found',
      '7: MX of sub.example. belongs to sub.example., which is delegated, and will not be found',
    ],
  ],
  [
    'data below a DNAME',
    `${base}a DNAME b\nx.a A 192.0.2.1\n`,
    ['6: A of x.a.example. is below the DNAME of a.example. and will not be found'],
  ],
  [
    'DNAME and NS',
    `${base}a DNAME b\na NS ns\n`,
    ['5: DNAME of a.example. belongs to a.example., which is delegated, and will not be found'],
  ],
  ['a DNAME at the apex', `$TTL 60\n${soa}@ NS ns.example.net.\n@ DNAME b.\n`, []],
];

describe('checkZone', () => {
  it.each(refused)('refuses %s', (_, zone, errors) => {
    expect(messages(check(zone).errors)).toEqual(errors);
  });

  it.each(served)('accepts %s', (_, zone, warnings) => {
    const { errors, warnings: found } = check(zone);
    expect([messages(errors), messages(found)]).toEqual([[], warnings]);
  });

  it('refuses data outside of the zone, which named-checkzone would leave out', () => {
    expect(messages(check(`${base}a.example.net. A 192.0.2.1\n`).errors)).toEqual([
      '5: found A of a.example.net., wanted names in the zone example. only',
    ]);
  });

  it('gives every record once, with the TTL of the first of its set', () => {
    const { records } = check(`${base}a 10 A 192.0.2.1\nA 20 A 192.0.2.2\na 30 A 192.0.2.1\n`);
    expect(lines(records).slice(3)).toEqual(['a.example. 10 A 192.0.2.1', 'A.example. 10 A 192.0.2.2']);
  });

  it('lists no more than 100 warnings', () => {
    const { warnings } = check(base + 'a A 192.0.2.1\n'.repeat(500));
    expect(warnings).toHaveLength(100);
    expect(warnings[99]!.message).toContain('more are not listed');
  });
});

const directory = mkdtempSync(join(tmpdir(), 'signpost-check-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('named-checkzone', () => {
  it('agrees on each of these zones', async () => {
    if (toolsMissing('named-checkzone')) return;
    const verdicts = [
      ...refused.map(([title, zone]) => [title, zone, 'refused']),
      ...served.map(([title, zone]) => [title, zone, 'served']),
    ];
    const theirs = await Promise.all(
      verdicts.map(async ([title, zone], i) => {
        const file = join(directory, `${i}.zone`);
        writeFileSync(file, zone!);
        // `-i local`: integrity checks that ask no other server.
        const accepted = await runTool('named-checkzone', ['-q', '-i', 'local', '-k', 'ignore', 'example.', file]).then(
          () => true,
          () => false,
        );
        return [title, zone, accepted ? 'served' : 'refused'];
      }),
    );
    expect(theirs).toEqual(verdicts);
  });
});
