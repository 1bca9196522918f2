/** Looks whether a program on this machine does what it should: takes connections, or answers HTTP. */
import { connect } from 'node:net';
import { joinAuthority } from '../client/server-address.ts';

/** `tcp`: a connection can be made. `http`: a GET of `path` is answered with a status from 200 to 399. */
export type Probe = { readonly kind: 'tcp' } | { readonly kind: 'http'; readonly path: string };

/** Reads `tcp` or `http:/path`; null for anything else. */
export function readProbe(text: string): Probe | null {
  if (text === 'tcp') return { kind: 'tcp' };
  return /^http:\/[!-~]*$/.test(text) ? { kind: 'http', path: text.slice('http:'.length) } : null;
}

/** Runs a probe at `host` and `port`; false when it fails or takes longer than `timeoutMs`. */
export async function runProbe(probe: Probe, host: string, port: number, timeoutMs: number): Promise<boolean> {
  return probe.kind === 'tcp'
    ? canConnect(host, port, timeoutMs)
    : answers(`http://${joinAuthority(host, port)}${probe.path}`, timeoutMs);
}

function canConnect(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.on('connect', () => end(true));
    socket.on('timeout', () => end(false));
    socket.on('error', () => end(false));
  });
}

async function answers(url: string, timeoutMs: number): Promise<boolean> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    await response.body?.cancel();
    return response.status >= 200 && response.status < 400;
  } catch {
    return false;
  }
}
