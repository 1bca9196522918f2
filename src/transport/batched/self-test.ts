/**
 * Tries batched I/O before anything depends on it: what a wrong memory layout or an unusual libc would break shows here,
 * on loopback, and not as silence or a crash later. Takes about a millisecond.
 */
import { isIPv6 } from 'node:net';
import { MessageChannel } from 'node:worker_threads';
import { systemClock } from '../../runtime/clock.ts';
import type { Endpoint } from '../../runtime/endpoint.ts';
import { Agenda } from '../agenda.ts';
import { TransportCounters } from '../counters.ts';
import { writeAddress } from '../peer.ts';
import { DatagramSocket } from './datagram-socket.ts';
import { AF_INET, AF_INET6, MSG_DONTWAIT, POLLIN, SOCK_CLOEXEC, SOCK_DGRAM, type SystemCalls, systemError } from './libc.ts';
import { portOffset, socketName } from './socket-name.ts';

/** Milliseconds to wait for what happens at once. */
const patience = 1000;

/** Throws an error that says what was found and what was wanted. */
export function testSystemCalls(calls: SystemCalls): void {
  testEventLoop(calls);
  // The address asked is another one than the system would choose to reply from, where the system has such a one.
  testSocket(calls, { wildcard: '0.0.0.0', client: '127.0.0.1', asked: '127.0.0.2' });
  try {
    testSocket(calls, { wildcard: '::', client: '::1', asked: '::1' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL') throw error; // a system without IPv6
  }
}

/** A message from another thread must wake a thread that waits for its event loop's descriptor. */
function testEventLoop(calls: SystemCalls): void {
  const descriptor = calls.eventLoopDescriptor();
  const { port1, port2 } = new MessageChannel();
  port2.on('message', () => undefined);
  port1.postMessage(null);
  const isReadable = waitFor(calls, descriptor);
  port1.close();
  if (!isReadable) throw new Error('found no sign of a message in the event loop, wanted it to wake poll');
}

interface SocketTest {
  readonly wildcard: string;
  readonly client: string;
  readonly asked: string;
}

/** Several queries in one batch; each must come whole and with its peer, each reply go back from the address asked. */
function testSocket(calls: SystemCalls, { wildcard, client, asked }: SocketTest): void {
  const peer = Buffer.alloc(16);
  writeAddress(client, peer);
  let peerPort = 0;
  const responder: DatagramSocketOptions['responder'] = {
    respond({ request, start, end, reply, replyStart, peer: found, peerStart, peerPort: foundPort }) {
      const isClient = foundPort === peerPort && Buffer.compare(found.subarray(peerStart, peerStart + 16), peer) === 0;
      return isClient ? request.copy(reply, replyStart, start, end) : 0;
    },
  };
  const options = { responder, counters: new TransportCounters(), clock: systemClock, agenda: new Agenda(), shared: false };
  const server = new DatagramSocket(calls, options, { host: wildcard, port: 0 });
  const domain = isIPv6(client) ? AF_INET6 : AF_INET;
  const socket = calls.socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    peerPort = bindTo(calls, socket, { host: client, port: 0 });
    const name = socketName({ host: asked, port: server.endpoint.port });
    const queries = [1, 20, 300].map((length) => Buffer.alloc(length, length & 0xff));
    for (const query of queries) {
      if (calls.sendto(socket, query, query.length, 0, name, name.length) === -1) throw systemError(calls, 'sendto', asked);
    }
    waitFor(calls, server.descriptor);
    server.serve();
    for (const query of queries) expectReply(calls, socket, query, name);
  } finally {
    calls.close(server.descriptor);
    calls.close(socket);
  }
}

type DatagramSocketOptions = ConstructorParameters<typeof DatagramSocket>[1];

function bindTo(calls: SystemCalls, socket: number, endpoint: Endpoint): number {
  const name = socketName(endpoint);
  if (calls.bind(socket, name, name.length) === -1) throw systemError(calls, 'bind', endpoint.host);
  if (calls.getsockname(socket, name, lengthOf(name)) === -1) throw systemError(calls, 'getsockname', endpoint.host);
  return name.readUInt16BE(portOffset);
}

function expectReply(calls: SystemCalls, socket: number, wanted: Buffer, wantedName: Buffer): void {
  const room = Buffer.alloc(512);
  const name = Buffer.alloc(wantedName.length);
  waitFor(calls, socket);
  const length = calls.recvfrom(socket, room, room.length, MSG_DONTWAIT, name, lengthOf(name));
  const reply = room.subarray(0, Math.max(length, 0));
  if (!reply.equals(wanted) || !name.equals(wantedName)) {
    throw new Error(
      `found ${length} octets ${reply.toString('hex', 0, 8)} from ${name.toString('hex')}, ` +
        `wanted ${wanted.length} octets ${wanted.toString('hex', 0, 8)} from ${wantedName.toString('hex')}`,
    );
  }
}

/** Waits until a descriptor is readable; false when it is not in time. */
function waitFor(calls: SystemCalls, descriptor: number): boolean {
  const entry = new ArrayBuffer(8);
  const view = new DataView(entry);
  view.setInt32(0, descriptor, true);
  view.setInt16(4, POLLIN, true);
  calls.poll(calls.addressOf(entry), 1, patience);
  return view.getInt16(6, true) !== 0;
}

function lengthOf(name: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(name.length);
  return length;
}
