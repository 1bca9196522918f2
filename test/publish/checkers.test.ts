/** The zones that registrations make, judged by the tools of other servers. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseZone } from '../../src/zonefile/parse.ts';
import { printZone } from '../../src/zonefile/print.ts';
import { type Name, printName } from '../../src/wire/name.ts';
import type { ResourceRecord } from '../../src/wire/record.ts';
import { runTool, toolsMissing } from '../support/tools.ts';
import { anInstance, aService, change, publisherWithModel, settingsChange } from './support.ts';

const directory = mkdtempSync(join(tmpdir(), 'signpost-zones-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** The records of each zone of a publisher with some of everything, as zone files. */
function zoneFiles(): { apex: Name; file: string }[] {
  const { publisher } = publisherWithModel({ reversePrefixes: ['10.0.0.0/8', 'fd00::/8'] });
  const grpc = [{ name: 'grpc', port: 9090, protocol: 'tcp' as const }];
  publisher.load([
    ...Array.from({ length: 30 }, (_, i) =>
      change(
        null,
        anInstance({
          service: `service-${i % 3}`,
          id: `i${i}`,
          addresses: [`10.0.0.${i % 20}`, `fd00::${i}`],
          tags: i % 2 === 0 ? ['v1', 'eu'] : ['v2'],
          ports: i % 5 === 0 ? grpc : [],
          protocol: i % 7 === 0 ? 'udp' : 'tcp',
          meta: { say: '"quoted" \\ ; and Zürich', long: 'x'.repeat(600) },
          priority: i % 4,
          lease: i % 3 === 0 ? 6 : null,
          declared: i % 11 === 0 ? 'draining' : 'passing',
        }),
      ),
    ),
    settingsChange(
      null,
      aService({ service: 'service-0', selectors: [{ name: 'stable', all: ['eu'], none: ['v2'], limit: 3 }] }),
    ),
    settingsChange(null, aService({ service: 'unborn' })),
  ]);
  const records = new Map<Name, ResourceRecord[]>();
  for (const { zone, added } of publisher.replay()) {
    const into = records.get(zone) ?? [];
    records.set(zone, into);
    for (const { owner, type, ttl, rdata } of added) {
      into.push(...[...new Set(rdata)].map((each) => ({ owner, type, ttl, rdata: each })));
    }
  }
  return [...records].map(([apex, all]) => {
    const file = join(directory, `${printName(apex)}zone`);
    const distinct = new Map(all.map((each) => [`${each.owner}/${each.type}/${each.rdata}`, each]));
    writeFileSync(file, printZone(apex, [...distinct.values()]));
    return { apex, file };
  });
}

const zones = zoneFiles();

describe.each(zones.map(({ apex, file }) => [printName(apex), file]))('%s', (origin, file) => {
  test('is accepted by named-checkzone', async () => {
    if (toolsMissing('named-checkzone')) return;
    expect(await runTool('named-checkzone', ['-i', 'full-sibling', '-k', 'ignore', origin, file])).toMatch(/\nOK\n$/);
  });

  test('is accepted by nsd-checkzone', async () => {
    if (toolsMissing('nsd-checkzone')) return;
    expect(await runTool('nsd-checkzone', [origin, file])).toMatch(/is ok/);
  });

  test('is read by ldns, with as many records as it has', async () => {
    if (toolsMissing('ldns-read-zone')) return;
    const canonical = await runTool('ldns-read-zone', ['-c', file]);
    expect(canonical.trim().split('\n').length).toBe(readFileSync(file, 'latin1').trim().split('\n').length);
  });
});

test('what is printed reads back as the same records', () => {
  for (const { apex, file } of zones) {
    const text = readFileSync(file, 'latin1');
    expect(printZone(apex, parseZone(text, { file, apex, readInclude: () => '' }))).toBe(text);
  }
});
