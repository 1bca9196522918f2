/** Certificates for tests, made by openssl in a directory of their own; see `toolsMissing`. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from './tools.ts';

/** PEM texts. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

export interface Authority {
  readonly cert: string;
  /**
   * Makes a certificate for these subject alternative names, `DNS:...`, `IP:...` or `URI:...`; one that is over with
   * `days` -1.
   */
  issue(names: readonly string[], days?: number): Promise<KeyPair>;
  /** Removes what it made on disk. */
  [Symbol.asyncDispose](): Promise<void>;
}

export async function createAuthority(): Promise<Authority> {
  const directory = await mkdtemp(join(tmpdir(), 'signpost-ca-'));
  const path = (name: string): string => join(directory, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const extensions = ['-addext', 'basicConstraints=critical,CA:true'];
  await runTool('openssl', [
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    path('ca.key'),
    '-out',
    path('ca.pem'),
    '-subj',
    '/CN=test authority',
    '-days',
    '30',
    ...extensions,
  ]);
  let issued = 0;
  return {
    cert: await readFile(path('ca.pem'), 'utf8'),
    async issue(names, days = 30) {
      const [key, request, cert, extension] = ['key', 'csr', 'pem', 'ext'].map((ending) =>
        path(`${++issued}.${ending}`),
      ) as [string, string, string, string];
      await writeFile(extension, `subjectAltName=${names.join(',')}\n`);
      await runTool('openssl', ['req', '-new', ...newKey, '-keyout', key, '-out', request, '-subj', '/CN=test']);
      await runTool('openssl', [
        'x509',
        '-req',
        '-in',
        request,
        '-CA',
        path('ca.pem'),
        '-CAkey',
        path('ca.key'),
        '-set_serial',
        String(issued),
        '-days',
        String(days),
        '-extfile',
        extension,
        '-out',
        cert,
      ]);
      return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
