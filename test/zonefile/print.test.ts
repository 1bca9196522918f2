/** A zone that was printed reads back as the same zone: to us, to BIND and to ldns. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { RRType } from '../../src/wire/codes.ts';
import { foldName, printName } from '../../src/wire/name.ts';
import { foldRdata } from '../../src/wire/rdata/rdata.ts';
import type { ResourceRecord } from '../../src/wire/record.ts';
import { loadZoneFile } from '../../src/zonefile/load.ts';
import { parseZone } from '../../src/zonefile/parse.ts';
import { printZone } from '../../src/zonefile/print.ts';
import { runTool, toolsMissing } from '../support/tools.ts';
import { record } from '../wire/arbitrary.ts';
import { apex, lines, parse } from './support.ts';

const data = fileURLToPath(new URL('data', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'signpost-print-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** The records as a set of lines, in the one case that compares. */
function canonical(records: readonly ResourceRecord[]): string[] {
  return lines(
    records.map(({ owner, type, ttl, rdata }) => ({
      owner: foldName(owner),
      type,
      ttl,
      rdata: foldRdata(type, rdata),
    })),
  ).sort();
}

describe('printZone', () => {
  it('prints what reads back as the same records in the same order', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 6 }), (records) => {
        const printed = printZone(apex, records);
        const read = parse(printed).map(({ owner, type, ttl, rdata }) => ({ owner, type, ttl, rdata }));
        const [soa, others] = [records.filter(isSoaOfApex), records.filter((each) => !isSoaOfApex(each))];
        expect(read).toEqual([...soa, ...others].map(({ owner, type, ttl, rdata }) => ({ owner, type, ttl, rdata })));
      }),
      { numRuns: 500 },
    );
  });

  it('puts the SOA first', () => {
    const records = parse('$TTL 60\nns A 192.0.2.1\n@ NS ns\n@ SOA ns host 1 2 3 4 5\n');
    expect(printZone(apex, records)).toBe(
      'example. 60 IN SOA ns.example. host.example. 1 2 3 4 5\n' +
        'ns.example. 60 IN A 192.0.2.1\n' +
        'example. 60 IN NS ns.example.\n',
    );
  });
});

describe.each(['rich.example', 'directives.example'])('the zone %s', (zone) => {
  const file = join(data, `${zone}.zone`);

  it('loads without an error', () => {
    expect(loadZoneFile(file).records.length).toBeGreaterThan(20);
  });

  it('is to named-compilezone the same as what we print of it', async () => {
    if (toolsMissing('named-compilezone')) return;
    const { apex: origin, records } = loadZoneFile(file);
    const printed = join(directory, `${zone}.printed`);
    writeFileSync(printed, printZone(origin, records));
    const [theirs, oursByThem] = await Promise.all([compile(zone, file), compile(zone, printed)]);
    expect(oursByThem).toBe(theirs);
    expect(canonical(parseZone(theirs, { file: zone, apex: origin }))).toEqual(canonical(records));
  });

  it('is to ldns-read-zone the same as what we print of it', async () => {
    if (toolsMissing('ldns-read-zone')) return;
    const { apex: origin, records } = loadZoneFile(file);
    const printed = join(directory, `${zone}.ldns`);
    writeFileSync(printed, printZone(origin, records));
    const theirs = await runTool('ldns-read-zone', [printed]);
    expect(canonical(parseZone(theirs, { file: zone, apex: origin }))).toEqual(canonical(records));
  });
});

describe('ldns-read-zone', () => {
  it('reads the rich zone itself as we do', async () => {
    if (toolsMissing('ldns-read-zone')) return;
    const file = join(data, 'rich.example.zone');
    const { apex: origin, records } = loadZoneFile(file);
    const withOrigin = join(directory, 'rich.with-origin');
    writeFileSync(withOrigin, `$ORIGIN ${printName(origin)}\n${readFileSync(file, 'latin1')}`, 'latin1');
    expect(canonical(parseZone(await runTool('ldns-read-zone', [withOrigin]), { file, apex: origin }))).toEqual(
      canonical(records),
    );
  });
});

/** What BIND makes of a zone file, as text in its canonical order; it takes $INCLUDE from the directory it runs in. */
async function compile(zone: string, file: string): Promise<string> {
  const output = join(directory, `${zone}.${file.endsWith('.zone') ? 'original' : 'ours'}.compiled`);
  await runTool('named-compilezone', [
    '-q',
    '-i',
    'local',
    '-k',
    'ignore',
    '-s',
    'full',
    '-w',
    data,
    '-o',
    output,
    zone,
    file,
  ]);
  return runTool('cat', [output]);
}

function isSoaOfApex({ type, owner }: ResourceRecord): boolean {
  return type === RRType.SOA && foldName(owner) === apex;
}
