/**
 * UDP by node:dgram, for systems without batched I/O. Node does not tell which local address a datagram was sent to, so
 * a wildcard endpoint gets one socket for each address that the machine has. (An address that no interface lists, such
 * as 127.0.0.2, is not served.)
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../runtime/endpoint.ts';
import { listenAtEveryAddress, machineAddresses } from './every-address.ts';
import { createExchange, readFrom } from './exchange.ts';
import type { Listener } from './listener.ts';
import { addressOctets, writeAddress } from './peer.ts';
import { longestQuery, receiveBuffer, replyRoom, type UdpOptions, type UdpTransport } from './udp.ts';

export class PortableUdp implements UdpTransport {
  readonly io = 'portable';
  readonly descriptors = [];
  readonly #options: UdpOptions;
  readonly #addressesNow: typeof machineAddresses;
  readonly #listeners = new Set<Listener>();

  /** Tests hand in the addresses of another machine. */
  constructor(options: UdpOptions, addressesNow = machineAddresses) {
    this.#options = options;
    this.#addressesNow = addressesNow;
  }

  async listen(endpoint: Endpoint): Promise<Listener> {
    const listenAt = (at: Endpoint): Promise<Listener> => listenAtOne(at, this.#options);
    const isWildcard = endpoint.host === '0.0.0.0' || endpoint.host === '::';
    const listener = isWildcard
      ? await listenAtEveryAddress(endpoint, { listenAt, clock: this.#options.clock, addressesNow: this.#addressesNow })
      : await listenAt(endpoint);
    this.#listeners.add(listener);
    const close = async (): Promise<void> => {
      if (this.#listeners.delete(listener)) await listener.close();
    };
    return { endpoint: listener.endpoint, close };
  }

  async close(): Promise<void> {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) await listener.close();
  }
}

async function listenAtOne({ host, port }: Endpoint, options: UdpOptions): Promise<Listener> {
  const family = isIPv6(host) ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    ipv6Only: family === 6,
    // Peers are addresses already; without this, each send waits a tick for the resolver to say so.
    lookup: (address, _, found) => found(null, address, family),
  });
  const listening = once(socket, 'listening');
  socket.bind(port, host);
  await listening;
  socket.setRecvBufferSize(receiveBuffer);
  // What may still go wrong concerns single datagrams, and UDP may lose them.
  socket.on('error', () => undefined);
  const endpoint = { host, port: socket.address().port };
  answerAt(socket, endpoint, options);
  const close = async (): Promise<void> => {
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  };
  return { endpoint, close };
}

function answerAt(socket: Socket, own: Endpoint, { responder, counters, clock }: UdpOptions): void {
  const exchange = createExchange('udp', Buffer.alloc(replyRoom));
  const ownAddress = new Uint8Array(addressOctets);
  writeAddress(own.host, ownAddress);
  let lastPeer = '';
  const afterSend = (error: Error | null): void => {
    if (error !== null) counters.count('sendsFailed');
  };
  socket.on('message', (query: Buffer, { address, port }: RemoteInfo) => {
    if (address !== lastPeer) {
      writeAddress(address, exchange.peer);
      lastPeer = address;
    }
    const isOurs = port === own.port && Buffer.compare(exchange.peer, ownAddress) === 0;
    if (port === 0 || isOurs || query.length > longestQuery) {
      counters.count('datagramsDropped');
      return;
    }
    readFrom(exchange, query);
    exchange.end = query.length;
    exchange.peerPort = port;
    exchange.receivedAt = clock.now();
    const length = responder.respond(exchange);
    // The copy belongs to the socket, which may have to keep it until the kernel has room.
    if (length > 0) socket.send(Buffer.from(exchange.reply.subarray(0, length)), port, address, afterSend);
  });
}
