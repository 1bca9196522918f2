/** `signpost token`: makes, lists and revokes the grants in the data directory; a running server follows. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { grantsFile } from '../config/data.ts';
import type { Grant, Scopes } from '../http/tokens.ts';
import { type Arguments, defineCommand, type Terminal } from './command.ts';
import { dataDirectory, dataOptions } from './data-directory.ts';
import { exitCodes, UsageError } from './failure.ts';
import { printTable } from './table.ts';

// Loaded only when it is needed: it takes longer to load than most commands to run.
const loadGrants = () => import('../http/tokens.ts');

const options = {
  'service': { value: 'S', repeat: true, meaning: 'Service it may act on, * for any ending; all when left out.' },
  'zone': { value: 'Z', repeat: true, meaning: 'Service zone it may act on; all when left out.' },
  'address': { value: 'NET', repeat: true, meaning: 'Network that the addresses it registers must lie in.' },
  'operation': { value: 'OP', repeat: true, meaning: 'read, write or admin; read and write when left out.' },
  'certificate': { value: 'SAN', meaning: 'No token: holders of a certificate for DNS:... or URI:....' },
  'id': { value: 'I', meaning: 'Name of the holder in logs; a random one when left out.' },
  'comment': { value: 'TEXT', meaning: 'For those who read the list.' },
  'json': { meaning: 'Print the list as JSON.' },
  ...dataOptions,
} as const;

export const token = defineCommand({
  name: 'token',
  usage: 'create [--service S]... [--address NET]... | list | revoke ID',
  summary: 'Make, list and revoke tokens. A new token is printed once and kept only as its SHA-256.',
  options,
  example: "signpost token create --service web --service 'api-*' --address 10.0.0.0/8",
  positionals: [1, 2],
  async run(args, terminal) {
    const file = grantsFile(await dataDirectory(args.values, terminal));
    const [action, id] = args.positionals;
    if (action === 'create' && id === undefined) return create(file, args, terminal);
    if (action === 'list' && id === undefined) return list(file, args, terminal);
    if (action === 'revoke' && id !== undefined) return revoke(file, id, terminal);
    throw new UsageError(`wanted create, list or revoke ID, found ${args.positionals.join(' ')}`);
  },
});

type TokenArguments = Arguments<typeof options>;

async function create(file: string, { values }: TokenArguments, { stdout, stderr }: Terminal): Promise<number> {
  const { createToken, grantCertificate } = await loadGrants();
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const scopes: Scopes = {
    services: [...(values.service ?? ['*'])],
    ...(values.zone && { zones: [...values.zone] }),
    ...(values.address && { addresses: [...values.address] }),
    ...(values.operation && { operations: values.operation.map(readOperation) }),
  };
  const grant = {
    scopes,
    ...(values.id !== undefined && { id: values.id }),
    ...(values.comment !== undefined && { comment: values.comment }),
  };
  if (values.certificate !== undefined) {
    const { id } = await grantCertificate(file, values.certificate, grant);
    stdout.write(`${id}\n`);
    return exitCodes.success;
  }
  const { id, token: secret } = await createToken(file, grant);
  stdout.write(`${secret}\n`);
  stderr.write(`This is the token of ${id}. It cannot be shown again; commands take it from SIGNPOST_TOKEN.\n`);
  return exitCodes.success;
}

async function list(file: string, { values }: TokenArguments, { stdout }: Terminal): Promise<number> {
  const grants = await (await loadGrants()).listGrants(file);
  stdout.write(values.json ? `${JSON.stringify(grants)}\n` : printGrants(grants));
  return exitCodes.success;
}

async function revoke(file: string, id: string, { stdout }: Terminal): Promise<number> {
  const revoked = await (await loadGrants()).revokeGrants(file, id);
  if (revoked === 0) throw new Error(`no token has the id ${id} (signpost token list shows all)`);
  stdout.write(`${id} revoked\n`);
  return exitCodes.success;
}

function printGrants(grants: readonly Grant[]): string {
  const rows = grants.map(({ id, certificate, scopes, created, comment }) => [
    id,
    certificate ?? 'token',
    scopes.services.join(','),
    scopes.zones?.join(',') ?? 'all',
    scopes.addresses?.join(',') ?? 'any',
    scopes.operations?.join(',') ?? 'read,write',
    created,
    comment,
  ]);
  return printTable(['ID', 'HOLDER', 'SERVICES', 'ZONES', 'ADDRESSES', 'OPERATIONS', 'CREATED', 'COMMENT'], rows);
}

function readOperation(word: string): NonNullable<Scopes['operations']>[number] {
  if (word === 'read' || word === 'write' || word === 'admin') return word;
  throw new UsageError(`--operation wants read, write or admin, found ${word}`);
}
