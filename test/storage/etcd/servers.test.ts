/** Calls to etcd whose answers the test makes. */
import { GRPCResourceExhastedError } from 'etcd3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/runtime/clock.ts';
import { EtcdServers } from '../../../src/storage/etcd/servers.ts';

let servers: EtcdServers;

beforeEach(async () => {
  const tls = { ca: null, cert: null, key: null };
  const settings = { endpoints: ['http://127.0.0.1:1'], user: null, password: null, prefix: '/', tls };
  servers = await EtcdServers.load(settings, systemClock);
});
afterEach(() => servers.close());

test('an etcd that has no space takes no more', async () => {
  const ask = () => Promise.reject(new GRPCResourceExhastedError('etcdserver: mvcc: database space exceeded'));
  await expect(servers.call(ask)).rejects.toMatchObject({ code: 'full' });
});

test('an etcd that has too much to do is asked again', async () => {
  let asked = 0;
  const ask = () => {
    asked++;
    const refusal = new GRPCResourceExhastedError('etcdserver: too many requests');
    return asked > 1 ? Promise.resolve('done') : Promise.reject(refusal);
  };
  expect(await servers.call(ask)).toBe('done');
});
