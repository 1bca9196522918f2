import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { endSilentConnections } from '../../../src/storage/etcd/silent-connections.ts';
import { FakeClock } from '../../support/clock.ts';

let servers: Server[];
let sockets: Socket[];

beforeEach(() => {
  [servers, sockets] = [[], []];
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

/** Listens, and says this to who comes. */
async function listen(greeting: string): Promise<number> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    if (greeting !== '') socket.write(greeting);
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as { port: number }).port;
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

test('of the connections to etcd those are ended on which nothing comes', async () => {
  const clock = new FakeClock();
  const [silent, greeting, other] = [await listen(''), await listen('hello'), await listen('')];
  const stop = endSilentConnections([`http://127.0.0.1:${silent}`, `https://127.0.0.1:${greeting}`], clock);
  const [first, second, third] = [await open(silent), await open(greeting), await open(other)];
  await once(second, 'data');
  await clock.pass(9999);
  expect([first, second, third].map(({ destroyed }) => destroyed)).toEqual([false, false, false]);
  await clock.pass(1);
  expect([first, second, third].map(({ destroyed }) => destroyed)).toEqual([true, false, false]);

  stop();
  const later = await open(silent);
  await clock.pass(10_000);
  expect(later.destroyed).toBe(false);
});

test('a connection that ends by itself leaves nothing to do', async () => {
  const clock = new FakeClock();
  const port = await listen('');
  const stop = endSilentConnections([`http://127.0.0.1:${port}`], clock);
  const socket = await open(port);
  expect(clock.pending).toBe(1);
  socket.destroy();
  await once(socket, 'close');
  expect(clock.pending).toBe(0);
  stop();
});
