import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** `scripts/crash.js` sets more. */
const rounds = Number(process.env['SIGNPOST_CRASH_ROUNDS'] ?? 20);
const writers = 8;

type Words = [kind: 'found' | 'open' | 'removing' | 'removed' | 'writing' | 'written', ...(string | number)[]];

/** Runs the child until it has written for a while, kills it, and returns what it wrote into its journal. */
async function runAndKill(directory: string, round: number): Promise<Words[]> {
  const journal = join(directory, 'journal');
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'crash-child.js'), join(directory, 'store'), journal, String(writers), String(round)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), 5 + Math.random() * 80));
  await new Promise((resolve) => child.once('close', resolve));
  expect(child.signalCode).toBe('SIGKILL');
  const lines = (await readFile(journal, 'utf8')).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Words);
}

test(
  `after each of ${rounds} kills everything acknowledged is there, and nothing that was deleted`,
  { timeout: 3_600_000 },
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'signpost-crash-'));
    /** Weight of each instance as acknowledged; null: deleted. */
    const acknowledged = new Map<string, number | null>();
    /** What was begun and not acknowledged when the process died: it may have happened, as a whole. */
    const begun = new Map<string, number | null>();
    let revision = 0;
    let operations = 0;
    for (let round = 0; round < rounds; round++) {
      const words = await runAndKill(directory, round);
      const found = new Map(
        words.filter(([kind]) => kind === 'found').map(([, id, , weight]) => [id as string, weight as number]),
      );
      for (const id of new Set([...acknowledged.keys(), ...found.keys(), ...begun.keys()])) {
        const possible = [acknowledged.get(id) ?? null, ...(begun.has(id) ? [begun.get(id)!] : [])];
        expect(possible, `${id} in round ${round}`).toContain(found.get(id) ?? null);
        acknowledged.set(id, found.get(id) ?? null);
      }
      begun.clear();
      for (const [kind, id, ...rest] of words as [Words[0], string, ...number[]][]) {
        if (kind === 'open') {
          expect(Number(id)).toBeGreaterThanOrEqual(revision);
        } else if (kind === 'writing' || kind === 'removing') {
          begun.set(id, rest[0] ?? null);
        } else if (kind === 'written' || kind === 'removed') {
          acknowledged.set(id, kind === 'written' ? rest[1]! : null);
          begun.delete(id);
          revision = Math.max(revision, rest.at(-1)!);
          operations++;
        }
      }
    }
    if (process.env['SIGNPOST_CRASH_ROUNDS'] !== undefined) {
      console.log(JSON.stringify({ rounds, operations, revision }));
    }
    expect(operations).toBeGreaterThan(rounds);
    await rm(directory, { recursive: true });
  },
);
