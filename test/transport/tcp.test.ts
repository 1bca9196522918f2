import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Exchange, Respond } from '../../src/responder/exchange.ts';
import { Agenda } from '../../src/transport/agenda.ts';
import { TransportCounters } from '../../src/transport/counters.ts';
import { MessageReader } from '../../src/transport/message-reader.ts';
import { TcpTransport } from '../../src/transport/tcp.ts';
import { defaultTcpLimits, type TcpLimits } from '../../src/transport/tcp-limits.ts';
import { FakeClock } from '../support/clock.ts';
import { frame } from '../support/query.ts';

/** For what happens at once, on a machine that may be busy. */
const soon = { timeout: 20_000, interval: 5 };

/** Replies with the query, to a query that begins with `big` with 60,000 octets; notes the queries. */
class Echo implements Respond {
  readonly seen: string[] = [];
  readonly peers: string[] = [];

  respond({ request, start, end, reply, replyStart, peer, peerStart, transport }: Exchange): number {
    expect(transport).toBe('tcp');
    const query = request.toString('latin1', start, end);
    this.seen.push(query.trim());
    this.peers.push(Buffer.from(peer.subarray(peerStart, peerStart + 16)).toString('hex'));
    if (query.startsWith('silent')) return 0;
    return reply.write(query, replyStart, 'latin1') + (query.startsWith('big') ? 60_000 : 0);
  }
}

/** A query long enough to have a header, framed. */
const query = (text: string): Buffer => frame(Buffer.from(text.padEnd(12)));

class Client {
  readonly socket: Socket;
  readonly replies: string[] = [];
  isEnded = false;
  isClosed = false;
  error: Error | undefined;
  readonly #reader = new MessageReader();

  constructor(port: number, localAddress = '127.0.0.1', host = '127.0.0.1') {
    this.socket = connect({ port, host, localAddress });
    this.socket.on('data', (chunk) => {
      this.#reader.push(chunk);
      for (let reply = this.#reader.next(); reply !== undefined; reply = this.#reader.next()) {
        this.replies.push(reply.toString('latin1', 0, 12).trim());
      }
    });
    this.socket.on('end', () => (this.isEnded = true));
    this.socket.on('close', () => (this.isClosed = true));
    this.socket.on('error', (error) => (this.error = error));
  }

  send(...octets: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(octets));
  }

  /** Resolves when the octets have left this process. */
  async deliver(octets: Buffer): Promise<void> {
    await new Promise((resolve) => this.socket.write(octets, resolve));
  }

  async receive(...wanted: readonly string[]): Promise<void> {
    await expect.poll(() => this.replies, soon).toEqual(wanted);
  }

  async ended(): Promise<void> {
    await expect.poll(() => this.isEnded || this.isClosed, soon).toBe(true);
  }
}

describe('TCP', () => {
  let clock: FakeClock;
  let echo: Echo;
  let counters: TransportCounters;
  let tcp: TcpTransport;
  let port: number;
  const clients: Client[] = [];

  async function listen(limits: Partial<TcpLimits> = {}, host = '127.0.0.1'): Promise<void> {
    tcp = new TcpTransport({ responder: echo, counters, clock, agenda: new Agenda(), limits: { ...defaultTcpLimits, ...limits } });
    ({ port } = (await tcp.listen({ host, port: 0 })).endpoint);
  }

  async function openClient(localAddress?: string, host?: string): Promise<Client> {
    const client = new Client(port, localAddress, host);
    clients.push(client);
    const opened = counters.read().connectionsOpened;
    await once(client.socket, 'connect');
    await expect.poll(() => counters.read().connectionsOpened, soon).toBeGreaterThan(opened);
    return client;
  }

  beforeEach(() => {
    clock = new FakeClock();
    echo = new Echo();
    counters = new TransportCounters();
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.destroy();
    await tcp.close(0);
  });

  it.each([
    ['127.0.0.1', '00000000000000000000ffff7f000001'],
    ['::1', '00000000000000000000000000000001'],
  ])('answers at %s and tells the responder who asks', async (host, peer) => {
    await listen({}, host);
    const client = await openClient(host, host);
    client.send(query('one'));
    await client.receive('one');
    expect(echo.peers).toEqual([peer]);
  });

  it('answers queries that come in one piece, and one that comes octet by octet', async () => {
    await listen();
    const client = await openClient();
    client.socket.setNoDelay();
    client.send(query('one'), query('two'), query('three'));
    await client.receive('one', 'two', 'three');
    for (const octet of query('four')) {
      client.send(Buffer.of(octet));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.receive('one', 'two', 'three', 'four');
  });

  it('sends no reply where there is none, and answers on', async () => {
    await listen();
    const client = await openClient();
    client.send(query('silent'), query('one'));
    await client.receive('one');
  });

  it('answers a client that has ended its side, then ends its own', async () => {
    await listen();
    const client = await openClient();
    client.socket.end(Buffer.concat([query('one'), query('two')]));
    await client.receive('one', 'two');
    await client.ended();
  });

  it.each([
    ['of no octets', Buffer.alloc(0)],
    ['shorter than a header', Buffer.alloc(11)],
  ])('closes at a message %s, after the replies to what came before', async (_, message) => {
    await listen();
    const client = await openClient();
    client.send(query('one'), frame(message), query('two'));
    await client.ended();
    expect(client.replies).toEqual(['one']);
    expect(client.error).toBeUndefined();
  });

  it('closes after so many queries, without taking back replies by a reset', async () => {
    await listen({ queries: 20 });
    const client = await openClient();
    const numbers = Array.from({ length: 1000 }, (_, number) => String(number));
    client.send(...numbers.map(query));
    await client.ended();
    expect(client.replies).toEqual(numbers.slice(0, 20));
    expect(client.error).toBeUndefined();
    expect(echo.seen).toHaveLength(20);
  });

  it('closes an idle connection after its time, which each query begins anew', async () => {
    await listen({ idle: 10 });
    const client = await openClient();
    await clock.pass(9_000);
    client.send(query('one'));
    await client.receive('one');
    await clock.pass(9_000);
    expect(client.isEnded).toBe(false);
    await clock.pass(1_500);
    await client.ended();
    expect(counters.read().connectionsTimedOut).toBe(0);
  });

  it('closes a connection whose query does not come whole in time, however many octets come', async () => {
    await listen({ message: 2 });
    const client = await openClient();
    const octets = query('one');
    for (let sent = 0; sent < 3; sent++) {
      await client.deliver(octets.subarray(sent, sent + 1));
      await caughtUp();
      await clock.pass(600);
    }
    expect(client.isEnded).toBe(false);
    await clock.pass(600);
    await client.ended();
    expect(counters.read().connectionsTimedOut).toBe(1);
    expect(echo.seen).not.toContain('one');
  });

  it('does not count the time of a query from the octets of the one before', async () => {
    await listen({ message: 2 });
    const client = await openClient();
    const two = query('two');
    await client.deliver(Buffer.concat([query('one'), two.subarray(0, 5)]));
    await client.receive('one');
    await clock.pass(1_500);
    await client.deliver(two.subarray(5));
    await client.receive('one', 'two');
    await clock.pass(1_500);
    expect(client.isEnded).toBe(false);
  });

  it('answers a client that does not read only as far as a bounded amount of replies, and closes it after its time', async () => {
    await listen({ write: 5, queries: 10_000 });
    const client = await openClient();
    client.socket.pause();
    client.send(...Array.from({ length: 5000 }, () => query('big')));
    await caughtUp();
    const answered = echo.seen.length;
    expect(answered).toBeLessThan(1000);
    await caughtUp();
    expect(echo.seen.filter((text) => text === 'big').length).toBeLessThanOrEqual(answered);
    await clock.pass(4_500);
    expect(counters.read().connectionsTimedOut).toBe(0);
    await clock.pass(1_000);
    expect(counters.read().connectionsTimedOut).toBe(1);
  });

  it('answers a slow reader in the end', async () => {
    await listen({ write: 5 });
    const client = await openClient();
    client.socket.pause();
    const numbers = Array.from({ length: 100 }, (_, number) => `big ${number}`);
    client.send(...numbers.map(query));
    await caughtUp();
    client.socket.resume();
    await client.receive(...numbers);
  });

  it('lets clients take turns: one query is answered among the first of a thousand', async () => {
    await listen({ queries: 1000 });
    const greedy = await openClient();
    const modest = await openClient();
    await Promise.all([
      greedy.deliver(Buffer.concat(Array.from({ length: 1000 }, () => query('greedy')))),
      modest.deliver(query('modest')),
    ]);
    await modest.receive('modest');
    expect(echo.seen.indexOf('modest')).toBeLessThan(200);
    await expect.poll(() => greedy.replies.length, soon).toBe(1000);
  });

  it('gives a new connection of a client the place of the one that has gone longest without an answer', async () => {
    await listen({ perClient: 3 });
    const [first, second, third, stranger] = [await openClient(), await openClient(), await openClient(), await openClient('127.0.0.2')];
    await clock.pass(100);
    first.send(query('one'));
    await first.receive('one');
    const fourth = await openClient();
    await second.ended();
    fourth.send(query('two'));
    await fourth.receive('two');
    expect([first, third, stranger].map(({ isEnded }) => isEnded)).toEqual([false, false, false]);
    expect(counters.read().connectionsEvicted).toBe(1);
  });

  it('keeps to its number of connections, whoever opens them', async () => {
    await listen({ connections: 4 });
    const early = [await openClient('127.0.0.2'), await openClient('127.0.0.3'), await openClient('127.0.0.4'), await openClient('127.0.0.5')];
    const late = [await openClient('127.0.0.6'), await openClient('127.0.0.7')];
    await early[0]!.ended();
    await early[1]!.ended();
    for (const client of [...early.slice(2), ...late]) {
      client.send(query('one'));
      await client.receive('one');
    }
  });

  it('closes idle connections soon when nearly all are taken', async () => {
    await listen({ connections: 10, idle: 10 });
    for (let number = 0; number < 9; number++) await openClient();
    await clock.pass(1_000);
    await expect.poll(() => counters.read().connectionsClosed, soon).toBe(9);
  });

  it('rejects, with the code of the system, at an endpoint that is taken', async () => {
    await listen();
    await expect(tcp.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('closes at once when nothing waits, and frees its port', async () => {
    await listen();
    const [idle, partial] = [await openClient(), await openClient()];
    await partial.deliver(query('one').subarray(0, 5));
    await caughtUp();
    await tcp.close(5);
    await idle.ended();
    await partial.ended();
    expect(clock.pending).toBe(0);
    await listen();
  });

  it('answers what has been asked before it closes', async () => {
    await listen();
    const client = await openClient();
    const numbers = Array.from({ length: 100 }, (_, number) => String(number));
    await client.deliver(Buffer.concat(numbers.map(query)));
    await expect.poll(() => echo.seen.length, soon).toBeGreaterThan(0);
    const closed = tcp.close(5);
    await client.ended();
    client.socket.end();
    await closed;
    expect(client.replies).toEqual(numbers);
  });

  it('waits for a client that does not read no longer than it is told', async () => {
    await listen();
    const client = await openClient();
    client.socket.pause();
    client.send(...Array.from({ length: 128 }, () => query('big')));
    await caughtUp();
    let isClosed = false;
    const closed = tcp.close(3).then(() => (isClosed = true));
    await clock.pass(2_900);
    expect(isClosed).toBe(false);
    await clock.pass(200);
    await closed;
  });

  /** Resolves when the server has taken in all that was delivered before. */
  async function caughtUp(): Promise<void> {
    const client = await openClient('127.0.0.9');
    for (const text of ['a', 'b', 'c']) {
      client.send(query(text));
      await expect.poll(() => client.replies.at(-1), soon).toBe(text);
    }
    client.socket.destroy();
  }
});
