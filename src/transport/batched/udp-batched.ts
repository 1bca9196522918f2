/** UDP by batched system calls; opens only where they are known to work. */
import type { Endpoint } from '../../runtime/endpoint.ts';
import type { Listener } from '../listener.ts';
import type { UdpOptions, UdpTransport } from '../udp.ts';
import { DatagramSocket } from './datagram-socket.ts';
import { loadSystemCalls, type SystemCalls } from './libc.ts';
import { testSystemCalls } from './self-test.ts';
import { ServingLoop } from './serving-loop.ts';

/** Rejects, with the reason, on a system where batched I/O is not there or does not do what it should. */
export async function openBatchedUdp(options: UdpOptions): Promise<UdpTransport> {
  const calls = await loadSystemCalls();
  testSystemCalls(calls);
  return new BatchedUdp(calls, options);
}

class BatchedUdp implements UdpTransport {
  readonly io = 'batched';
  readonly #calls: SystemCalls;
  readonly #options: UdpOptions;
  readonly #loop: ServingLoop;
  #sockets: readonly DatagramSocket[] = [];

  constructor(calls: SystemCalls, options: UdpOptions) {
    this.#calls = calls;
    this.#options = options;
    this.#loop = new ServingLoop(calls, options.agenda);
  }

  get descriptors(): readonly number[] {
    return this.#sockets.map(({ descriptor }) => descriptor);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- a promise, so that errors come as with other transports
  async listen(endpoint: Endpoint): Promise<Listener> {
    const socket = new DatagramSocket(this.#calls, this.#options, endpoint);
    this.#serve([...this.#sockets, socket]);
    return { endpoint: socket.endpoint, close: () => this.#close([socket]) };
  }

  close(): Promise<void> {
    return this.#close(this.#sockets);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the interface's other implementation has to wait
  async #close(closing: readonly DatagramSocket[]): Promise<void> {
    const open = closing.filter((socket) => this.#sockets.includes(socket));
    this.#serve(this.#sockets.filter((socket) => !open.includes(socket)));
    for (const { descriptor } of open) this.#calls.close(descriptor);
  }

  #serve(sockets: readonly DatagramSocket[]): void {
    this.#sockets = sockets;
    this.#loop.serve(sockets);
  }
}
