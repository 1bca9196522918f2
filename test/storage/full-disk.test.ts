import { execFile } from 'node:child_process';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { toolsMissing } from '../support/tools.ts';

const run = promisify(execFile);

/** False where this user may not mount a file system of its own, also in a user namespace. */
async function mayMount(place: string): Promise<boolean> {
  try {
    await run('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', place]);
    return true;
  } catch {
    console.warn('passed over, no file system may be mounted in a user namespace');
    return false;
  }
}

test('a disk that is really full keeps what was acknowledged and nothing else, and takes writes again', async () => {
  if (toolsMissing('unshare', 'mount')) return;
  const place = await mkdtemp(join(tmpdir(), 'signpost-full-'));
  if (await mayMount(place)) {
    const child = join(import.meta.dirname, 'full-disk-child.js');
    const script = `mount -t tmpfs -o size=48m tmpfs '${place}' && exec '${process.execPath}' '${child}' '${place}'`;
    const { stdout } = await run('unshare', ['-rm', 'sh', '-c', script]);
    const { acknowledged, readable, ...rest } = JSON.parse(stdout) as Record<string, number>;
    expect(rest).toEqual({ full: 'full', fullAgain: 'full', lost: 0, unacknowledged: 0 });
    expect(acknowledged).toBeGreaterThan(1000);
    expect(readable).toBe(acknowledged! - 1);
  }
  await rmdir(place);
});
