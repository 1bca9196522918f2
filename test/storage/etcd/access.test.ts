/** An etcd that knows its clients: by certificate, and by user and password. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Etcd3, Range } from 'etcd3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { StoredChange } from '../../../src/registry/store.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { openLog } from '../../../src/runtime/log.ts';
import type { EtcdSettings } from '../../../src/storage/etcd/servers.ts';
import { EtcdStore } from '../../../src/storage/etcd/store.ts';
import { type Authority, createAuthority, type KeyPair } from '../../support/certificates.ts';
import { startEtcd, type TestEtcd } from '../../support/etcd.ts';
import { anInstance, put, registeredAt, remove } from '../contract.ts';

const prefix = '/signpost/v1/';
let directory: string;
let [ours, foreign]: Authority[] = [];
let etcd: TestEtcd;
let settings: EtcdSettings;

async function write(name: string, text: string): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, text);
  return file;
}

/** Writes a certificate and its key; returns their files. */
async function files(name: string, { cert, key }: KeyPair): Promise<{ cert: string; key: string }> {
  return { cert: await write(`${name}.pem`, cert), key: await write(`${name}.key`, key) };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signpost-access-'));
  [ours, foreign] = await Promise.all([createAuthority(), createAuthority()]);
  const ca = await write('ca.pem', ours.cert);
  const client = await ours.issue(['DNS:client']);
  etcd = await startEtcd(1, { ca, ...(await files('etcd', await ours.issue(['DNS:localhost', 'IP:127.0.0.1']))) });
  const tls = { ca, ...(await files('client', client)) };
  settings = { endpoints: etcd.urls, user: 'signpost', password: 'right', prefix, tls };

  const credentials = {
    rootCertificate: Buffer.from(ours.cert), privateKey: Buffer.from(client.key), certChain: Buffer.from(client.cert),
  };
  const administrator = new Etcd3({ hosts: [...etcd.urls], credentials });
  const role = administrator.role('signpost');
  await role.create();
  await role.grant({ permission: 'Readwrite', range: Range.prefix(prefix) });
  await administrator.user('signpost').create('right');
  await administrator.user('signpost').addRole('signpost');
  await administrator.user('root').create('root');
  await administrator.user('root').addRole('root');
  await administrator.auth.authEnable();
  administrator.close();
}, 30_000);
afterAll(async () => {
  await etcd[Symbol.asyncDispose]();
  await Promise.all([ours![Symbol.asyncDispose](), foreign![Symbol.asyncDispose]()]);
  await rm(directory, { recursive: true });
});

function open(what: Partial<EtcdSettings> = {}): Promise<EtcdStore> {
  return EtcdStore.open({ ...settings, ...what }, systemClock, openLog('silent', false));
}

test('a certificate, and a user who may read and write below the prefix, are all that a server needs', async () => {
  const [one, other] = [await open(), await open()];
  const changes: StoredChange[] = [];
  const nothing = () => undefined;
  await other.snapshot();
  other.follow({
    changed: (some) => void changes.push(...some),
    committed: nothing,
    renewed: nothing,
    relisted: () => Promise.resolve(),
  });
  const [revision] = await one.commit([put(anInstance('a'))]);
  await one.commit([remove(registeredAt(revision!, anInstance('a')))]);
  await vi.waitFor(() => expect(changes.map(({ kind }) => kind)).toEqual(['instance', 'instance', 'tombstone']), 5000);
  await Promise.all([one.close(), other.close()]);
});

test('when etcd was started again and has forgotten who is logged in, all goes on', async () => {
  const store = await open();
  await etcd.members[0]!.stop();
  await etcd.members[0]!.start();
  await vi.waitFor(() => store.commit([{ kind: 'revision' }]), { timeout: 8000, interval: 100 });
  await store.close();
});

test.each<[string, () => Promise<Partial<EtcdSettings>> | Partial<EtcdSettings>, string, RegExp]>([
  ['a wrong password', () => ({ password: 'wrong' }), 'failed', /authentication failed, invalid user ID or password/],
  ['no user', () => ({ user: null, password: null }), 'failed', /permission denied/],
  ['a prefix that is not the role\'s', () => ({ prefix: '/other/' }), 'failed', /permission denied/],
  ['another authority',
    async () => ({ tls: { ...settings.tls, ca: await write('foreign.pem', foreign!.cert) } }),
    'unavailable', /^etcd cannot be reached: https:\/\/localhost:\d+: unable to verify the first certificate$/],
  ['no certificate',
    () => ({ tls: { ...settings.tls, cert: null, key: null } }),
    'unavailable', /: it does not take our certificate: .*certificate/],
  ['a certificate of another authority',
    async () => ({ tls: { ...settings.tls, ...(await files('foreign', await foreign!.issue(['DNS:client']))) } }),
    'unavailable', /: it does not take our certificate: .*certificate/],
  ['an address where nothing listens',
    () => ({ endpoints: ['https://localhost:1'] }),
    'unavailable', /^etcd cannot be reached: https:\/\/localhost:1: .*$/],
])('%s is refused at start, with the reason', async (_, what, code, message) => {
  await expect(open(await what())).rejects.toMatchObject({ code, message: expect.stringMatching(message) as unknown });
});
