/**
 * Serves sockets that Node does not know of, in a thread whose event loop lives on beside them. One poll(2) waits for the
 * sockets and for libuv's own descriptor together, so the thread sleeps when there is nothing to do, wakes at once
 * for a datagram, a message from another thread, or a TCP connection, and under load spends no more system calls on a
 * batch than poll, recvmmsg and sendmmsg. (A turn of the event loop for each batch costs several times the poll.)
 */
import type { Agenda } from '../agenda.ts';
import type { DatagramSocket } from './datagram-socket.ts';
import { POLLIN, type SystemCalls } from './libc.ts';

/** Under load the event loop, and the timers in it, get a turn this often; in milliseconds. */
const longestTurn = 5;
/** Timers are late by up to this when nothing else happens, and a thread dies this late when told to; in milliseconds. */
const longestSleep = 500;

/** struct pollfd: descriptor 0, events 4, revents 6. */
const entryLength = 8;

export class ServingLoop {
  readonly #calls: SystemCalls;
  readonly #agenda: Agenda;
  #sockets: readonly DatagramSocket[] = [];
  #entries = new Int16Array();
  #entriesAddress = 0;
  #eventsSeen = -1;
  #next: NodeJS.Immediate | undefined;

  constructor(calls: SystemCalls, agenda: Agenda) {
    this.#calls = calls;
    this.#agenda = agenda;
  }

  /** Serves these sockets from now on; none: stops, and keeps the process alive no longer. */
  serve(sockets: readonly DatagramSocket[]): void {
    const descriptors = [this.#calls.eventLoopDescriptor(), ...sockets.map(({ descriptor }) => descriptor)];
    const memory = new ArrayBuffer(descriptors.length * entryLength);
    const view = new DataView(memory);
    for (const [index, descriptor] of descriptors.entries()) {
      view.setInt32(index * entryLength, descriptor, true);
      view.setInt16(index * entryLength + 4, POLLIN, true);
    }
    this.#sockets = sockets;
    this.#entries = new Int16Array(memory);
    this.#entriesAddress = this.#calls.addressOf(memory);
    clearImmediate(this.#next);
    if (sockets.length > 0) this.#next = setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    // libuv tells the kernel of a new descriptor only in its next turn. So sleep only after a turn in which nothing
    // happened that could have made one, and nothing is put off; else look, serve, and give libuv another turn.
    const { events } = performance.nodeTiming.uvMetricsInfo;
    const timeout = events === this.#eventsSeen && this.#agenda.isEmpty ? longestSleep : 0;
    this.#eventsSeen = events;
    const end = performance.now() + longestTurn;
    do {
      if (this.#calls.poll(this.#entriesAddress, this.#entries.length / 4, timeout) <= 0) break;
      for (let index = 0; index < this.#sockets.length; index++) {
        if (this.#entries[(index + 1) * 4 + 3] !== 0) this.#sockets[index]!.serve();
      }
    } while (this.#entries[3] === 0 && performance.now() < end);
    this.#next = setImmediate(this.#turn);
  };
}
