/**
 * Ends connections to etcd on which nothing ever came. gRPC waits for the first octets of the other end without limit,
 * and where a call turns to a new connection meanwhile, it leaves the old one open: a host that takes connections and
 * is silent, because its process hangs, would cost one more every second.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { Clock } from '../../runtime/clock.ts';

/** Watches over the connections that this process makes to ports of the endpoints, until what it returns is called. */
export function endSilentConnections(endpoints: readonly string[], clock: Clock): () => void {
  const ports = new Set(endpoints.map(portOf));
  const watchOver = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    socket.once('connect', () => {
      if (!ports.has(socket.remotePort)) return;
      const timer = clock.after(patience, () => {
        if (socket.bytesRead === 0) socket.destroy(new Error(`nothing came within ${patience / 1000} s`));
      });
      socket.once('close', () => timer.cancel());
    });
  };
  subscribe('net.client.socket', watchOver);
  return () => unsubscribe('net.client.socket', watchOver);
}

function portOf(endpoint: string): number | undefined {
  const { port, protocol } = new URL(endpoint);
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** Milliseconds; several times what a slow network takes. */
const patience = 10_000;
