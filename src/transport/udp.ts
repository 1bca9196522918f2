/**
 * UDP (RFC 1035 section 4.2.1). Two implementations with one behaviour: batched system calls on Linux, node:dgram
 * everywhere. Both drop unanswered what could only be an attack or a mistake: a datagram from source port 0, one that
 * comes from the very address and port it was sent to, and one longer than any query.
 */
import type { Respond } from '../responder/exchange.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Agenda } from './agenda.ts';
import type { TransportCounters } from './counters.ts';
import type { Transport } from './listener.ts';

export interface UdpTransport extends Transport {
  readonly io: 'batched' | 'portable';
  /** Answers no more, and frees all ports. */
  close(): Promise<void>;
  /** Descriptors that nothing closes when this thread dies; whoever started the thread has to. */
  readonly descriptors: readonly number[];
}

export interface UdpOptions {
  readonly responder: Respond;
  readonly counters: TransportCounters;
  readonly clock: Clock;
  readonly agenda: Agenda;
  /** True when several threads answer at the same endpoint, each with a socket of its own. Only batched I/O can. */
  readonly shared: boolean;
}

/** A query longer than this, in octets, is dropped: no question with all the options there are comes near. */
export const longestQuery = 4096;
/** Room for a reply in octets; the responder keeps to the size that the client takes. */
export const replyRoom = 4096;
/** Octets of queries that the kernel is to hold while we are busy; it grants less where its own limit is lower. */
export const receiveBuffer = 4 * 1024 * 1024;
