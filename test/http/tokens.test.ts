/** The grants file: what commands write, what a server reads, and what neither takes. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openGrants } from '../../src/http/grants.ts';
import { createToken, grantCertificate, GrantsError, listGrants, revokeGrants } from '../../src/http/tokens.ts';
import { FakeClock } from '../support/clock.ts';

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signpost-tokens-'));
  file = join(directory, 'tokens.json');
});
afterEach(() => rm(directory, { recursive: true }));

const scopes = { services: ['web', 'api-*'] };
const silent = pino({ level: 'silent' });

describe('a token', () => {
  it('has 32 random octets and is kept as its SHA-256 only, for its owner alone', async () => {
    const { id, token } = await createToken(file, { scopes, comment: 'the shop' });
    expect(token).toMatch(/^sp_[\w-]{43}$/);
    const text = await readFile(file, 'utf8');
    expect(text).not.toContain(token.slice(3));
    expect(JSON.parse(text)).toMatchObject([
      { id, scopes, comment: 'the shop', sha256: createHash('sha256').update(token).digest('hex') },
    ]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('is another one each time', async () => {
    const tokens = new Set<string>();
    for (let n = 0; n < 20; n++) tokens.add((await createToken(file, { scopes })).token);
    expect(tokens.size).toBe(20);
    expect(new Set((await listGrants(file)).map(({ id }) => id)).size).toBe(20);
  });

  it('may share its holder with another, so that it can be replaced without a gap', async () => {
    const first = await createToken(file, { id: 'shop', scopes });
    const second = await createToken(file, { id: 'shop', scopes });
    const grants = await openGrants(file, new FakeClock(), silent);
    expect([grants.ofToken(first.token)?.id, grants.ofToken(second.token)?.id]).toEqual(['shop', 'shop']);
    grants.close();
    expect(await revokeGrants(file, 'shop')).toBe(2);
    expect(await revokeGrants(file, 'shop')).toBe(0);
    expect(await listGrants(file)).toEqual([]);
  });
});

describe('a grant is refused', () => {
  it.each([
    ['for a service that can have no such name', { services: ['we_b'] }],
    ['for a star in the middle', { services: ['a*b'] }],
    ['for a network that is none', { services: ['*'], addresses: ['10.0.0.0/33'] }],
    ['for an operation that is none', { services: ['*'], operations: ['delete' as 'read'] }],
  ])('%s', async (_, wrong) => {
    await expect(createToken(file, { scopes: wrong })).rejects.toThrow(GrantsError);
    expect(await listGrants(file)).toEqual([]);
  });

  it('for a certificate without a name', async () => {
    await expect(grantCertificate(file, 'web.example.net', { scopes })).rejects.toThrow(GrantsError);
  });

  it('while another command writes the file', async () => {
    await writeFile(`${file}.new`, '');
    await expect(createToken(file, { scopes })).rejects.toThrow(/another token command is running/);
  });
});

describe('a file is refused', () => {
  it.each([
    ['that is no JSON', '{', /is not JSON/],
    ['that is no list', '{}', /tokens\.json/],
    [
      'with an unknown field',
      '[{"id": "a", "scopes": {"services": []}, "created": "", "comment": "", "secret": 1}]',
      /tokens\.json/,
    ],
  ])('%s', async (_, text, message) => {
    await writeFile(file, text, { mode: 0o600 });
    await expect(listGrants(file)).rejects.toThrow(message);
    await expect(openGrants(file, new FakeClock(), silent)).rejects.toThrow(GrantsError);
  });

  it('that others can read', async () => {
    await writeFile(file, '[]', { mode: 0o644 });
    await expect(listGrants(file)).rejects.toThrow(/found mode 0644, wanted 0600; run: chmod 600/);
  });
});

describe('a running server', () => {
  it('follows the file within a second', async () => {
    const clock = new FakeClock();
    const grants = await openGrants(file, clock, silent);
    expect(grants.isEmpty).toBe(true);
    const { id, token } = await createToken(file, { scopes });
    await clock.pass(1000);
    await expect.poll(() => grants.ofToken(token)?.id).toBe(id);
    expect([grants.isEmpty, grants.has(id), grants.ofToken(`${token}x`)]).toEqual([false, true, null]);
    await revokeGrants(file, id);
    await expect
      .poll(async () => {
        await clock.pass(1000);
        return grants.ofToken(token);
      })
      .toBe(null);
    grants.close();
    expect(clock.pending).toBe(0);
  });

  it('follows it after looks at which nothing had changed', async () => {
    const { id, token } = await createToken(file, { scopes });
    const grants = await openGrants(file, new FakeClock(), silent);
    await grants.refresh();
    await grants.refresh();
    await revokeGrants(file, id);
    await grants.refresh();
    expect(grants.ofToken(token)).toBeNull();
    grants.close();
  });

  it('keeps what it knew when the file cannot be used any more, and says so', async () => {
    const { token } = await createToken(file, { scopes });
    const lines: string[] = [];
    const grants = await openGrants(
      file,
      new FakeClock(),
      pino({}, { write: (line: string) => void lines.push(line) }),
    );
    await writeFile(file, 'half a file', { mode: 0o600 });
    await grants.refresh();
    expect(grants.ofToken(token)).not.toBeNull();
    expect(lines.join('')).toContain('the earlier grants stay');
    grants.close();
  });

  it('finds the grant of a certificate by any of its names', async () => {
    await grantCertificate(file, 'URI:spiffe://example.net/web', { id: 'web', scopes });
    const grants = await openGrants(file, new FakeClock(), silent);
    expect(grants.ofCertificate(['DNS:other', 'URI:spiffe://example.net/web'])?.id).toBe('web');
    expect(grants.ofCertificate(['URI:spiffe://example.net/web/more'])).toBeNull();
    expect(grants.ofCertificate([])).toBeNull();
    grants.close();
  });
});
