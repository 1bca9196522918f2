/** What TCP clients may take of us (RFC 7766 section 6.2, RFC 9210 section 4). */
import { readFileSync } from 'node:fs';

export interface TcpLimits {
  /** Connections at once. */
  readonly connections: number;
  /** Connections at once of one client: an IPv4 address, or an IPv6 network of 64 bits. */
  readonly perClient: number;
  /** Seconds without a query after which a connection is closed; a twentieth of it when nearly all connections are taken. */
  readonly idle: number;
  /** Seconds that a query may take from its first octet to its last. */
  readonly message: number;
  /** Seconds that a client may let replies wait without reading one. */
  readonly write: number;
  /** Queries of one connection, after which it is closed. */
  readonly queries: number;
}

export const defaultTcpLimits: TcpLimits = { connections: 1024, perClient: 32, idle: 10, message: 2, write: 5, queries: 128 };

/** Half of the descriptors that the process may open; the other half is for files, HTTP, and what libraries need. */
export function mostConnections(): number {
  let limits = '';
  try {
    limits = readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // Another system than Linux; Node has raised its limit as far as it can.
  }
  const soft = /^Max open files\s+(\d+)/m.exec(limits);
  return soft === null ? Infinity : Math.floor(Number(soft[1]) / 2);
}
