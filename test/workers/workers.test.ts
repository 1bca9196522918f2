/** DNS workers as they are built: threads, so these tests run what stands in dist. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { openLog } from '../../src/runtime/log.ts';
import { defaultTcpLimits } from '../../src/transport/tcp-limits.ts';
import type { ZoneChange } from '../../src/zone/change.ts';
import type * as Source from '../../src/workers/workers.ts';
import { baseSettings, load, update } from '../support/dns.ts';
import { decodeReply, encodeQuery, exchangeTcp, frame, query, type QueryReply } from '../support/query.ts';

/** For what happens at once, on a machine that may be busy. */
const soon = { timeout: 20_000, interval: 5 };

const built = new URL('../../dist/workers/workers.js', import.meta.url).href;
const { DnsWorkers } = (await import(built)) as typeof Source;

const zone = load('test.', `
@ 60 SOA ns hostmaster 1 3600 600 86400 60
@ 60 NS ns
ns 60 A 127.0.0.1
counter 60 A 10.0.0.0
`);

/** The change that makes `counter.test.` count from one number to the next. */
function step(number: number): ZoneChange {
  return update('test.', number + 1, `counter 60 A ${addressOf(number - 1)}`, `counter 60 A ${addressOf(number)}`);
}

/** Counts up to 2^24. */
function addressOf(number: number): string {
  return `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
}

const settings: Source.DnsWorkersSettings = {
  listen: [{ host: '127.0.0.1', port: 0 }],
  workers: 1,
  io: 'auto',
  tcp: defaultTcpLimits,
  responder: baseSettings,
};

/** Starts workers that are told `replay`; they end with the test. */
async function startWorkers(
  changed: Partial<Source.DnsWorkersSettings> = {}, replay: () => Iterable<ZoneChange> = () => [zone],
): Promise<Source.DnsWorkers> {
  const workers = new DnsWorkers({ ...settings, ...changed }, { clock: systemClock, log: openLog('silent', false), replay });
  onTestFinished(() => workers.close());
  await workers.start(false);
  return workers;
}

function portOf(workers: Source.DnsWorkers): number {
  return Number(workers.addresses[0]!.split(':').at(-1));
}

/** A UDP socket that asks again and again. */
class Asker {
  readonly #socket: Socket = createSocket('udp4');

  constructor() {
    onTestFinished(() => void this.#socket.close());
  }

  /** Null when no reply comes in time. */
  async ask(port: number, name: string, milliseconds = 5000): Promise<QueryReply | null> {
    const octets = encodeQuery(name, 'A');
    const reply = once(this.#socket, 'message', { signal: AbortSignal.timeout(milliseconds) });
    this.#socket.send(octets, port, '127.0.0.1');
    try {
      return decodeReply(((await reply) as [Buffer])[0]);
    } catch {
      return null;
    }
  }

  /** What `counter.test.` says. */
  async counter(port: number): Promise<unknown> {
    return addressIn(await this.ask(port, 'counter.test'));
  }
}

function addressIn(reply: QueryReply | null): unknown {
  const [answer] = reply?.answers ?? [];
  return answer?.type === 'A' ? answer.data : null;
}

describe.each(['batched', 'portable'] as const)('DNS workers, %s', (io) => {
  it('answer what the replay says, over UDP and TCP at one port', async () => {
    const workers = await startWorkers({ io });
    expect(workers.addresses).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
    for (const transport of ['udp', 'tcp'] as const) {
      const reply = await query(portOf(workers), 'counter.test', 'A', { transport });
      expect(addressIn(reply)).toBe('10.0.0.0');
    }
  });

  it('answer at every endpoint', async () => {
    const workers = await startWorkers({ io, listen: [{ host: '127.0.0.1', port: 0 }, { host: '::1', port: 0 }] });
    expect(workers.addresses[1]).toMatch(/^\[::1\]:\d+$/);
    const socket = createSocket('udp6');
    onTestFinished(() => void socket.close());
    socket.send(encodeQuery('counter.test', 'A'), Number(workers.addresses[1]!.split(':').at(-1)), '::1');
    expect(addressIn(decodeReply(((await once(socket, 'message')) as [Buffer])[0]))).toBe('10.0.0.0');
  });

  it('answer with every change that was delivered, also to the very next query', async () => {
    const workers = await startWorkers({ io });
    const port = portOf(workers);
    const asker = new Asker();
    const stale: unknown[] = [];
    for (let number = 1; number <= 2500; number++) {
      await workers.deliver([step(number)]);
      const reply = number % 50 === 0
        ? addressIn(decodeReply(await exchangeTcp(port, encodeQuery('counter.test', 'A'))))
        : await asker.counter(port);
      if (reply !== addressOf(number)) stale.push([number, reply]);
    }
    expect(stale).toEqual([]);
  });

  it('apply changes while they are kept busy with queries', async () => {
    const workers = await startWorkers({ io });
    const port = portOf(workers);
    const flood = createSocket('udp4');
    onTestFinished(() => void flood.close());
    flood.on('message', () => flood.send(encodeQuery('counter.test', 'A'), port, '127.0.0.1'));
    for (let count = 0; count < 50; count++) flood.send(encodeQuery('counter.test', 'A'), port, '127.0.0.1');
    const asker = new Asker();
    for (let number = 1; number <= 50; number++) {
      await workers.deliver([step(number)]);
      expect(await asker.counter(port)).toBe(addressOf(number));
    }
  });

  it('reject an endpoint that is taken, and leave nothing running', async () => {
    const taken = createServer();
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as { port: number };
    await expect(startWorkers({ io, listen: [{ host: '127.0.0.1', port: 0 }, { host: '127.0.0.1', port }] })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  it('give their ports back when they close, after the last replies', async () => {
    const workers = await startWorkers({ io });
    const port = portOf(workers);
    const client = connect(port, '127.0.0.1');
    await once(client, 'connect');
    client.write(frame(encodeQuery('counter.test', 'A')));
    const reply = once(client, 'data');
    await reply;
    await workers.close();
    expect(await new Asker().ask(port, 'counter.test', 100)).toBeNull();
    await startWorkers({ io, listen: [{ host: '127.0.0.1', port }] });
  });

  it('tell what the removed records of a change may still be held for', async () => {
    const workers = await startWorkers({ io });
    expect(await workers.deliver([step(1)])).toEqual({ heldFor: 0 });
    await new Asker().counter(portOf(workers));
    const { heldFor } = await workers.deliver([step(2)]);
    expect(heldFor).toBeGreaterThan(50);
    expect(heldFor).toBeLessThanOrEqual(61);
  });

  it('count what they answer', async () => {
    const workers = await startWorkers({ io });
    await new Asker().counter(portOf(workers));
    await query(portOf(workers), 'counter.test', 'A', { transport: 'tcp' });
    const { responder, transport, restarts } = workers.counters();
    expect([responder.udp[0], responder.tcp[0], transport.connectionsOpened, restarts]).toEqual([1, 1, 1, 0]);
  });
});

describe('several DNS workers', () => {
  it('all answer with every change, whichever a client reaches', async () => {
    const workers = await startWorkers({ workers: 3, io: 'batched' });
    const port = portOf(workers);
    const askers = Array.from({ length: 30 }, () => new Asker());
    for (let number = 1; number <= 50; number++) {
      await workers.deliver([step(number)]);
      const replies = await Promise.all(askers.map((asker) => asker.counter(port)));
      expect(new Set(replies)).toEqual(new Set([addressOf(number)]));
    }
  });

  it('are one where I/O is portable', async () => {
    const threads = watchThreads();
    const workers = await startWorkers({ workers: 3, io: 'portable' });
    expect(threads).toHaveLength(1);
    expect(await new Asker().counter(portOf(workers))).toBe(addressOf(0));
  });
});

describe('a DNS worker that dies', () => {
  it.each(['batched', 'portable'] as const)('is replaced by one that knows what was published before, meanwhile and since, %s', async (io) => {
    const threads = watchThreads();
    let number = 0;
    const count = (): Promise<unknown> => workers.deliver([step(++number)]);
    const workers = await startWorkers({ io }, function* () {
      yield replayed(number);
      // Published in the middle of a replay: comes after it.
      if (number > 0) void count();
      yield update('test.', number, '', 'other 60 A 10.0.0.1');
    });
    const port = portOf(workers);
    await count();
    await threads[0]!.terminate();
    await count();
    await count();
    await expect.poll(() => workers.counters().restarts, soon).toBe(1);
    const asker = new Asker();
    expect(number).toBe(4);
    expect(await asker.counter(port)).toBe(addressOf(4));
    expect(addressIn(await asker.ask(port, 'other.test'))).toBe('10.0.0.1');
    await count();
    expect(await asker.counter(port)).toBe(addressOf(5));
    expect(threads).toHaveLength(2);
  });

  it('leaves its clients to the others until then', async () => {
    const threads = watchThreads();
    let number = 0;
    const workers = await startWorkers({ io: 'batched', workers: 3 }, () => [replayed(number)]);
    const port = portOf(workers);
    const askers = Array.from({ length: 30 }, () => new Asker());
    await threads[1]!.terminate();
    await workers.deliver([step(++number)]);
    for (const asker of askers) {
      // What reached the dead worker's socket is lost, as a datagram may be; the client asks again.
      await expect.poll(async () => addressIn(await asker.ask(port, 'counter.test', 500)), soon).toBe(addressOf(1));
    }
    await expect.poll(() => workers.counters().restarts, soon).toBe(1);
    await workers.deliver([step(++number)]);
    const replies = await Promise.all(askers.map((asker) => asker.counter(port)));
    expect(new Set(replies)).toEqual(new Set([addressOf(2)]));
  });

  it('of a change that does not fit is replaced like any other, and the delivery does not hang', async () => {
    const workers = await startWorkers();
    const unfit = update('nowhere.', 2, '', 'counter 60 A 10.0.0.1');
    await workers.deliver([unfit]);
    await expect.poll(() => workers.counters().restarts, soon).toBe(1);
    await workers.deliver([step(1)]);
    expect(await new Asker().counter(portOf(workers))).toBe(addressOf(1));
  });

  it('may have given answers that are still held', async () => {
    const threads = watchThreads();
    const workers = await startWorkers();
    await threads[0]!.terminate();
    const { heldFor } = await workers.deliver([step(1)]);
    expect(heldFor).toBeGreaterThan(30);
    expect(heldFor).toBeLessThanOrEqual(60);
  });

  it('may have been one of a server before this one', async () => {
    const workers = new DnsWorkers(settings, { clock: systemClock, log: openLog('silent', false), replay: () => [zone] });
    onTestFinished(() => workers.close());
    await workers.start(true);
    const { heldFor } = await workers.deliver([step(1)]);
    expect(heldFor).toBeGreaterThan(30);
    expect(heldFor).toBeLessThanOrEqual(60);
  });

  it('keeps its counters', async () => {
    const threads = watchThreads();
    const workers = await startWorkers();
    const asker = new Asker();
    await asker.counter(portOf(workers));
    await threads[0]!.terminate();
    await expect.poll(() => workers.counters().restarts, soon).toBe(1);
    await asker.counter(portOf(workers));
    expect(workers.counters().responder.udp[0]).toBe(2);
  });
});

/** The threads that are started from now on, until the test ends. */
function watchThreads(): Worker[] {
  const threads: Worker[] = [];
  const watch = (worker: Worker): void => void threads.push(worker);
  process.on('worker', watch);
  onTestFinished(() => void process.off('worker', watch));
  return threads;
}

/** The zone as it is when `counter.test.` has come to a number. */
function replayed(number: number): ZoneChange {
  const { added: counter } = update('test.', 1, '', `counter 60 A ${addressOf(number)}`);
  const added = [...zone.added.slice(0, -1), ...counter];
  return { ...zone, serial: number + 1, added };
}
