/** `createAgent`, `createHttpsAgent`: agents of node:http and node:https, and so for axios, got and node-fetch. */
import { Agent as HttpAgent, type AgentOptions as HttpAgentOptions, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions, type RequestOptions } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Pick } from '../target.ts';
import { connectAttempts, connectService, connectTimeoutMs, type Open } from './connect.ts';
import { Router, type RouteOptions } from './router.ts';

interface SocketOptions extends RouteOptions {
  /** Milliseconds for one target, TLS included; 3000. */
  readonly connectTimeoutMs?: number;
  /** How many targets are tried for one connection; 3. */
  readonly attempts?: number;
  /**
   * Milliseconds after which a socket is used no more, a fifth more or less; 60,000. A target is picked for a socket
   * and not for a request, so this is how long a change of weights takes at most.
   */
  readonly maxSocketAgeMs?: number;
}

export interface AgentOptions extends SocketOptions {
  /** Options of http.Agent; `keepAlive` is true and `scheduling` is `fifo` unless set. */
  readonly agent?: HttpAgentOptions;
}

export interface TlsAgentOptions extends SocketOptions {
  /** Options of https.Agent; `keepAlive` is true and `scheduling` is `fifo` unless set. */
  readonly agent?: HttpsAgentOptions;
}

/** Makes an agent for `http:` requests. `destroy()` closes its sockets and ends the watch of its services. */
export function createAgent(options: AgentOptions = {}): HttpAgent {
  return new SrvHttpAgent(options);
}

/** Makes an agent for `https:` requests; certificates are verified for `tlsName`. Otherwise like `createAgent`. */
export function createHttpsAgent(options: TlsAgentOptions = {}): HttpsAgent {
  return new SrvHttpsAgent(options);
}

const agentDefaults = { keepAlive: true, scheduling: 'fifo' } as const;

type OnSocket = (error: Error | null, socket?: Duplex) => void;

class SrvHttpAgent extends HttpAgent {
  readonly #sockets: ServiceSockets;

  constructor(options: AgentOptions) {
    super({ ...agentDefaults, ...options.agent });
    this.#sockets = new ServiceSockets(this, options);
  }

  /** Called by node:http for each socket that it needs; a socket is returned, or given to the callback later. */
  override createConnection(options: ClientRequestArgs, callback: OnSocket): Duplex | undefined {
    const service = this.#sockets.router.find(options.host ?? '');
    if (service === null) return connect(options as never);
    this.#sockets.open(
      service,
      (pick, lookup) => connect({ ...options, host: pick.host, port: pick.port, lookup } as never),
      'connect',
      callback,
    );
    return undefined;
  }

  override destroy(): void {
    this.#sockets.router.close();
    super.destroy();
  }
}

class SrvHttpsAgent extends HttpsAgent {
  readonly #sockets: ServiceSockets;

  constructor(options: TlsAgentOptions) {
    super({ ...agentDefaults, ...options.agent });
    this.#sockets = new ServiceSockets(this, options);
  }

  override createConnection(options: RequestOptions, callback: OnSocket): Duplex | null | undefined {
    const host = options.host ?? '';
    const service = this.#sockets.router.find(host);
    if (service === null) return super.createConnection(options, callback);
    // Node has set it from the Host header where the caller set none.
    const own = options.servername === host ? undefined : options.servername;
    const open: Open = (pick, lookup) => {
      const servername = own ?? this.#sockets.router.tlsName(host, pick.target);
      return super.createConnection({ ...options, host: pick.host, port: pick.port, servername, lookup }) as Socket;
    };
    this.#sockets.open(service, open, 'secureConnect', callback);
    return undefined;
  }

  override destroy(): void {
    this.#sockets.router.close();
    super.destroy();
  }
}

/**
 * The sockets of one agent that lead to targets of services: opened by pick, ended when the target leaves or they are
 * old.
 */
class ServiceSockets {
  readonly router: Router;
  readonly #agent: HttpAgent;
  readonly #options: SocketOptions;
  readonly #picks = new WeakMap<Duplex, { readonly pick: Pick; readonly oldAt: number }>();

  constructor(agent: HttpAgent, options: SocketOptions) {
    this.#agent = agent;
    this.#options = options;
    this.router = new Router(options, () => this.#closeIdle());
  }

  open(
    service: NonNullable<ReturnType<Router['find']>>,
    open: Open,
    event: 'connect' | 'secureConnect',
    callback: OnSocket,
  ): void {
    const options = {
      timeoutMs: this.#options.connectTimeoutMs ?? connectTimeoutMs,
      attempts: this.#options.attempts ?? connectAttempts,
      event,
    };
    connectService(service, open, options).then(
      ({ socket, pick }) => {
        const maxAge = (this.#options.maxSocketAgeMs ?? 60_000) * (0.8 + 0.4 * Math.random());
        this.#picks.set(socket, { pick, oldAt: performance.now() + maxAge });
        // Runs before the agent hands the socket to the next request.
        socket.on('free', () => {
          if (!this.#mayReuse(socket)) socket.destroy();
        });
        callback(null, socket);
      },
      (error: unknown) => callback(error as Error),
    );
  }

  #mayReuse(socket: Duplex): boolean {
    const known = this.#picks.get(socket);
    return known === undefined || (known.pick.target.state === 'ok' && performance.now() < known.oldAt);
  }

  #closeIdle(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) {
      for (const socket of sockets ?? []) if (!this.#mayReuse(socket)) socket.destroy();
    }
  }
}
