/** A watch that is supervised, on an etcd that the test plays. */
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { rangeBelow } from '../../../src/storage/etcd/requests.ts';
import type { WatchStream } from '../../../src/storage/etcd/servers.ts';
import { watch } from '../../../src/storage/etcd/watch.ts';
import { FakeClock, settled } from '../../support/clock.ts';

class ScriptedStream extends EventEmitter {
  readonly asked: object[] = [];

  write(request: object): void {
    this.asked.push(request);
    if ('create_request' in request) this.tell(10, true);
  }

  tell(revision: number, created = false): void {
    this.emit('data', { header: { revision: String(revision) }, created, canceled: false, events: [] });
  }

  cancel(): void {
    // The end of a stream is not looked at.
  }
}

async function supervised(committed: () => Promise<number>) {
  const [clock, stream, heard] = [new FakeClock(), new ScriptedStream(), [] as string[]];
  const end = await watch({
    servers: { watch: () => Promise.resolve(stream as unknown as WatchStream) },
    clock,
    range: rangeBelow(Buffer.from('/test/')),
    from: 11,
    took: () => undefined,
    broke: ({ message }) => heard.push(message),
    supervisor: { committed, keptUp: () => heard.push('kept up') },
  });
  await settled();
  return { clock, stream, heard, end };
}

test('keeps up while etcd has nothing newer, and is not asked', async () => {
  const { clock, stream, heard } = await supervised(() => Promise.resolve(10));
  await clock.pass(2000);
  await clock.pass(2000);
  expect(heard).toEqual(['kept up', 'kept up']);
  expect(stream.asked).toHaveLength(1);
});

test('is asked where etcd has something newer, and has kept up when it says so much', async () => {
  const { clock, stream, heard } = await supervised(() => Promise.resolve(15));
  expect(stream.asked.at(-1)).toEqual({ progress_request: {} });
  stream.tell(15);
  await clock.pass(2000);
  expect(heard).toEqual(['kept up']);
});

test('breaks where it does not say so much in 2 s', async () => {
  const { clock, stream, heard } = await supervised(() => Promise.resolve(15));
  stream.tell(14);
  await clock.pass(2000);
  expect(heard).toEqual(['etcd is at revision 15, and tells nothing after 14']);
});

test('goes on while etcd cannot be asked, and has not kept up', async () => {
  const { clock, heard } = await supervised(() => Promise.reject(new Error('away')));
  await clock.pass(2000);
  await clock.pass(2000);
  expect(heard).toEqual([]);
});

test('says nothing more when it was ended', async () => {
  const { clock, stream, heard, end } = await supervised(() => Promise.resolve(15));
  end();
  await clock.pass(4000);
  expect([heard, stream.asked.length]).toEqual([[], 2]);
});
