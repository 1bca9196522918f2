/**
 * One UDP socket that is served in batches: up to 64 queries with one recvmmsg(2), their replies with one sendmmsg(2).
 * A socket bound to a wildcard has the kernel note the address that each query was sent to (IP_PKTINFO, RFC 3542), and
 * replies from there.
 */
import { isIPv6 } from 'node:net';
import type { Exchange } from '../../responder/exchange.ts';
import { type Endpoint, printEndpoint } from '../../runtime/endpoint.ts';
import { createExchange, readFrom } from '../exchange.ts';
import { mappedPrefix } from '../peer.ts';
import { longestQuery, receiveBuffer, replyRoom, type UdpOptions } from '../udp.ts';
import {
  AF_INET, AF_INET6, EAGAIN, EBADF, EFAULT, EINTR, EINVAL, ENOTSOCK, IP_MTU_DISCOVER, IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6,
  IPV6_MTU_DISCOVER, IPV6_RECVPKTINFO, IPV6_V6ONLY, MSG_DONTWAIT, PMTUDISC_PROBE, SO_RCVBUF, SO_REUSEPORT, SO_SNDTIMEO,
  SOCK_CLOEXEC, SOCK_DGRAM, SOL_SOCKET, type SystemCalls, systemError,
} from './libc.ts';
import { BatchMemory, batchSize, headerLength } from './memory.ts';
import { ipv4Offset, ipv6Offset, portOffset, socketName } from './socket-name.ts';

/** How long a full send buffer may hold us, in microseconds; after that the reply is lost, as any datagram may be. */
const sendTimeout = 100_000;

export class DatagramSocket {
  readonly descriptor: number;
  readonly endpoint: Endpoint;
  readonly #calls: SystemCalls;
  readonly #options: UdpOptions;
  readonly #isIpv6: boolean;
  readonly #isWildcard: boolean;
  readonly #memory: BatchMemory;
  readonly #exchange: Exchange;
  /** The address bound to, as it stands in a socket name. */
  readonly #ownAddress: Buffer;

  /** Binds to `endpoint`. Throws the system's error. */
  constructor(calls: SystemCalls, options: UdpOptions, endpoint: Endpoint) {
    this.#calls = calls;
    this.#options = options;
    this.#isIpv6 = isIPv6(endpoint.host);
    this.#isWildcard = endpoint.host === '0.0.0.0' || endpoint.host === '::';
    const name = socketName(endpoint);
    this.#ownAddress = this.#isIpv6 ? name.subarray(ipv6Offset, ipv6Offset + 16) : name.subarray(ipv4Offset, ipv4Offset + 4);
    this.#memory = new BatchMemory((memory) => calls.addressOf(memory), this.#isWildcard);
    this.#exchange = createExchange('udp', this.#memory.octets);
    readFrom(this.#exchange, this.#memory.octets);
    this.#exchange.replyRoom = replyRoom;
    if (this.#isIpv6) this.#exchange.peer = this.#memory.octets;
    else this.#exchange.peer.set(Buffer.from(mappedPrefix, 'latin1'));

    this.descriptor = calls.socket(this.#isIpv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (this.descriptor === -1) throw systemError(calls, 'socket', printEndpoint(endpoint));
    try {
      this.#configure();
      if (calls.bind(this.descriptor, name, name.length) === -1) throw systemError(calls, 'bind', printEndpoint(endpoint));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(name.length);
      if (calls.getsockname(this.descriptor, name, length) === -1) throw systemError(calls, 'getsockname', printEndpoint(endpoint));
      this.endpoint = { host: endpoint.host, port: name.readUInt16BE(portOffset) };
    } catch (error) {
      calls.close(this.descriptor);
      throw error;
    }
  }

  #configure(): void {
    this.#set(SOL_SOCKET, SO_RCVBUF, receiveBuffer);
    this.#set(SOL_SOCKET, SO_SNDTIMEO, 0, 0, sendTimeout, 0);
    if (this.#options.shared) this.#set(SOL_SOCKET, SO_REUSEPORT, 1);
    if (this.#isIpv6) {
      this.#set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
      this.#set(IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_PROBE);
      if (this.#isWildcard) this.#set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    } else {
      this.#set(IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_PROBE);
      if (this.#isWildcard) this.#set(IPPROTO_IP, IP_PKTINFO, 1);
    }
  }

  #set(level: number, option: number, ...value: number[]): void {
    const octets = Buffer.from(Int32Array.from(value).buffer);
    if (this.#calls.setsockopt(this.descriptor, level, option, octets, octets.length) === -1) {
      throw systemError(this.#calls, 'setsockopt', `${level} ${option}`);
    }
  }

  /** Answers the queries that have come, at most one batch of them; never waits for one. */
  serve(): void {
    const memory = this.#memory;
    const count = this.#calls.recvmmsg(this.descriptor, memory.queryHeadersAddress, batchSize, MSG_DONTWAIT, 0);
    if (count <= 0) {
      if (ourFault.has(this.#calls.errno())) throw systemError(this.#calls, 'recvmmsg', printEndpoint(this.endpoint));
      return;
    }
    this.#exchange.receivedAt = this.#options.clock.now();
    let replies = 0;
    for (let slot = 0; slot < count; slot++) {
      const length = this.#answer(slot, memory.replyAt(replies));
      if (length > 0) memory.addressReply(replies++, slot, length);
    }
    this.#send(replies);
    memory.rearm(count);
  }

  /** Writes the reply to the query in `slot`; returns its length, 0 where none is due. */
  #answer(slot: number, replyAt: number): number {
    const memory = this.#memory;
    const exchange = this.#exchange;
    const { octets } = memory;
    const name = memory.nameAt(slot);
    const port = (octets[name + portOffset]! << 8) | octets[name + portOffset + 1]!;
    const length = memory.queryLength(slot);
    if (port === 0 || length > longestQuery || (port === this.endpoint.port && this.#isFromOurselves(slot))) {
      this.#options.counters.count('datagramsDropped');
      return 0;
    }
    exchange.start = memory.queryAt(slot);
    exchange.end = exchange.start + length;
    exchange.replyStart = replyAt;
    if (this.#isIpv6) exchange.peerStart = name + ipv6Offset;
    else for (let i = 0; i < 4; i++) exchange.peer[12 + i] = octets[name + ipv4Offset + i]!;
    exchange.peerPort = port;
    if (this.#isWildcard) this.#clearInterface(slot);
    return this.#options.responder.respond(exchange);
  }

  #isFromOurselves(slot: number): boolean {
    const { octets } = this.#memory;
    const { length } = this.#ownAddress;
    const peer = this.#memory.nameAt(slot) + (this.#isIpv6 ? ipv6Offset : ipv4Offset);
    if (!this.#isWildcard) return octets.compare(this.#ownAddress, 0, length, peer, peer + length) === 0;
    const asked = this.#memory.controlAt(slot) + (this.#isIpv6 ? ipv6AskedOffset : ipv4AskedOffset);
    return octets.compare(octets, asked, asked + length, peer, peer + length) === 0;
  }

  /** Lets the reply leave by whichever interface the route says; a link-local address means nothing without its own. */
  #clearInterface(slot: number): void {
    const { octets } = this.#memory;
    const control = this.#memory.controlAt(slot);
    if (!this.#isIpv6) octets.writeUInt32LE(0, control + ipv4InterfaceOffset);
    else if (octets.readUInt16BE(control + ipv6AskedOffset) >> 6 !== linkLocalBits) octets.writeUInt32LE(0, control + ipv6InterfaceOffset);
  }

  #send(count: number): void {
    const headers = this.#memory.replyHeadersAddress;
    for (let sent = 0; sent < count; ) {
      const done = this.#calls.sendmmsg(this.descriptor, headers + sent * headerLength, count - sent, 0);
      if (done > 0) {
        sent += done;
        continue;
      }
      const errno = this.#calls.errno();
      if (errno === EINTR) continue;
      // One reply that the system refuses is lost alone; when it has no room, the rest of the batch is.
      const lost = errno === EAGAIN ? count - sent : 1;
      for (let i = 0; i < lost; i++) this.#options.counters.count('sendsFailed');
      sent += lost;
    }
  }
}

/** Errors of receiving that do not pass by themselves. */
const ourFault: ReadonlySet<number> = new Set([EBADF, EFAULT, EINVAL, ENOTSOCK]);

// In a control message, after its header of 16 octets: struct in_pktinfo (interface, the address that a reply leaves
// from, the address asked) and struct in6_pktinfo (address, interface).
const ipv4InterfaceOffset = 16;
const ipv4AskedOffset = 24;
const ipv6AskedOffset = 16;
const ipv6InterfaceOffset = 32;
/** The first ten bits of fe80::/10. */
const linkLocalBits = 0xfe80 >> 6;
