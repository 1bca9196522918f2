/** `signpost restore` for servers that keep their registry on etcd. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { openLog } from '../../src/runtime/log.ts';
import { dump } from '../../src/storage/dump.ts';
import { EtcdStore } from '../../src/storage/etcd/store.ts';
import { MemoryStore } from '../../src/storage/memory.ts';
import { anInstance, aService, put, settings, stored } from '../storage/contract.ts';
import { startEtcd, type TestEtcd } from '../support/etcd.ts';
import { runCommand } from './support.ts';

let etcd: TestEtcd;
let directory: string;

beforeAll(async () => {
  etcd = await startEtcd();
  directory = await mkdtemp(join(tmpdir(), 'signpost-restore-'));
});
afterAll(async () => {
  await etcd[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

test('fills an empty prefix on etcd, and no other', async () => {
  const [file, prefix] = [join(directory, 'signpost.backup'), '/restored/'];
  const store = new MemoryStore();
  await store.commit([put(anInstance('a')), settings(aService('web'))]);
  const lines: string[] = [];
  for await (const line of dump(store)) lines.push(line);
  await writeFile(file, lines.join(''));

  const endpoints = etcd.urls.join(',');
  const env = { SIGNPOST_STORE_TYPE: 'etcd', SIGNPOST_STORE_ENDPOINTS: endpoints, SIGNPOST_STORE_PREFIX: prefix };
  const restore = () => runCommand(['restore', file], { env });
  const stdout = `${prefix} on ${endpoints} holds everything up to revision 2 of the backup\n`;
  expect(await restore()).toEqual({ code: 0, stdout, stderr: '' });
  const refused = `signpost restore: ${prefix} on etcd holds something already\n`;
  expect(await restore()).toEqual({ code: 1, stdout: '', stderr: refused });

  const tls = { ca: null, cert: null, key: null };
  const place = { endpoints: etcd.urls, user: null, password: null, prefix, tls };
  const restored = await EtcdStore.open(place, systemClock, openLog('silent', false));
  const { instances, services } = await stored(restored);
  await restored.close();
  expect([...instances.values()]).toMatchObject([{ id: 'a', generation: 1 }]);
  expect([...services.keys()]).toEqual(['web']);
});
