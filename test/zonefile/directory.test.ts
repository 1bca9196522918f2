import { appendFile, mkdir, mkdtemp, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { printName } from '../../src/wire/name.ts';
import { ZoneDirectory } from '../../src/zonefile/directory.ts';

let path: string;
let directory: ZoneDirectory;
const seen: string[] = [];
const logged: string[] = [];

const log = pino({ level: 'warn' }, { write: (line: string) => void logged.push((JSON.parse(line) as { msg: string }).msg) });

function zone(serial: number, more = ''): string {
  return `$TTL 60\n@ IN SOA ns1 h ${serial} 1 1 1 1\n IN NS ns1\nns1 IN A 192.0.2.1\n${more}`;
}

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'signpost-zones-'));
  seen.length = 0;
  logged.length = 0;
});
afterEach(async () => {
  await directory.close();
  await rm(path, { recursive: true, force: true });
});

async function open(): Promise<void> {
  directory = await ZoneDirectory.open(path, {
    log,
    clock: systemClock,
    sink: {
      serve: (loaded) => Promise.resolve(seen.push(`serve ${printName(loaded.apex)} ${loaded.records.length}`)),
      drop: (apex) => Promise.resolve(seen.push(`drop ${printName(apex)}`)),
    },
  });
}

it('serves every zone file and nothing else', async () => {
  await writeFile(join(path, 'a.test.zone'), zone(1));
  await writeFile(join(path, 'b.test.zone'), zone(1, 'www IN A 192.0.2.2\n'));
  await writeFile(join(path, 'notes.txt'), 'not a zone');
  await open();
  expect(seen).toEqual(['serve a.test. 3', 'serve b.test. 4']);
});

it('serves again only the file that differs', async () => {
  await writeFile(join(path, 'a.test.zone'), zone(1));
  await writeFile(join(path, 'b.test.zone'), zone(1));
  await open();
  await writeFile(join(path, 'b.test.zone'), zone(2, 'www IN A 192.0.2.2\n'));
  await directory.reload();
  expect(seen.slice(2)).toEqual(['serve b.test. 4']);
});

it('notices a change by itself', async () => {
  await writeFile(join(path, 'a.test.zone'), zone(1));
  await open();
  await writeFile(join(path, 'a.test.zone'), zone(2, 'www IN A 192.0.2.2\n'));
  await expect.poll(() => seen.at(-1), { timeout: 10_000 }).toBe('serve a.test. 4');
});

it('notices a change of a file that another has replaced', async () => {
  await writeFile(join(path, 'a.test.zone'), zone(1));
  await open();
  await writeFile(join(path, 'new'), zone(2, 'www IN A 192.0.2.2\n'));
  await rename(join(path, 'new'), join(path, 'a.test.zone'));
  await expect.poll(() => seen.at(-1), { timeout: 10_000 }).toBe('serve a.test. 4');
  await appendFile(join(path, 'a.test.zone'), 'ftp IN A 192.0.2.3\n');
  await expect.poll(() => seen.at(-1), { timeout: 10_000 }).toBe('serve a.test. 5');
});

it('notices a change of an included file in a directory below', async () => {
  await mkdir(join(path, 'hosts'));
  await writeFile(join(path, 'hosts', 'a.inc'), 'www IN A 192.0.2.2\n');
  await writeFile(join(path, 'a.test.zone'), zone(1, '$INCLUDE hosts/a.inc\n'));
  await open();
  await appendFile(join(path, 'hosts', 'a.inc'), 'ftp IN A 192.0.2.3\n');
  await expect.poll(() => seen.at(-1), { timeout: 10_000 }).toBe('serve a.test. 5');
});

it('serves a zone whose serial went back, and says so', async () => {
  await writeFile(join(path, 'a.test.zone'), zone(4_294_967_295));
  await open();
  await writeFile(join(path, 'a.test.zone'), zone(1));
  await directory.reload();
  expect(logged).toEqual([]);
  await writeFile(join(path, 'a.test.zone'), zone(4_294_967_295));
  await directory.reload();
  expect(seen).toHaveLength(3);
  expect(logged).toEqual(['found serial 4294967295 after 1, wanted one that is later']);
});

it('keeps a served zone when its file becomes bad, and says where the fault is', async () => {
  await writeFile(join(path, 'a.test.zone'), zone(1));
  await open();
  await writeFile(join(path, 'a.test.zone'), zone(2, 'www IN A 192.0.2.256\n'));
  await directory.reload();
  expect(seen).toEqual(['serve a.test. 3']);
  expect(logged[0]).toMatch(/a\.test\.zone:5:10: /);
  await writeFile(join(path, 'a.test.zone'), zone(3));
  await directory.reload();
  expect(seen.at(-1)).toBe('serve a.test. 3');
});

it('takes up a zone again when the file that it includes was mended', async () => {
  await writeFile(join(path, 'hosts.inc'), 'www IN A nowhere\n');
  await writeFile(join(path, 'a.test.zone'), zone(1, '$INCLUDE hosts.inc\n'));
  await open();
  expect(seen).toEqual([]);
  await writeFile(join(path, 'hosts.inc'), 'www IN A 192.0.2.3\n');
  await directory.reload();
  expect(seen).toEqual(['serve a.test. 4']);
});

it('drops the zone of a file that is gone', async () => {
  await writeFile(join(path, 'a.test.zone'), zone(1));
  await open();
  await unlink(join(path, 'a.test.zone'));
  await directory.reload();
  expect(seen.at(-1)).toBe('drop a.test.');
});
