/**
 * The checks `http` and `https`: GET, judged by the status code alone. Redirects are not followed, since they would
 * lead the server wherever an instance likes; the body is not read. A certificate is not verified: it names a service,
 * and here an address is asked whether it lives.
 */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { HttpCheck } from '../registry/check.ts';
import { type Outcome, type Probe, printTarget } from './probe.ts';

export const probeHttp: Probe<HttpCheck> = (target, { type, path }, signal) =>
  new Promise((resolve, reject) => {
    const options = {
      host: target.address,
      port: target.port,
      path,
      signal,
      agent: false,
      maxHeaderSize: 8 * 1024,
      headers: { host: printTarget(target), 'user-agent': 'signpost-check', connection: 'close' },
      rejectUnauthorized: false,
    };
    const request = (type === 'https' ? requestHttps : requestHttp)(options, (response) => {
      resolve(outcomeOf(response.statusCode ?? 0));
      response.destroy();
    });
    // A socket that changes protocol is no longer the request's, and only who takes it over can end it.
    request.on('upgrade', (_, socket) => socket.destroy());
    request.on('error', reject);
    request.on('close', () => reject(new Error('found the end of the connection, wanted a response')));
    request.end();
  });

/** 2xx passes, 429 (too many requests) warns, all else fails. */
function outcomeOf(status: number): Outcome {
  if (status >= 200 && status <= 299) return 'passing';
  return status === 429 ? 'warning' : 'critical';
}
