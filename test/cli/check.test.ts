import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { printReference } from '../../src/config/reference.ts';
import { runCommand } from './support.ts';

const goodZone = '@ 300 IN SOA ns hostmaster 1 3600 600 86400 5\n@ 300 IN NS ns\nns 300 IN A 192.0.2.1\n';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signpost-check-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

describe('signpost check', () => {
  it('says what is good', async () => {
    const [config, zone] = [await file('signpost.yaml', 'dns: { workers: 1 }\n'), await file('example.test.zone', goodZone)];
    const stdout = expect.stringContaining(`${config}: ok\n`);
    expect(await runCommand(['check', config, zone])).toEqual({ code: 0, stdout, stderr: '' });
    expect((await runCommand(['check', zone])).stdout).toBe(`${zone}: ok, 3 records\n`);
  });

  it('shows every error of every file at its place', async () => {
    const config = await file('signpost.json', '{"dns":\n  {"workers": 0, "oi": 1}}');
    const zone = await file('example.test.zone', `${goodZone}w 300 IN A 192.0.2.256\n`);
    const { code, stdout, stderr } = await runCommand(['check', zone, config]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n')).toEqual(expect.arrayContaining([
      `${config}:2:15: dns.workers: found 0, wanted a whole number from 1 to 256`,
      `${config}:2:18: unknown option dns.oi; did you mean dns.io?`,
      expect.stringMatching(`^${zone}:4:12: .*192\\.0\\.2\\.256`),
    ]));
  });

  it('shows warnings, and succeeds', async () => {
    const zone = await file('example.test.zone', `${goodZone}ns 300 IN A 192.0.2.1\n`);
    const { code, stderr } = await runCommand(['check', zone]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^[^\n]*example\.test\.zone:4:\d+: warning: [^\n]+\n$/);
  });

  it.each(['nothing.yaml', 'nothing.zone'])('refuses %s that is not there', async (name) => {
    const path = join(directory, name);
    const { code, stderr } = await runCommand(['check', path]);
    expect(code).toBe(1);
    expect(stderr).toMatch(`${path}:1:1: `);
  });

  it('checks without arguments what serve would read', async () => {
    const zones = join(directory, 'zones');
    await mkdir(zones);
    await writeFile(join(zones, 'example.test.zone'), '@ 300 IN NS ns\n');
    const { code, stdout, stderr } = await runCommand(['check'], { env: { SIGNPOST_ZONES: zones } });
    expect([code, stdout]).toEqual([1, 'configuration: ok\n']);
    expect(stderr).toContain('found no SOA');
    expect(await runCommand(['check'], { env: { SIGNPOST_DNS_IO: 'fast' } })).toMatchObject({ code: 1, stdout: '' });
  });

  it('prints every option', async () => {
    expect(await runCommand(['check', '--options'])).toEqual({ code: 0, stdout: printReference(), stderr: '' });
  });
});
