import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Store } from '../../src/registry/store.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { openLog } from '../../src/runtime/log.ts';
import { dump } from '../../src/storage/dump.ts';
import { EtcdStore } from '../../src/storage/etcd/store.ts';
import { LevelStore } from '../../src/storage/level.ts';
import { migrate, type Place } from '../../src/storage/migrate.ts';
import { startEtcd, type TestEtcd } from '../support/etcd.ts';
import { anInstance, aService, put, registeredAt, remove, settings, stored } from './contract.ts';

const silent = openLog('silent', false);
let etcd: TestEtcd;
let directory: string;
let prefixes = 0;

beforeAll(async () => {
  etcd = await startEtcd();
  directory = await mkdtemp(join(tmpdir(), 'signpost-migrate-'));
});
afterAll(async () => {
  await etcd[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

function onEtcd(): Place & { readonly kind: 'etcd' } {
  const tls = { ca: null, cert: null, key: null };
  const prefix = `/migrate/${prefixes++}/`;
  return { kind: 'etcd', settings: { endpoints: etcd.urls, user: null, password: null, prefix, tls } };
}

function onDisk(name: string): Place & { readonly kind: 'level' } {
  return { kind: 'level', directory: join(directory, name) };
}

/** Fills a store with 150 instances, one of them removed again, and settings. */
async function fill(store: Store): Promise<void> {
  for (let from = 0; from < 150; from += 50) {
    await store.commit(Array.from({ length: 50 }, (_, index) => put(anInstance(`i${from + index}`))));
  }
  const [revision] = await store.commit([put(anInstance('gone')), settings(aService('web'))]);
  await store.commit([remove(registeredAt(revision!, anInstance('gone')))]);
}

async function heldIn(store: Store) {
  const { instances, services, tombstones } = await stored(store);
  await store.close();
  const generations = [...instances].map(([id, { generation }]) => [id, generation]).sort();
  return { generations, services: [...services.keys()], tombstones: [...tombstones.keys()] };
}

const open = (place: Place & { readonly kind: 'etcd' }) => EtcdStore.open(place.settings, systemClock, silent);

test('everything goes to etcd and back, with the generations that its owners know', async () => {
  const [here, there, back] = [onDisk('here'), onEtcd(), onDisk('back')];
  const store = await LevelStore.open(here.directory, systemClock);
  await fill(store);
  const before = await heldIn(store);
  expect(await migrate(here, there, systemClock, silent)).toBe(150);
  expect(await heldIn(await open(there))).toEqual(before);
  expect(await migrate(there, back, systemClock, silent)).toBe(150);
  expect(await heldIn(await LevelStore.open(back.directory, systemClock))).toEqual(before);
});

test('a backup of a store on etcd goes to another etcd', async () => {
  const [here, there, file] = [onEtcd(), onEtcd(), join(directory, 'backup')];
  const store = await open(here);
  await fill(store);
  const text: string[] = [];
  for await (const lines of dump(store)) text.push(lines);
  await writeFile(file, text.join(''));
  await migrate({ kind: 'backup', file }, there, systemClock, silent);
  expect(await heldIn(await open(there))).toEqual(await heldIn(store));
});

test('a store that holds something is left alone', async () => {
  const [here, there] = [onEtcd(), onEtcd()];
  for (const place of [here, there]) {
    const store = await open(place);
    await store.commit([put(anInstance('a'))]);
    await store.close();
  }
  await expect(migrate(here, there, systemClock, silent)).rejects.toMatchObject({ code: 'in-use' });
  await expect(migrate(onDisk('nowhere'), there, systemClock, silent)).rejects.toThrow('is no store');
});
