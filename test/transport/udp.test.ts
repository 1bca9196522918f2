/** One suite for both implementations of UDP: what a client can see must be the same. */
import { execFile } from 'node:child_process';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { Exchange, Respond } from '../../src/responder/exchange.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { Agenda } from '../../src/transport/agenda.ts';
import { TransportCounters } from '../../src/transport/counters.ts';
import { openUdp } from '../../src/transport/open-udp.ts';
import type { UdpTransport } from '../../src/transport/udp.ts';
import { toolsMissing } from '../support/tools.ts';

/** For what happens at once, on a machine that may be busy. */
const soon = { timeout: 20_000, interval: 5 };

/** Replies with the query; notes what it saw. */
class Echo implements Respond {
  readonly seen: { readonly query: Buffer; readonly peer: string; readonly peerPort: number }[] = [];
  /** Queries that begin with this octet get no reply. */
  static readonly silent = 0xff;

  respond({ request, start, end, reply, replyStart, replyRoom, peer, peerStart, peerPort }: Exchange): number {
    const query = Buffer.from(request.subarray(start, end));
    this.seen.push({ query, peer: Buffer.from(peer.subarray(peerStart, peerStart + 16)).toString('hex'), peerPort });
    if (query[0] === Echo.silent) return 0;
    expect(replyRoom).toBeGreaterThanOrEqual(query.length);
    return query.copy(reply, replyStart);
  }
}

interface Client {
  readonly port: number;
  send(query: Buffer, port: number, host?: string): void;
  /** The next reply. */
  receive(): Promise<{ readonly reply: Buffer; readonly from: RemoteInfo }>;
  /** Replies that nobody has received yet. */
  readonly waiting: number;
}

const sockets: Socket[] = [];

async function openClient(host = '127.0.0.1'): Promise<Client> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  sockets.push(socket);
  socket.bind(0, host);
  await once(socket, 'listening');
  socket.setRecvBufferSize(4 * 1024 * 1024);
  const replies: { reply: Buffer; from: RemoteInfo }[] = [];
  let wake = (): void => undefined;
  socket.on('message', (reply, from) => {
    replies.push({ reply, from });
    wake();
  });
  return {
    port: socket.address().port,
    send: (query, port, to = host) => socket.send(query, port, to),
    async receive() {
      while (replies.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return replies.shift()!;
    },
    get waiting() {
      return replies.length;
    },
  };
}

describe.each(['batched', 'portable'] as const)('%s UDP', (io) => {
  let udp: UdpTransport | undefined;
  let counters: TransportCounters;

  /** Listens at `host`; echoes. */
  async function listen(host = '127.0.0.1'): Promise<{ echo: Echo; port: number; close: () => Promise<void> }> {
    const echo = new Echo();
    counters = new TransportCounters();
    ({ udp } = await openUdp(io, { responder: echo, counters, clock: systemClock, agenda: new Agenda(), shared: false }));
    const listener = await udp.listen({ host, port: 0 });
    return { echo, port: listener.endpoint.port, close: () => listener.close() };
  }

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.close();
    await udp?.close();
    udp = undefined;
  });

  it.each(['127.0.0.1', '::1'])('answers at %s', async (host) => {
    const { port } = await listen(host);
    const client = await openClient(host);
    client.send(Buffer.from('query'), port);
    const { reply, from } = await client.receive();
    expect(reply.toString()).toBe('query');
    expect(from).toMatchObject({ address: host, port });
  });

  it.each([
    ['127.0.0.1', '00000000000000000000ffff7f000001'],
    ['::1', '00000000000000000000000000000001'],
  ])('tells the responder who asks: %s', async (host, address) => {
    const { echo, port } = await listen(host);
    const client = await openClient(host);
    client.send(Buffer.from('query'), port);
    await client.receive();
    expect(echo.seen).toEqual([{ query: Buffer.from('query'), peer: address, peerPort: client.port }]);
  });

  const asked = [
    ['0.0.0.0', '127.0.0.1', '127.0.0.1'],
    ['::', '::1', '::1'],
  ];
  // No interface lists this one, so only batched I/O, which serves all of 0.0.0.0, can be asked there.
  if (io === 'batched') asked.push(['0.0.0.0', '127.0.0.1', '127.0.0.2']);

  it.each(asked)('listening at %s, replies to %s from %s, the address it asked', async (wildcard = '', host = '', address = '') => {
    const { port } = await listen(wildcard);
    const client = await openClient(host);
    client.send(Buffer.from('query'), port, address);
    const { from } = await client.receive();
    expect(from).toMatchObject({ address, port });
  });

  it('hands over datagrams of every length that a query may have, and drops longer ones', async () => {
    const { echo, port } = await listen();
    const client = await openClient();
    const lengths = [1, 11, 12, 512, 4095, 4096];
    for (const length of [...lengths, 4097, 9000, 1]) client.send(Buffer.alloc(length, 1), port);
    for (const length of [...lengths, 1]) expect((await client.receive()).reply).toHaveLength(length);
    expect(echo.seen).toHaveLength(lengths.length + 1);
    expect(counters.read().datagramsDropped).toBe(2);
  });

  it('hands over an empty datagram as an empty query', async () => {
    const { echo, port } = await listen();
    const client = await openClient();
    client.send(Buffer.alloc(0), port);
    client.send(Buffer.from('after'), port);
    await client.receive();
    expect(echo.seen[0]?.query).toHaveLength(0);
  });

  it('gives each of many clients the replies to its own queries', async () => {
    const { port } = await listen();
    const clients = await Promise.all(Array.from({ length: 100 }, () => openClient()));
    for (let round = 0; round < 5; round++) {
      for (const [number, client] of clients.entries()) client.send(Buffer.from(`${number} ${round}`.padEnd(12 + number)), port);
    }
    for (const [number, client] of clients.entries()) {
      for (let round = 0; round < 5; round++) {
        expect((await client.receive()).reply.toString()).toBe(`${number} ${round}`.padEnd(12 + number));
      }
    }
  });

  it('sends nothing where the responder says so, and everything else of the same batch', async () => {
    const { echo, port } = await listen();
    const client = await openClient();
    const answered: Buffer[] = [];
    for (let number = 0; number < 200; number++) {
      const query = Buffer.from([number % 3 === 1 ? Echo.silent : 0, number]);
      if (query[0] !== Echo.silent) answered.push(query);
      client.send(query, port);
    }
    for (const query of answered) expect((await client.receive()).reply).toEqual(query);
    expect(echo.seen).toHaveLength(200);
    expect(client.waiting).toBe(0);
  });

  it('answers on after a reply that cannot be delivered', async () => {
    const { port } = await listen();
    const gone = createSocket('udp4');
    gone.bind(0, '127.0.0.1');
    await once(gone, 'listening');
    await new Promise<void>((resolve) => gone.send('query', port, '127.0.0.1', () => resolve()));
    gone.close();
    const client = await openClient();
    for (let number = 0; number < 10; number++) {
      client.send(Buffer.from('query'), port);
      expect((await client.receive()).reply.toString()).toBe('query');
    }
  });

  it('drops datagrams from port 0 and from its own address and port', async () => {
    if (toolsMissing('python3') || process.getuid?.() !== 0) {
      console.warn('passed over, only root may send datagrams with a made-up source');
      return;
    }
    const { echo, port } = await listen();
    await sendFrom(port, ['127.0.0.1', 0], ['127.0.0.1', port], ['127.0.0.3', port]);
    await expect.poll(() => echo.seen.length, soon).toBe(1);
    expect(echo.seen[0]).toMatchObject({ peer: '00000000000000000000ffff7f000003', peerPort: port });
    expect(counters.read().datagramsDropped).toBe(2);
  });

  it('frees its port when it closes, and answers no more', async () => {
    const { echo, port, close } = await listen();
    const client = await openClient();
    client.send(Buffer.from('query'), port);
    await client.receive();
    await close();
    const next = createSocket('udp4');
    sockets.push(next);
    next.bind(port, '127.0.0.1');
    await once(next, 'listening');
    client.send(Buffer.from('too late'), port);
    const [message] = (await once(next, 'message')) as [Buffer];
    expect(message.toString()).toBe('too late');
    expect(echo.seen).toHaveLength(1);
  });

  it('rejects, with the code of the system, at an endpoint that is taken', async () => {
    const { port } = await listen();
    await expect(udp!.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(udp!.listen({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });

  it('serves several endpoints, and goes on with the others when one is closed', async () => {
    const { port, close } = await listen();
    const other = await udp!.listen({ host: '127.0.0.3', port });
    await close();
    const client = await openClient();
    client.send(Buffer.from('query'), other.endpoint.port, '127.0.0.3');
    expect((await client.receive()).from.address).toBe('127.0.0.3');
  });

  it('leaves the event loop of its thread running under load', async () => {
    const { port } = await listen();
    const client = await openClient();
    let timers = 0;
    const timer = setInterval(() => timers++, 1);
    for (let number = 0; number < 2000 || timers < 5; number++) {
      client.send(Buffer.from('query'), port);
      await client.receive();
    }
    clearInterval(timer);
    expect(timers).toBeGreaterThanOrEqual(5);
  });
});

/** Sends one datagram from each source, an address and a port, to a port of 127.0.0.1; needs root. */
async function sendFrom(port: number, ...sources: readonly (readonly [string, number])[]): Promise<void> {
  const program = `
import json, socket, struct
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for host, source in json.loads('${JSON.stringify(sources)}'):
  udp = struct.pack('!HHHH', source, ${port}, 13, 0) + b'query'
  ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 0, 1, 0, 64, 17, 0, socket.inet_aton(host), socket.inet_aton('127.0.0.1'))
  raw.sendto(ip + udp, ('127.0.0.1', 0))
`;
  await promisify(execFile)('python3', ['-c', program]);
}
