/** What listens: a UDP or TCP transport at one or many endpoints, with the same free port for both where 0 is asked for. */
import type { Endpoint } from '../runtime/endpoint.ts';

/** Sockets that are open at one endpoint. */
export interface Listener {
  /** Where it listens; the port is a real one. */
  readonly endpoint: Endpoint;
  /** Takes nothing more and frees the port; what is open stays open. */
  close(): Promise<void>;
}

export interface Transport {
  /** Rejects with the system's error, its `code` such as EADDRINUSE. */
  listen(endpoint: Endpoint): Promise<Listener>;
}

const portAttempts = 32;

/** Listens at `endpoint` with every transport, or rejects and listens with none. Port 0 becomes a port that is free for all of them. */
export async function listenTogether(transports: readonly Transport[], endpoint: Endpoint): Promise<Endpoint> {
  for (let attempt = 1; ; attempt++) {
    const listeners: Listener[] = [];
    try {
      let chosen = endpoint;
      for (const transport of transports) {
        const listener = await transport.listen(chosen);
        listeners.push(listener);
        chosen = listener.endpoint;
      }
      return chosen;
    } catch (error) {
      for (const listener of listeners) await listener.close();
      // The port that was free for the first transport is taken for another one: try the next free one.
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!isTaken || endpoint.port !== 0 || attempt === portAttempts) throw error;
    }
  }
}
