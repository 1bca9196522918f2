import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dump } from '../../src/storage/dump.ts';
import { LevelStore } from '../../src/storage/level.ts';
import { MemoryStore } from '../../src/storage/memory.ts';
import { restore } from '../../src/storage/migrate.ts';
import { FakeClock } from '../support/clock.ts';
import { uniform } from '../support/random.ts';
import { anInstance, aService, put, remove, settings, stored } from './contract.ts';

let place: string;
let unused = 0;
beforeAll(async () => void (place = await mkdtemp(join(tmpdir(), 'signpost-dump-'))));
afterAll(() => rm(place, { recursive: true }));
const path = (): string => join(place, String(unused++));

function restoreBackup(file: string, directory: string): Promise<number> {
  return restore(file, { kind: 'level', directory }, new FakeClock());
}

async function textOf(store: MemoryStore | LevelStore): Promise<string> {
  let text = '';
  for await (const part of dump(store)) text += part;
  return text;
}

async function fileOf(text: string): Promise<string> {
  const file = path();
  await writeFile(file, text);
  return file;
}

async function filledStore(): Promise<MemoryStore> {
  const store = new MemoryStore();
  await store.commit([
    put(anInstance('a')),
    put(anInstance('b', { meta: { note: 'line\u2028separator\n' } })),
    settings(aService('web')),
  ]);
  await store.commit([remove(anInstance('b', { generation: 2 })), { kind: 'revision' }]);
  await store.commit([put(anInstance('c', { meta: { note: 'line\u2028separator\n' } }))]);
  return store;
}

test('a restored backup holds what the store held, at its revision', async () => {
  const store = await filledStore();
  const directory = path();
  expect(await restoreBackup(await fileOf(await textOf(store)), directory)).toBe(6);
  const restored = await LevelStore.open(directory, new FakeClock());
  expect(await stored(restored)).toEqual(await stored(store));
  expect(await restored.commit([{ kind: 'revision' }])).toEqual([7]);
  await restored.close();
});

test('a backup that is made under load is of exactly one revision', async () => {
  const directory = path();
  const store = await LevelStore.open(directory, new FakeClock());
  const history: Map<string, number>[] = [new Map()];
  const next = uniform(1);
  const writeOne = async (): Promise<void> => {
    const id = `i${Math.floor(next() * 3000)}`;
    const state = new Map(history.at(-1));
    const [revision] = await store.commit([
      state.has(id) && next() < 0.3 ? remove(anInstance(id)) : put(anInstance(id)),
    ]);
    if (state.has(id) && !(await stored(store)).instances.has(`web/${id}`)) state.delete(id);
    else state.set(id, revision!);
    history.push(state);
  };
  await store.commit(Array.from({ length: 3000 }, (_, index) => put(anInstance(`i${index}`))));
  history.push(
    ...Array.from(
      { length: 3000 },
      (_, index) => new Map(Array.from({ length: index + 1 }, (__, id) => [`i${id}`, id + 1] as const)),
    ),
  );
  for (let round = 0; round < 3; round++) {
    let text = '';
    for await (const part of dump(store)) {
      text += part;
      await writeOne();
    }
    const target = path();
    const revision = await restoreBackup(await fileOf(text), target);
    const restored = await LevelStore.open(target, new FakeClock());
    const { instances } = await stored(restored);
    expect(new Map([...instances.values()].map((instance) => [instance.id, instance.revision]))).toEqual(
      history[revision],
    );
    await restored.close();
  }
  await store.close();
});

test('a backup that was cut off anywhere is refused, and nothing is made of it', async () => {
  const text = await textOf(await filledStore());
  const octets = Buffer.from(text);
  for (let length = 0; length < octets.length; length += 1 + (length % 7)) {
    const file = path();
    await writeFile(file, octets.subarray(0, length));
    const directory = path();
    await expect(restoreBackup(file, directory)).rejects.toMatchObject({ code: 'damaged' });
    await expect(readdir(directory)).rejects.toMatchObject({ code: 'ENOENT' });
  }
});

test('a backup of which a bit was changed is refused', async () => {
  const octets = Buffer.from(await textOf(await filledStore()));
  const next = uniform(2);
  for (let round = 0; round < 300; round++) {
    const at = Math.floor(next() * (octets.length - 1));
    const changed = Buffer.from(octets);
    changed[at]! ^= 1 << Math.floor(next() * 8);
    const file = path();
    await writeFile(file, changed);
    await expect(restoreBackup(file, path())).rejects.toMatchObject({
      code: expect.stringMatching(/^(damaged|format)$/),
    });
  }
});

test.each([
  ['two backups in one file', (text: string) => text + text, 'damaged'],
  ['a line left out', (text: string) => text.split('\n').toSpliced(2, 1).join('\n'), 'damaged'],
  [
    'two lines swapped',
    (text: string) => {
      const [a, b, c, ...rest] = text.split('\n');
      return [a, c, b, ...rest].join('\n');
    },
    'damaged',
  ],
  ['a newer format', (text: string) => text.replace('"format":1', '"format":2'), 'format'],
  ['something else', () => '{"colour":"green"}\n', 'damaged'],
  ['null', () => 'null\n', 'damaged'],
  ['nothing', () => '', 'damaged'],
] as const)('%s is refused', async (_, change, code) => {
  const file = await fileOf(change(await textOf(await filledStore())));
  await expect(restoreBackup(file, path())).rejects.toMatchObject({ code, message: expect.stringContaining(file) });
});

test('a directory that holds a store is refused and left as it is', async () => {
  const file = await fileOf(await textOf(await filledStore()));
  const directory = path();
  const store = await LevelStore.open(directory, new FakeClock());
  await expect(restoreBackup(file, directory)).rejects.toMatchObject({ code: 'in-use' });
  await store.commit([put(anInstance('mine'))]);
  await store.close();
  await expect(restoreBackup(file, directory)).rejects.toMatchObject({ code: 'in-use' });
  const again = await LevelStore.open(directory, new FakeClock());
  expect([...(await stored(again)).instances.keys()]).toEqual(['web/mine']);
  await again.close();
});

test('a restore that did not end leaves no store', async () => {
  const file = await fileOf(await textOf(await filledStore()));
  const directory = path();
  await restoreBackup(file, directory);
  const { ClassicLevel } = await import('classic-level');
  const database = new ClassicLevel(directory);
  await database.batch([{ type: 'del', key: 'meta/format' }, { type: 'del', key: 'meta/revision' }]);
  await database.close();
  await expect(LevelStore.open(directory, new FakeClock())).rejects.toMatchObject({ code: 'format' });
  expect(await readFile(file, 'utf8')).toContain('"format":1');
});
