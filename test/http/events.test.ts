/** Event streams over real sockets: nothing is missed and nothing comes twice, however often a watcher is cut off. */
import { Agent, type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Caller } from '../../src/registry/registration.ts';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { generator } from '../support/random.ts';
import { FakeClock, settled } from '../support/clock.ts';
import { type Harness, startHarness } from './harness.ts';

interface SeenEvent {
  readonly id: string;
  readonly event: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly data: any;
}

/** A watcher: one open stream, and all that has come. */
class Watcher {
  readonly seen: SeenEvent[] = [];
  lastId: string | null = null;
  #response: IncomingMessage | null = null;
  #rest = '';
  /** Resolves when the stream has ended. */
  ended: Promise<void> = Promise.resolve();

  async open(address: string, path: string): Promise<IncomingMessage> {
    const headers = this.lastId === null ? {} : { 'last-event-id': this.lastId };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(`http://${address}${path}`, { headers, agent: new Agent() }, resolve).on('error', reject).end();
    });
    this.#rest = '';
    this.#response = response;
    response.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    this.ended = new Promise((resolve) => response.on('close', resolve).on('error', () => undefined));
    return response;
  }

  /** Cuts the connection, wherever in an event that is. */
  cut(): void {
    this.#response?.destroy();
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop()!;
    for (const block of blocks) {
      const fields = new Map(
        block
          .split('\n')
          .map((line) => line.split(/: ?/s, 1).concat(line.replace(/^[^:]*: ?/, '')) as [string, string]),
      );
      const id = fields.get('id');
      if (id !== undefined) this.lastId = id;
      const data = fields.get('data');
      if (data !== undefined) this.seen.push({ id: id!, event: fields.get('event')!, data: JSON.parse(data) });
    }
  }
}

const caller: Caller = { address: '127.0.0.1', tokenId: null, mayTakeOver: true };
/** Nearly as much as an instance may have. */
const largeMeta = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`k${n}`, 'x'.repeat(240)]));
const endpoint = { zone: 'svc.internal', address: '10.0.0.7', permanent: true };

type Server = Harness<Clock> & { readonly address: string };

const register = ({ registry }: Server, service: string, id: string, port = 80) =>
  registry.register({ ...endpoint, service, id, port }, caller);

/** A server with sockets, on the clock of this machine. */
async function serve(keptEvents = 10_000): Promise<Server> {
  const harness = await startHarness({ registry: { keptEvents } }, systemClock);
  const [address] = await harness.server.listen();
  return Object.assign(harness, { address: address! });
}

describe('a watcher', () => {
  let harness: Server;
  beforeAll(async () => {
    harness = await serve();
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  it('sees what happens, with what became of the instance', async () => {
    const watcher = new Watcher();
    const response = await watcher.open(harness.address, '/v1/events');
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    const { instance } = await register(harness, 'seen', 'a');
    await expect.poll(() => watcher.seen.length).toBe(1);
    expect(watcher.seen[0]).toMatchObject({
      event: 'instance.registered',
      id: `${instance.revision}.0`,
      data: {
        kind: 'instance.registered',
        revision: instance.revision,
        zone: 'svc.internal',
        service: 'seen',
        instance: { id: 'a', port: 80, status: 'passing' },
      },
    });
    watcher.cut();
  });

  it('of one service sees its events only', async () => {
    const watcher = new Watcher();
    await watcher.open(harness.address, '/v1/events?service=mine');
    await register(harness, 'others', 'a');
    await register(harness, 'mine', 'a');
    await expect.poll(() => watcher.seen.length).toBe(1);
    expect(watcher.seen[0]!.data.service).toBe('mine');
    watcher.cut();
  });

  it('sees faults as they happen', async () => {
    const watcher = new Watcher();
    await watcher.open(harness.address, '/v1/events?service=faulty');
    await register(harness, 'faulty', 'a');
    await harness.registry.patch({ ...endpoint, service: 'faulty', id: 'a' }, { status: 'critical' }, caller);
    await expect
      .poll(() => watcher.seen.map(({ event }) => event))
      .toEqual(['instance.registered', 'instance.updated', 'instance.unhealthy', 'service.empty']);
    const ids = watcher.seen.map(({ id }) => id.split('.')[1]);
    expect(ids).toEqual(['0', '0', '1', '2']);
    watcher.cut();
  });

  it('may begin where it knows the list', async () => {
    const { instance } = await register(harness, 'since', 'a');
    await register(harness, 'since', 'b');
    const watcher = new Watcher();
    await watcher.open(harness.address, `/v1/events?service=since&since=${instance.revision}`);
    await expect.poll(() => watcher.seen.map(({ data }) => data.instance.id)).toEqual(['b']);
    watcher.cut();
  });

  it('that has seen nothing yet knows where to resume', async () => {
    const watcher = new Watcher();
    await watcher.open(harness.address, '/v1/events?service=quiet');
    await expect.poll(() => watcher.lastId).toBe(harness.registry.events.lastId);
    watcher.cut();
    await watcher.ended;
    await register(harness, 'quiet', 'a');
    await watcher.open(harness.address, '/v1/events?service=quiet');
    await expect.poll(() => watcher.seen.length).toBe(1);
    watcher.cut();
  });
});

const seed = Number(process.env['SIGNPOST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

it(`a watcher cut off at random 1,000 times sees each event exactly once, in order (seed ${seed})`, async () => {
  await using harness = await serve(100_000);
  const random = generator(seed);
  const watcher = new Watcher();
  const stop = new AbortController();
  const written: string[] = [];
  const writer = (async () => {
    for (let n = 0; !stop.signal.aborted; n++) {
      // Batches of several changes, and pauses between them: a cut may come at any point of either.
      const batch = Array.from({ length: 1 + random(4) }, (_, k) =>
        register(harness, 'busy', `i${k}`, 1 + (n % 65_535)),
      );
      for (const { instance } of await Promise.all(batch)) written.push(`${instance.revision}.0`);
      if (random(3) === 0) await register(harness, 'other', 'a', 1 + (n % 65_535));
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (let cut = 0; cut < 1000; cut++) {
    await watcher.open(harness.address, '/v1/events?service=busy');
    for (let turns = random(6); turns > 0; turns--) await settled();
    watcher.cut();
    await watcher.ended;
  }
  stop.abort();
  await writer;
  await watcher.open(harness.address, '/v1/events?service=busy');
  await expect.poll(() => watcher.seen.at(-1)?.id, { timeout: 10_000 }).toBe(written.at(-1));
  watcher.cut();
  // The first connection began with the first id that came; before it nothing was promised.
  const ids = watcher.seen.map(({ id }) => id);
  expect(ids).toEqual(written.slice(written.indexOf(ids[0]!)));
  expect(ids.length).toBeGreaterThan(1000);
  expect(watcher.seen.some(({ event }) => event === 'reset')).toBe(false);
}, 60_000);

describe('a watcher that was away for too long', () => {
  it('is told to start anew, and from there on misses nothing', async () => {
    await using harness = await serve(10);
    const watcher = new Watcher();
    await register(harness, 'web', 'a');
    watcher.lastId = harness.registry.events.lastId;
    for (let port = 1; port <= 20; port++) await register(harness, 'web', 'b', port);
    await watcher.open(harness.address, '/v1/events');
    await expect.poll(() => watcher.seen.map(({ event }) => event)).toEqual(['reset']);
    expect(watcher.lastId).toBe(harness.registry.events.lastId);
    await register(harness, 'web', 'c');
    await expect.poll(() => watcher.seen.map(({ event }) => event)).toEqual(['reset', 'instance.registered']);
    watcher.cut();
  });

  it('is told so as well when its id is from another life of the server', async () => {
    await using harness = await serve();
    const watcher = new Watcher();
    watcher.lastId = '999.0';
    await watcher.open(harness.address, '/v1/events');
    await expect.poll(() => watcher.seen.map(({ event }) => event)).toEqual(['reset']);
    watcher.cut();
  });
});

describe('many watchers', () => {
  it('of one service cost one serialisation an event', async () => {
    await using harness = await serve();
    const watchers = Array.from({ length: 100 }, () => new Watcher());
    await Promise.all(watchers.map((watcher) => watcher.open(harness.address, '/v1/events?service=web')));
    const before = await serialised(harness);
    for (let port = 1; port <= 5; port++) await register(harness, 'web', 'a', port);
    await expect.poll(() => watchers.every(({ seen }) => seen.length === 5)).toBe(true);
    expect((await serialised(harness)) - before).toBe(5);
    for (const watcher of watchers) watcher.cut();
    await expect.poll(async () => metric(harness, 'signpost_event_watchers')).toBe(0);
  });
});

describe('a watcher of a quiet service', () => {
  it('need not begin anew because much has happened elsewhere', async () => {
    const clock = new FakeClock();
    await using harness = await startHarness({ registry: { keptEvents: 10 } }, clock);
    const [address] = await harness.server.listen();
    const server = Object.assign(harness, { address: address! });
    const watcher = new Watcher();
    await watcher.open(server.address, '/v1/events?service=quiet');
    await expect.poll(() => watcher.lastId).toBe('0');
    for (let port = 1; port <= 30; port++) await register(server, 'busy', 'a', port);
    await clock.pass(15_000);
    await expect.poll(() => watcher.lastId).toBe(harness.registry.events.lastId);
    watcher.cut();
    await watcher.ended;
    await register(server, 'quiet', 'a');
    await watcher.open(server.address, '/v1/events?service=quiet');
    await expect.poll(() => watcher.seen.map(({ event }) => event)).toEqual(['instance.registered']);
    watcher.cut();
  });
});

describe('a watcher that does not read', () => {
  it('what it missed is dropped after a while, and has not cost the memory of all it missed', async () => {
    const clock = new FakeClock();
    await using harness = await startHarness({}, clock);
    const [address] = await harness.server.listen();
    const server = Object.assign(harness, { address: address! });
    for (let n = 0; n < 5000; n++) {
      await harness.registry.register(
        { ...endpoint, service: 'web', id: `i${n % 100}`, port: 1 + n, meta: largeMeta },
        caller,
      );
    }
    const watcher = new Watcher();
    (await watcher.open(server.address, '/v1/events?since=0')).pause();
    await expect.poll(() => metric(server, 'signpost_events_serialised_total')).toBeGreaterThan(0);
    expect(await metric(server, 'signpost_events_serialised_total')).toBeLessThan(5000);
    await clock.pass(30_000);
    await expect.poll(() => metric(server, 'signpost_event_watchers_dropped_total')).toBe(1);
    watcher.cut();
  });

  it('is dropped, and the others go on', async () => {
    await using harness = await serve();
    const [slow, quick] = [new Watcher(), new Watcher()];
    (await slow.open(harness.address, '/v1/events')).pause();
    await quick.open(harness.address, '/v1/events');
    let registered = 0;
    for (
      ;
      registered < 10_000 && (await metric(harness, 'signpost_event_watchers_dropped_total')) === 0;
      registered += 100
    ) {
      await Promise.all(
        Array.from({ length: 100 }, (_, n) =>
          harness.registry.register(
            { ...endpoint, service: 'web', id: `i${n}`, port: 1 + registered, meta: largeMeta },
            caller,
          ),
        ),
      );
      await settled();
    }
    expect(await metric(harness, 'signpost_event_watchers_dropped_total')).toBe(1);
    await expect.poll(() => quick.seen.length).toBe(registered);
    slow.cut();
    quick.cut();
  });
});

describe('a stream', () => {
  it('has comments while nothing happens', async () => {
    const clock = new FakeClock();
    await using harness = await startHarness({}, clock);
    const [address] = await harness.server.listen();
    let text = '';
    const response = await new Promise<IncomingMessage>(
      (resolve) => void request(`http://${address!}/v1/events`, resolve).end(),
    );
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await expect.poll(() => text).toMatch(/^retry: \d{4}\n\n:\nid: 0\n\n$/);
    await clock.pass(15_000);
    await expect.poll(() => text).toMatch(/(:\nid: 0\n\n){2}$/);
    response.destroy();
  });

  it('ends when the server stops', async () => {
    const harness = await serve();
    const watcher = new Watcher();
    await watcher.open(harness.address, '/v1/events');
    await harness[Symbol.asyncDispose]();
    await watcher.ended;
  });
});

async function metric(harness: Server, name: string): Promise<number> {
  const { body } = await harness.call('GET', '/metrics');
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(body)?.[1]);
}

const serialised = (harness: Server) => metric(harness, 'signpost_events_serialised_total');
