/** Why there is no connection to an etcd server: gRPC keeps to itself which certificate was not believed. */
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectSecured } from 'node:tls';
import { type EtcdSettings, securityOf } from './servers.ts';

/** What stands in the way, an endpoint a line; empty where nothing is found. */
export async function obstaclesTo(settings: EtcdSettings): Promise<string> {
  const found = settings.endpoints.map(async (endpoint) => {
    const obstacle = await obstacleTo(endpoint, settings);
    return obstacle === null ? [] : [`${endpoint}: ${obstacle}`];
  });
  return (await Promise.all(found)).flat().join('\n');
}

async function obstacleTo(endpoint: string, settings: EtcdSettings): Promise<string | null> {
  const { protocol, hostname, port } = new URL(endpoint);
  const host = hostname.replace(/^\[|\]$/g, '');
  const isSecured = protocol === 'https:';
  const where = { host, port: Number(port || (isSecured ? 443 : 80)) };
  const { rootCertificate, privateKey, certChain } = securityOf(settings.tls);
  const socket: Socket = isSecured
    ? connectSecured({
      ...where, servername: host, ALPNProtocols: ['h2'],
      ...(rootCertificate === null ? {} : { ca: rootCertificate }),
      ...(privateKey === null ? {} : { key: privateKey, cert: certChain! }),
    })
    : connectPlain(where);
  try {
    // A server that believes nothing of our certificate says so only after the handshake; one that does speaks first.
    await once(socket, isSecured ? 'data' : 'connect', { signal: AbortSignal.timeout(patience) });
    return null;
  } catch (error) {
    const { name, message, code = '', reason } = error as Error & { readonly code?: string; readonly reason?: string };
    if (name === 'AbortError') return 'it does not answer';
    return code.includes('SSL_') && code.includes('_ALERT_') ? `it does not take our certificate: ${reason}` : message;
  } finally {
    socket.on('error', () => undefined).destroy();
  }
}

/** Milliseconds. */
const patience = 1000;
