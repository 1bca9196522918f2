/** TLS: who shows which certificate may do what, and a new certificate of the server takes no restart. */
import { request, type RequestOptions } from 'node:https';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grantCertificate } from '../../src/http/tokens.ts';
import { type Authority, createAuthority, type KeyPair } from '../support/certificates.ts';
import { toolsMissing } from '../support/tools.ts';
import { type Harness, startHarness } from './harness.ts';

const passedOver = toolsMissing('openssl');
let authority: Authority;
let directory: string;
let harness: Harness;
let port: number;
const path = (name: string) => join(directory, name);

beforeAll(async () => {
  if (passedOver) return;
  authority = await createAuthority();
  directory = await mkdtemp(join(tmpdir(), 'signpost-tls-'));
  await writeFile(path('ca.pem'), authority.cert);
  await install(await authority.issue(['IP:127.0.0.1', 'DNS:first.example.net']));
  harness = await startHarness({
    settings: { tls: { cert: path('cert.pem'), key: path('key.pem'), clientCa: path('ca.pem') } },
    prepare: async (tokens) => {
      await grantCertificate(tokens, 'URI:spiffe://example.net/web', { id: 'web', scopes: { services: ['web'] } });
      await grantCertificate(tokens, 'DNS:api.example.net', { id: 'api', scopes: { services: ['api'] } });
    },
  });
  const [address] = await harness.server.listen();
  port = Number(address!.split(':').at(-1));
});
afterAll(async () => {
  if (passedOver) return;
  await harness[Symbol.asyncDispose]();
  await authority[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function install({ key, cert }: KeyPair): Promise<void> {
  await writeFile(path('key.pem'), key);
  await writeFile(path('cert.pem'), cert);
}

/** The status of a request, and the names in the server's certificate. */
function call(method: string, service: string | null, client: Partial<KeyPair> = {}, more: RequestOptions = {}) {
  const body = service === null ? '' : JSON.stringify({ address: '10.0.0.7', port: 80 });
  const options: RequestOptions = {
    host: '127.0.0.1',
    port,
    method,
    ca: authority.cert,
    agent: false,
    path: service === null ? '/v1/services' : `/v1/services/${service}/instances/a`,
    headers: body === '' ? {} : { 'content-type': 'application/json', 'content-length': body.length },
    ...client,
    ...more,
  };
  return new Promise<{ status: number; names: string | undefined }>((resolve, reject) => {
    const sent = request(options, (response) => {
      const names =
        response.socket instanceof TLSSocket ? response.socket.getPeerCertificate().subjectaltname : undefined;
      response.resume().on('end', () => resolve({ status: response.statusCode!, names }));
    });
    sent.on('error', reject).end(body);
  });
}

describe('over TLS', () => {
  it('whoever has a certificate with a grant may do what it says', async () => {
    if (passedOver) return;
    const web = await authority.issue(['URI:spiffe://example.net/web']);
    expect((await call('PUT', 'web', web)).status).toBe(201);
    expect((await call('PUT', 'api', web)).status).toBe(403);
    expect(harness.registry.instance('svc.internal', 'web', 'a')?.registeredBy).toBe('web');
  });

  it('any name of the certificate may have the grant', async () => {
    if (passedOver) return;
    const api = await authority.issue(['DNS:other.example.net', 'DNS:api.example.net']);
    expect((await call('PUT', 'api', api)).status).toBe(201);
  });

  it('a certificate without a grant, or none at all, may read only', async () => {
    if (passedOver) return;
    const other = await authority.issue(['DNS:other.example.net']);
    for (const client of [other, {}]) {
      expect((await call('PUT', 'web', client)).status).toBe(401);
      expect((await call('GET', null, client)).status).toBe(200);
    }
  });

  it('a name that holds what looks like another gives no grant', async () => {
    if (passedOver) return;
    const sly = await authority.issue(['URI:http://x/\\,DNS:api.example.net\\,y']).catch(() => null);
    if (sly !== null) expect((await call('PUT', 'api', sly)).status).toBe(401);
  });

  it('a certificate of another authority, or one that is over, is hung up on', async () => {
    if (passedOver) return;
    await using stranger = await createAuthority();
    for (const client of [
      await stranger.issue(['URI:spiffe://example.net/web']),
      await authority.issue(['URI:spiffe://example.net/web'], -1),
    ]) {
      await expect(call('GET', null, client)).rejects.toThrow();
      await expect(call('PUT', 'web', client)).rejects.toThrow();
    }
  });

  it('older protocols than 1.2 are not spoken', async () => {
    if (passedOver) return;
    await expect(call('GET', null, {}, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow();
  });

  it('a new certificate is taken while handshakes go on, and half of one is not', async () => {
    if (passedOver) return;
    expect((await call('GET', null)).names).toContain('first.example.net');
    const second = await authority.issue(['IP:127.0.0.1', 'DNS:second.example.net']);
    await writeFile(path('key.pem'), second.key);
    await harness.clock.pass(5000);
    await expect.poll(() => harness.log.join('')).toContain('cannot be used yet');
    expect((await call('GET', null)).names).toContain('first.example.net');
    await writeFile(path('cert.pem'), second.cert);
    let names: string | undefined;
    for (let n = 0; n < 100; n++) {
      if (n % 10 === 5) await harness.clock.pass(5000);
      ({ names } = await call('GET', null));
    }
    expect(names).toContain('second.example.net');
  });
});
