import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCommand } from './support.ts';

let data = '';
beforeEach(async () => {
  data = join(await mkdtemp(join(tmpdir(), 'signpost-token-')), 'data');
});
afterEach(() => rm(join(data, '..'), { recursive: true }));

const token = (...args: string[]) => runCommand(['token', ...args], { env: { SIGNPOST_DATA: data } });

it('prints a new token once and keeps only its digest', async () => {
  const { code, stdout } = await token('create', '--service', 'web', '--service', 'api-*', '--address', '10.0.0.0/8', '--id', 'deploy');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^sp_[\w-]{43}\n$/);
  const kept = await readFile(join(data, 'tokens.json'), 'utf8');
  expect(kept).not.toContain(stdout.trim());
  const [grant] = JSON.parse(kept);
  expect(grant).toMatchObject({ id: 'deploy', scopes: { services: ['web', 'api-*'], addresses: ['10.0.0.0/8'] } });
});

it('keeps the data directory and the grants to their owner', async () => {
  await token('create');
  expect((await stat(data)).mode & 0o777).toBe(0o700);
  expect((await stat(join(data, 'tokens.json'))).mode & 0o777).toBe(0o600);
});

it('lists what a token may do', async () => {
  await token('create', '--id', 'ci', '--operation', 'read', '--comment', 'the\u001bbuild');
  await token('create', '--id', 'mesh', '--certificate', 'URI:spiffe://example.net/web', '--zone', 'svc.internal');
  const { stdout } = await token('list');
  const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
  expect(rows[0]).toEqual(['ID', 'HOLDER', 'SERVICES', 'ZONES', 'ADDRESSES', 'OPERATIONS', 'CREATED', 'COMMENT']);
  expect(rows[1]).toEqual(['ci', 'token', '*', 'all', 'any', 'read', expect.stringMatching(/^\d{4}-/), 'the?build']);
  expect(rows[2]!.slice(0, 6)).toEqual(['mesh', 'URI:spiffe://example.net/web', '*', 'svc.internal', 'any', 'read,write']);
  expect(JSON.parse((await token('list', '--json')).stdout)).toHaveLength(2);
});

it('revokes by id', async () => {
  await token('create', '--id', 'ci');
  expect(await token('revoke', 'ci')).toMatchObject({ code: 0, stdout: 'ci revoked\n' });
  expect(await token('revoke', 'ci')).toMatchObject({ code: 1, stderr: 'signpost token: no token has the id ci (signpost token list shows all)\n' });
});

it.each<[args: string, code: number, line: string]>([
  ['make', 64, 'wanted create, list or revoke ID, found make'],
  ['revoke', 64, 'wanted create, list or revoke ID, found revoke'],
  ['list all', 64, 'wanted create, list or revoke ID, found list all'],
  ['create --operation all', 64, '--operation wants read, write or admin, found all'],
  ['create --address 10.0.0.0/33', 1, 'found the network "10.0.0.0/33"'],
])('refuses "%s"', async (args, code, line) => {
  const result = await token(...args.split(' '));
  expect(result).toMatchObject({ code, stdout: '' });
  expect(result.stderr).toContain(line);
});
