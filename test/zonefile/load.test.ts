import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { parseName, rootName } from '../../src/wire/name.ts';
import { apexOf, loadZoneFile } from '../../src/zonefile/load.ts';
import { lines, problemsOf } from './support.ts';

const top = mkdtempSync(join(tmpdir(), 'signpost-load-'));
const zones = join(top, 'zones');
const file = join(zones, 'example.zone');
const base = '$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n';

beforeEach(() => {
  rmSync(top, { recursive: true, force: true });
  mkdirSync(join(zones, 'parts'), { recursive: true });
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

describe('loadZoneFile', () => {
  it('gives the zone that the file is named after, its warnings, and the files it was made of', () => {
    writeFileSync(file, `\ufeff${base}$INCLUDE parts/a.inc\nmx MX 1 gone\n`);
    writeFileSync(join(zones, 'parts', 'a.inc'), 'a A 192.0.2.2\nü TXT "ü"\n');
    const zone = loadZoneFile(file);
    expect(zone.apex).toBe(parseName('example.'));
    expect(lines(zone.records).slice(3)).toEqual([
      'a.example. 60 A 192.0.2.2',
      '\\195\\188.example. 60 TXT "\\195\\188"',
      'mx.example. 60 MX 1 gone.example.',
    ]);
    expect(zone.warnings).toMatchObject([{ file, line: 6 }]);
    expect(zone.files).toEqual([file, join(zones, 'parts', 'a.inc')]);
  });

  it('refuses a zone that the check refuses', () => {
    writeFileSync(file, `${base}a CNAME b\na A 192.0.2.1\n`);
    expect(problemsOf(() => loadZoneFile(file))).toEqual([
      '6:1: found A of a.example. beside a CNAME, wanted one or the other',
    ]);
  });

  it('says of which file it is that it cannot be read', () => {
    expect(() => loadZoneFile(join(zones, 'gone.zone'))).toThrow(
      expect.objectContaining({ name: 'ZoneFileError', file: join(zones, 'gone.zone'), line: 1 }),
    );
    mkdirSync(file);
    expect(() => loadZoneFile(file)).toThrow('it is no regular file');
  });

  it('refuses to include what a link brings in from elsewhere, and follows links that stay', () => {
    writeFileSync(join(top, 'secret'), 'a A 192.0.2.2\n');
    writeFileSync(join(zones, 'parts', 'a.inc'), 'a A 192.0.2.2\n');
    symlinkSync(join(top, 'secret'), join(zones, 'out.inc'));
    symlinkSync(join('parts', 'a.inc'), join(zones, 'in.inc'));
    writeFileSync(file, `${base}$INCLUDE in.inc\n`);
    expect(loadZoneFile(file).records).toHaveLength(4);
    writeFileSync(file, `${base}$INCLUDE out.inc\n`);
    expect(problemsOf(() => loadZoneFile(file))).toEqual([
      '5:10: found "out.inc", wanted a file that can be read (it is a link that leads out of the directory)',
    ]);
  });

  it('refuses a file that includes itself', () => {
    writeFileSync(file, `${base}$INCLUDE example.zone\n`);
    expect(() => loadZoneFile(file)).toThrow('at most 10 files that include each other');
  });
});

describe('apexOf', () => {
  it.each([
    ['zones/example.org.zone', 'example.org.'],
    ['example.org..zone', 'example.org.'],
    ['/a/b/example.org', 'example.org.'],
    ['0\\04725.2.0.192.in-addr.arpa.zone', '0\\04725.2.0.192.in-addr.arpa.'],
  ])('%s is %s', (path, name) => {
    expect(apexOf(path)).toBe(parseName(name));
  });

  it('takes @ for the root', () => {
    expect(apexOf('zones/@.zone')).toBe(rootName);
  });

  it('refuses what is no name', () => {
    expect(() => apexOf('zones/a..b.zone')).toThrow('zones/a..b.zone:1:1: found "a..b", wanted a domain name');
  });
});
