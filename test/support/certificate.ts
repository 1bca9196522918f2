/** Certificates for tests, made by openssl when they are needed; no key is kept. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from './tools.ts';

export interface Certificate {
  readonly key: string;
  /** PEM; also what a client must be given as `ca`. */
  readonly cert: string;
}

/** Makes a self-signed certificate for `names`. */
export async function makeCertificate(...names: readonly string[]): Promise<Certificate> {
  const directory = await mkdtemp(join(tmpdir(), 'signpost-cert-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  try {
    const san = names.map((name) => `DNS:${name}`).join(',');
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    await runTool('openssl', ['req', ...kind, '-subj', '/CN=signpost test', '-addext', `subjectAltName=${san}`, '-keyout', key, '-out', cert]);
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  } finally {
    await rm(directory, { recursive: true });
  }
}
