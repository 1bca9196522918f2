/** The audit log: one line a write, whatever comes of it, and nothing lost without a word. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAudit } from '../../src/http/audit.ts';
import { createToken } from '../../src/http/tokens.ts';
import { FakeClock } from '../support/clock.ts';
import { startHarness } from './harness.ts';

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signpost-audit-'));
  file = join(directory, 'audit.log');
});
afterEach(() => rm(directory, { recursive: true }));

const body = { address: '10.0.0.7', port: 80 };
const one = '/v1/services/web/instances/a';
const linesOf = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the audit log', () => {
  it('has one line for each write: who, from where, what, and what came of it', async () => {
    const harness = await startHarness({ settings: { audit: { file, required: false } } });
    const { token } = await createToken(harness.tokens, { id: 'shop', scopes: { services: ['web'] } });
    const { body: registered } = await harness.call('PUT', one, { body, token, from: '10.0.0.9' });
    await harness.call('POST', '/v1/services/web/instances', { body, token });
    await harness.call('PUT', one, { body: { ...body, port: 0 }, token });
    await harness.call('PUT', '/v1/services/api/instances/a', { body, token });
    await harness.call('PUT', one, { body });
    await harness.call('PUT', one, { body, token: 'sp_wrong' });
    await harness.call('PATCH', one, { body: { weight: 1 }, token });
    await harness.call('DELETE', `${one}?zone=other.internal`, { token });
    // None of these is a write.
    await harness.call('PUT', `${one}?dryRun=true`, { body, token });
    await harness.call('POST', `${one}/renew`, { body: { generation: registered.generation }, token });
    await harness.call('GET', '/v1/services', { token });
    await harness[Symbol.asyncDispose]();
    const register = { what: 'PUT /v1/services/:service/instances/:id', zone: 'svc.internal', service: 'web', id: 'a' };
    expect(await linesOf(file)).toMatchObject([
      { time: '2026-01-01T00:00:00.000Z', who: 'shop', peer: '10.0.0.9', ...register, status: 201 },
      {
        who: 'shop',
        what: 'POST /v1/services/:service/instances',
        id: expect.stringMatching(/^[0-9a-f]{16}$/),
        status: 201,
      },
      { who: 'shop', ...register, status: 400, code: 'invalid-value' },
      { who: 'shop', ...register, service: 'api', status: 403, code: 'forbidden' },
      { who: null, peer: '127.0.0.1', ...register, status: 401, code: 'unauthorized' },
      { who: null, peer: '127.0.0.1', what: register.what, status: 401, code: 'unauthorized' },
      { who: 'shop', what: 'PATCH /v1/services/:service/instances/:id', status: 200 },
      {
        who: 'shop',
        what: 'DELETE /v1/services/:service/instances/:id',
        zone: 'other.internal',
        status: 404,
        code: 'not-found',
      },
    ]);
    expect(await readFile(file, 'utf8')).not.toContain(token.slice(3));
  });

  it('has exactly one line for each of 2,000 writes at once', async () => {
    const harness = await startHarness({ settings: { audit: { file, required: false } } });
    await Promise.all(
      Array.from({ length: 2000 }, (_, n) => harness.call('PUT', `/v1/services/web/instances/i${n}`, { body })),
    );
    await harness[Symbol.asyncDispose]();
    const ids = (await linesOf(file)).map(({ id }) => id);
    expect([ids.length, new Set(ids).size]).toEqual([2000, 2000]);
  });

  it('begins a new file when one is full, and keeps the last nine', async () => {
    const audit = openAudit(file, new FakeClock(), pino({ level: 'silent' }), 200);
    for (let n = 0; n < 30; n++) {
      audit.write({
        who: null,
        peer: '127.0.0.1',
        what: 'PUT /x',
        zone: null,
        service: null,
        id: String(n),
        status: 200,
      });
      await expect.poll(async () => (await linesOf(file).catch(() => [])).at(-1)?.['id']).toBe(String(n));
    }
    await audit.close();
    const files = (await readdir(directory)).sort();
    expect(files).toEqual(['audit.log', ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `audit.log.${n}`)]);
    const kept: unknown[] = [];
    for (const name of [...files.slice(1).reverse(), 'audit.log'])
      for (const { id } of await linesOf(join(directory, name))) kept.push(id);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => String(30 - kept.length + index)));
  });
});

describe('while the audit log cannot be written', () => {
  const broken = async (required: boolean) => {
    await mkdir(file); // a directory cannot be opened for appending
    const harness = await startHarness({ settings: { audit: { file, required } } });
    await harness.call('PUT', one, { body });
    await expect.poll(() => harness.log.join('')).toContain('cannot write the audit log');
    return harness;
  };

  it('writes go on, and metrics and log say so', async () => {
    await using harness = await broken(false);
    expect((await harness.call('PUT', one, { body })).status).toBe(200);
    expect((await harness.call('GET', '/metrics')).body).toContain('signpost_audit_failing 1');
  });

  it('writes are refused where it is required, until it works again', async () => {
    await using harness = await broken(true);
    expect(await harness.call('PUT', one, { body: { ...body, port: 81 } })).toMatchObject({
      status: 503,
      body: { code: 'audit-unavailable' },
    });
    expect((await harness.call('GET', one)).body.port).toBe(80);
    await rm(file, { recursive: true });
    await writeFile(file, '');
    await expect.poll(async () => (await harness.call('PUT', one, { body: { ...body, port: 81 } })).status).toBe(200);
    expect(harness.log.join('')).toContain('the audit log works again');
  });
});
