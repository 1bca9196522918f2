/** The feed with an etcd that the test plays. */
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { type StoredChange, StoreError } from '../../../src/registry/store.ts';
import { openLog } from '../../../src/runtime/log.ts';
import { encodeInstance, EntryReader } from '../../../src/storage/entry.ts';
import { Feed } from '../../../src/storage/etcd/feed.ts';
import { EtcdKeys } from '../../../src/storage/etcd/keys.ts';
import type { WatchStream } from '../../../src/storage/etcd/servers.ts';
import { FakeClock, settled } from '../../support/clock.ts';
import { anInstance } from '../contract.ts';

const keys = new EtcdKeys('/test/');

/** A watch on etcd: begins at once and brings what it is told to. */
class ScriptedStream extends EventEmitter {
  isCancelled = false;

  write(): void {
    this.emit('data', { created: true, canceled: false, events: [] });
  }

  cancel(): void {
    this.isCancelled = true;
  }

  bring(revision: number, key = keys.revision, value = ''): void {
    this.bringAll([[revision, key, value]]);
  }

  bringAll(puts: readonly (readonly [number, Buffer, string])[]): void {
    const events = puts.map(([revision, key, value]) => ({
      type: 'Put', kv: { key, value: Buffer.from(value), mod_revision: String(revision) },
    }));
    this.emit('data', { created: false, canceled: false, events });
  }
}

async function follow(
  stream: (count: number) => ScriptedStream = () => new ScriptedStream(), relist: Promise<void> = Promise.resolve(),
) {
  const [clock, streams, relists] = [new FakeClock(), [] as ScriptedStream[], [] as number[]];
  const changed: StoredChange[] = [];
  const revision = 10;
  const feed = new Feed({
    servers: {
      watch: () => {
        streams.push(stream(streams.length));
        return Promise.resolve(streams.at(-1) as unknown as WatchStream);
      },
    },
    listing: { take: () => Promise.resolve({ revision: 20, listedAt: 20, batches: (async function* () {})() }) },
    keys,
    reader: new EntryReader(),
    clock,
    log: openLog('silent', false),
    server: 'here',
    revision,
    heard: () => undefined,
  });
  const follower = {
    changed: (changes: readonly StoredChange[]) => void changed.push(...changes),
    committed: () => undefined,
    renewed: () => undefined,
    relisted: (snapshot: { readonly revision: number }) => {
      relists.push(snapshot.revision);
      return relist;
    },
  };
  feed.begin(follower, { revision, listedAt: revision });
  await settled();
  return { feed, clock, streams, relists, changed };
}

test('a watch that brings nothing of what was committed is taken for dead, and everything is read anew', async () => {
  const { feed, clock, streams, relists } = await follow();
  for (let beat = 0; beat < 2; beat++) {
    const refused = expect(feed.reached(15, clock.now() + 1800)).rejects.toMatchObject({ code: 'unavailable' });
    expect([streams.length, relists]).toEqual([1, []]);
    await clock.pass(1900);
    await refused;
  }
  expect([streams.map(({ isCancelled }) => isCancelled), relists]).toEqual([[true, false], [20]]);
  expect([feed.isWhole, feed.followed]).toEqual([true, 20]);
});

test('a watch that is behind, but brings something, goes on', async () => {
  const { feed, clock, streams, relists } = await follow();
  const refused = expect(feed.reached(15, clock.now() + 1800)).rejects.toMatchObject({ code: 'unavailable' });
  await clock.pass(1000);
  streams[0]!.bring(12);
  await clock.pass(800);
  await refused;
  expect([streams.length, relists]).toEqual([1, []]);
  const reached = feed.reached(15, clock.now() + 1800);
  streams[0]!.bring(15);
  await reached;
});

test('a watch that says something now and then is not taken for dead', async () => {
  const { feed, clock, streams } = await follow();
  for (let revision = 11; revision < 20; revision++) {
    const refused = expect(feed.reached(30, clock.now() + 1800)).rejects.toMatchObject({ code: 'unavailable' });
    await clock.pass(1800);
    await refused;
    streams[0]!.bring(revision);
  }
  expect(streams.length).toBe(1);
});

test('a commit whose answer was lost has succeeded where the watch brings its mark', async () => {
  const { feed, clock, streams } = await follow();
  const lost = new StoreError('unavailable', 'etcd does not answer');
  const commit = (): Promise<number> => {
    streams[0]!.bring(12, keys.commit('here'), 'nonce');
    return Promise.reject(lost);
  };
  expect(await feed.takeOwn('nonce', commit, clock.now() + 1800)).toBe(12);
  await expect(feed.takeOwn('other', commit, clock.now() + 1800)).rejects.toBe(lost);
});

test('an entry that cannot be read is left out, and what came with it is handed on', async () => {
  const { feed, clock, streams, changed } = await follow();
  const instance = encodeInstance(anInstance('b'));
  streams[0]!.bringAll([
    [12, keys.instance({ zone: 'svc.internal', service: 'web', id: 'a' }), 'garbage'],
    [12, keys.server('there'), 'garbage'],
    [13, keys.instance({ zone: 'svc.internal', service: 'web', id: 'b' }), instance],
    [13, keys.revision, ''],
  ]);
  await feed.reached(13, clock.now() + 1800);
  expect(changed).toMatchObject([{ ref: { id: 'b' }, revision: 13 }]);
});

test('a watch that breaks the moment it begins is no watch', async () => {
  class CompactedStream extends ScriptedStream {
    override write(): void {
      super.write();
      this.emit('data', { created: false, canceled: true, compact_revision: '15', events: [] });
    }
  }
  const never = new Promise<void>(() => undefined);
  const { feed, relists } = await follow((count) => (count === 0 ? new CompactedStream() : new ScriptedStream()), never);
  expect([relists, feed.isWhole]).toEqual([[20], false]);
});
