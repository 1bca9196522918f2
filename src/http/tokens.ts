/**
 * Grants: who may do what. A grant belongs to the holder of a bearer token (of which only the SHA-256 is kept) or of a
 * client certificate. They stand in one file, `tokens.json` in the data directory, which the commands write with these
 * functions; a running server follows it (grants.ts).
 */
import { createHash, randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { networkOf } from './address.ts';

export const operations = ['read', 'write', 'admin'] as const;
export type GrantedOperation = (typeof operations)[number];

const scopesSchema = Type.Object(
  {
    /** Service names; a final `*` stands for any ending. */
    services: Type.Array(Type.String({ pattern: '^([a-z0-9-]{0,63}\\*|[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$' })),
    /** Service zones; absent: all. */
    zones: Type.Optional(Type.Array(Type.String())),
    /** Networks (CIDR) that registered addresses must lie in; absent: any. */
    addresses: Type.Optional(Type.Array(Type.String())),
    /** Absent: read and write. `admin` may do everything, also to instances of others. */
    operations: Type.Optional(Type.Array(Type.Unsafe<GrantedOperation>({ type: 'string', enum: operations }))),
  },
  { additionalProperties: false },
);

const grantSchema = Type.Object(
  {
    /** Name of the holder, as logs and `registeredBy` show it. Grants may share one: an old and a new token, say. */
    id: Type.String({ pattern: '^[A-Za-z0-9._@:/-]{1,128}$' }),
    /** SHA-256 of the token, in hexadecimal. */
    sha256: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
    /** Subject alternative name of the holder's certificate: `DNS:web.example.net`, `URI:spiffe://example.net/web`. */
    certificate: Type.Optional(Type.String({ pattern: '^(DNS|URI):.{1,255}$' })),
    scopes: scopesSchema,
    /** ISO 8601. */
    created: Type.String(),
    comment: Type.String(),
  },
  { additionalProperties: false },
);

const fileSchema = Type.Array(grantSchema);

export type Scopes = Static<typeof scopesSchema>;
export type Grant = Static<typeof grantSchema>;

export interface NewGrant {
  /** Absent: a random one. */
  readonly id?: string;
  readonly scopes: Scopes;
  readonly comment?: string;
}

/** Something is wrong with the grants file or with what should be written to it. */
export class GrantsError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GrantsError';
  }
}

/** Adds a grant for a new token of 32 random octets. The token is returned here and can never be seen again. */
export async function createToken(file: string, grant: NewGrant): Promise<{ id: string; token: string }> {
  const token = `sp_${randomBytes(32).toString('base64url')}`;
  const id = await addGrant(file, grant, { sha256: digestOf(token).toString('hex') });
  return { id, token };
}

/** Adds a grant for whoever has a certificate with this subject alternative name (see Grant.certificate). */
export async function grantCertificate(file: string, certificate: string, grant: NewGrant): Promise<{ id: string }> {
  return { id: await addGrant(file, grant, { certificate }) };
}

/** All grants; none when there is no file. Throws GrantsError. */
export async function listGrants(file: string): Promise<readonly Grant[]> {
  return (await readGrants(file)) ?? [];
}

/** Takes all grants of this id away; returns how many there were. */
export async function revokeGrants(file: string, id: string): Promise<number> {
  let revoked = 0;
  await changeGrants(file, (grants) => {
    const kept = grants.filter((grant) => grant.id !== id);
    revoked = grants.length - kept.length;
    return kept;
  });
  return revoked;
}

/** SHA-256 of a token. */
export function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Null when there is no file. */
async function readGrants(file: string): Promise<Grant[] | null> {
  let text: string;
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) {
      const found = (mode & 0o777).toString(8).padStart(4, '0');
      throw new GrantsError(`${file} can be used by others: found mode ${found}, wanted 0600; run: chmod 600 ${file}`);
    }
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  let grants: unknown;
  try {
    grants = JSON.parse(text);
  } catch (error) {
    throw new GrantsError(`${file} is not JSON`, { cause: error });
  }
  return checked(file, grants);
}

async function addGrant(file: string, grant: NewGrant, key: Pick<Grant, 'sha256' | 'certificate'>): Promise<string> {
  const id = grant.id ?? `t-${randomBytes(6).toString('hex')}`;
  const { scopes, comment = '' } = grant;
  await changeGrants(file, (grants) => [...grants, { id, ...key, scopes, created: new Date().toISOString(), comment }]);
  return id;
}

/** Replaces the file as a whole and durably. The new file's name is the lock: of two commands at once, one fails. */
async function changeGrants(file: string, change: (grants: readonly Grant[]) => readonly Grant[]): Promise<void> {
  const next = `${file}.new`;
  const handle = await open(next, 'wx', 0o600).catch((error: unknown) => {
    const message = `cannot write ${next}: another token command is running, or one was killed and left it behind`;
    throw isExisting(error) ? new GrantsError(message, { cause: error }) : error;
  });
  try {
    const grants = checked(file, change(await listGrants(file)));
    await handle.writeFile(`${JSON.stringify(grants, null, 2)}\n`);
    await handle.sync();
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

function checked(file: string, grants: unknown): Grant[] {
  if (!Value.Check(fileSchema, grants)) {
    const [error] = Value.Errors(fileSchema, grants);
    throw new GrantsError(`${file}: ${error?.instancePath ?? ''} ${error?.message ?? 'is no list of grants'}`);
  }
  const wrong = grants.flatMap(({ scopes }) => scopes.addresses ?? []).find((network) => networkOf(network) === null);
  if (wrong !== undefined)
    throw new GrantsError(`${file}: found the network "${wrong}", wanted one such as 10.0.0.0/8 or fd00::/8`);
  return grants;
}

const isMissing = (error: unknown): boolean => hasCode(error, 'ENOENT');
const isExisting = (error: unknown): boolean => hasCode(error, 'EEXIST');

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
