import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, expect, test, vi } from 'vitest';
import type { Store } from '../../src/registry/store.ts';
import { LevelStore } from '../../src/storage/level.ts';
import { FakeClock } from '../support/clock.ts';
import { anInstance, aService, put, remove, settings, stored, testStore } from './contract.ts';

async function makeBench() {
  const directory = await mkdtemp(join(tmpdir(), 'signpost-level-'));
  const clock = new FakeClock();
  const opened: Store[] = [];
  return {
    directory,
    clock,
    durable: true,
    open: async () => {
      const store = await LevelStore.open(directory, clock);
      opened.push(store);
      return store;
    },
    clean: async () => {
      for (const store of opened) await store.close();
      await rm(directory, { recursive: true });
    },
  };
}

testStore('level', makeBench);

const benches: Awaited<ReturnType<typeof makeBench>>[] = [];
async function bench() {
  const made = await makeBench();
  benches.push(made);
  return made;
}
afterEach(async () => {
  vi.restoreAllMocks();
  for (const made of benches.splice(0)) await made.clean();
});

/** Opens the directory as what it is, changes something, and closes it. */
async function tamper(directory: string, change: (database: ClassicLevel) => Promise<void>): Promise<void> {
  const database = new ClassicLevel(directory);
  await change(database);
  await database.close();
}

/** What the store calls of every database, without the overloads. */
const databases = ClassicLevel.prototype as unknown as {
  batch: (this: unknown, operations: unknown[], options?: object) => Promise<void>;
  open: (this: unknown) => Promise<void>;
};

const noSpace = new Error('IO error: /data/000003.log: No space left on device');
const inputOutput = new Error('IO error: /data/000003.log: Input/output error');

/** Has the next writes fail with these errors, in turn. */
function failNext(...errors: Error[]): void {
  const batch = vi.spyOn(databases, 'batch');
  for (const error of errors) batch.mockRejectedValueOnce(error);
}

test('each commit is one synchronous batch', async () => {
  const { open } = await bench();
  const store = await open();
  const batch = vi.spyOn(databases, 'batch');
  await store.commit([put(anInstance('a')), put(anInstance('b')), settings(aService('web'))]);
  expect(batch.mock.calls.map(([, options]) => options)).toEqual([{ sync: true }]);
});

test('a directory that is in use is refused', async () => {
  const { open, directory, clock } = await bench();
  await open();
  await expect(LevelStore.open(directory, clock)).rejects.toMatchObject({
    code: 'in-use',
    message: expect.stringContaining(directory),
  });
});

test('a directory that another process has open is refused', async () => {
  const { directory, clock } = await bench();
  const program = `const { ClassicLevel } = await import(${JSON.stringify(import.meta.resolve('classic-level'))});
    await new ClassicLevel(${JSON.stringify(directory)}).open(); console.log('open'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await expect(LevelStore.open(directory, clock)).rejects.toMatchObject({ code: 'in-use' });
  child.kill('SIGKILL');
  await exited;
});

test('a newer format is refused with both versions', async () => {
  const { open, directory } = await bench();
  await (await open()).close();
  await tamper(directory, (database) => database.put('meta/format', '2'));
  await expect(open()).rejects.toMatchObject({
    code: 'format',
    message: expect.stringMatching(/format 2.*reads 1 to 1/),
  });
});

test('a database of something else is refused and left as it is', async () => {
  const { open, directory } = await bench();
  await tamper(directory, (database) => database.put('colour', 'green'));
  await expect(open()).rejects.toMatchObject({ code: 'format', message: expect.stringContaining(directory) });
  await tamper(directory, async (database) => expect(await database.keys().all()).toEqual(['colour']));
});

test('a directory that is a file is refused', async () => {
  const { directory, clock } = await bench();
  await writeFile(join(directory, 'file'), '');
  await expect(LevelStore.open(join(directory, 'file'), clock)).rejects.toMatchObject({ code: 'failed' });
});

test.each([
  ['{"v":1,', 'damaged'],
  ['[]', 'damaged'],
  ['null', 'damaged'],
  ['{}', 'damaged'],
  ['{"v":1,"zone":"svc.internal","service":"web"}', 'damaged'],
  ['{"v":2}', 'format'],
])('an entry that reads %s is an error that names it', async (text, code) => {
  const { open, directory } = await bench();
  await (await open()).close();
  await tamper(directory, (database) => database.put('instance/svc.internal/web/a', text));
  await expect(stored(await open())).rejects.toMatchObject({
    code,
    message: expect.stringContaining('instance/svc.internal/web/a'),
  });
});

test('a revision that cannot be read is an error', async () => {
  const { open, directory } = await bench();
  await (await open()).close();
  await tamper(directory, (database) => database.put('meta/revision', 'many'));
  await expect(open()).rejects.toMatchObject({ code: 'damaged' });
});

test('without space nothing is committed, and with space again everything goes on', async () => {
  const { open, clock } = await bench();
  const store = await open();
  await store.commit([put(anInstance('a'))]);
  const before = await stored(store);
  failNext(noSpace);
  await expect(
    store.commit([put(anInstance('a', { generation: 1, weight: 7 })), put(anInstance('b'))]),
  ).rejects.toMatchObject({ code: 'full' });
  expect(await stored(store)).toEqual(before);
  await clock.pass(1000);
  await store.commit([put(anInstance('c'))]);
  expect([...(await stored(store)).instances.keys()]).toEqual(['web/a', 'web/c']);
  await store.close();
  expect([...(await stored(await open())).instances.keys()]).toEqual(['web/a', 'web/c']);
});

test('a write that got through after all, though the disk was said to be full, is taken back', async () => {
  const { open, clock } = await bench();
  const store = await open();
  await store.commit([put(anInstance('a')), put(anInstance('b'))]);
  const { batch, open: openDatabase } = databases;
  let failed: unknown[] = [];
  vi.spyOn(databases, 'batch').mockImplementationOnce((operations) => {
    failed = operations;
    return Promise.reject(noSpace);
  });
  // What the log held of the failed write is complete when the store is opened anew.
  vi.spyOn(databases, 'open').mockImplementationOnce(async function (this: unknown) {
    await openDatabase.call(this);
    await batch.call(this, failed);
  });
  const writes = [
    put(anInstance('a', { generation: 1, weight: 7 })),
    remove(anInstance('b', { generation: 2 })),
    put(anInstance('c')),
  ];
  await expect(store.commit(writes)).rejects.toMatchObject({ code: 'full' });
  await clock.pass(1000);
  await store.commit([{ kind: 'revision' }]);
  const { instances, tombstones, revision } = await stored(store);
  expect([...instances.values()].map(({ id, weight }) => [id, weight])).toEqual([['a', 100], ['b', 100]]);
  expect([tombstones.size, revision]).toEqual([0, 3]);
});

test('while there is no space the disk is tried once a second', async () => {
  const { open, clock } = await bench();
  const store = await open();
  failNext(noSpace);
  const attempt = () => store.commit([put(anInstance('a'))]);
  await expect(attempt()).rejects.toMatchObject({ code: 'full' });
  const opened = vi.spyOn(databases, 'open');
  for (let round = 0; round < 10; round++) await expect(attempt()).rejects.toMatchObject({ code: 'full' });
  expect(opened).not.toHaveBeenCalled();
  await clock.pass(1000);
  failNext(noSpace);
  await expect(attempt()).rejects.toMatchObject({ code: 'full' });
  await clock.pass(1000);
  expect(await attempt()).toEqual([1]);
});

test('after any other failed write nothing is promised until a restart', async () => {
  const { open, clock } = await bench();
  const store = await open();
  await store.commit([put(anInstance('a'))]);
  failNext(inputOutput);
  await expect(store.commit([put(anInstance('b'))])).rejects.toMatchObject({ code: 'failed' });
  await clock.pass(60_000);
  await expect(store.commit([put(anInstance('c'))])).rejects.toMatchObject({ code: 'failed' });
  expect([...(await stored(store)).instances.keys()]).toEqual(['web/a']);
  await store.close();
  expect(await (await open()).commit([put(anInstance('c'))])).toEqual([2]);
});

test('tombstones whose time is over are cleared', async () => {
  const { open, clock, directory } = await bench();
  const store = await open();
  const short = {
    ...remove(anInstance('a')),
    tombstone: { zone: 'svc.internal', service: 'web', id: 'a', generation: 1, until: clock.wall() + 60_000 },
  } as const;
  await store.commit([short, remove(anInstance('b'))]);
  await clock.pass(600_000);
  await store.commit([{ kind: 'revision' }]);
  await store.close();
  await tamper(directory, async (database) =>
    expect(await database.keys({ gte: 'tombstone/', lt: 'tombstone/~' }).all()).toHaveLength(1),
  );
});
