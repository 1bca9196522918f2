import { createHash } from 'node:crypto';
import { access, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { problem, runCommand } from './support.ts';

const header = '{"backup":"signpost","format":1,"revision":7}\n';
const whole = `${header}{"entries":0,"sha256":"${createHash('sha256').update(header).digest('hex')}"}\n`;

let directory = '';
let file = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signpost-backup-'));
  file = join(directory, 'signpost.backup');
});
afterEach(() => rm(directory, { recursive: true }));

const backup = (answer: () => unknown) => runCommand(['backup', file], { server: answer });

describe('signpost backup', () => {
  it('writes what the server sends, for its owner only', async () => {
    const result = await backup(() => new Response(whole));
    expect(result).toEqual({ code: 0, stdout: `${file} holds everything up to revision 7\n`, stderr: '' });
    expect(await readFile(file, 'utf8')).toBe(whole);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['signpost.backup']);
  });

  it('replaces an earlier backup, but only by a whole one', async () => {
    await writeFile(file, 'earlier');
    const { code, stderr } = await backup(() => new Response(header));
    expect([code, stderr]).toEqual([1, expect.stringContaining('ends after 0 entries')]);
    expect(await readFile(file, 'utf8')).toBe('earlier');
    expect(await readdir(directory)).toEqual(['signpost.backup']);
    await writeFile(`${file}.partial`, 'left behind by one that was killed');
    expect((await backup(() => new Response(whole))).code).toBe(0);
    expect(await readFile(file, 'utf8')).toBe(whole);
  });

  it('ends with 69 when the connection breaks', async () => {
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(header));
        controller.error(new TypeError('terminated'));
      },
    });
    expect(await backup(() => new Response(broken))).toMatchObject({ code: 69 });
    expect(await readdir(directory)).toEqual([]);
  });

  it('tells what the server refuses', async () => {
    expect(await backup(() => problem(403, 'forbidden', 'admin is wanted'))).toMatchObject({ code: 1, stderr: 'signpost backup: admin is wanted\n' });
  });
});

describe('signpost restore', () => {
  const restore = () => runCommand(['restore', file, '--data', join(directory, 'data')]);

  it('fills an empty data directory, and no other', async () => {
    await writeFile(file, whole);
    expect(await restore()).toEqual({ code: 0, stdout: `${join(directory, 'data')} holds everything up to revision 7\n`, stderr: '' });
    expect(await restore()).toMatchObject({ code: 1, stderr: expect.stringContaining('holds a store already') });
  });

  it('refuses half a backup, and makes nothing of it', async () => {
    await writeFile(file, header);
    expect(await restore()).toMatchObject({ code: 1, stderr: expect.stringContaining('ends after 0 entries') });
    await expect(access(join(directory, 'data'))).rejects.toThrow('ENOENT');
  });

  it('refuses a file that is not there', async () => {
    expect(await restore()).toMatchObject({ code: 1, stderr: expect.stringContaining(`no such file or directory`) });
  });
});
