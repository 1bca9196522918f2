/**
 * node scripts/nonexistent.js [--millions N]
 * Asks for millions of distinct names that do not exist, and prints the server's memory after each million: it must stay
 * flat after the first few. Needs dnsperf and a build (npm run build). Last results: docs/campaigns.md.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { residentOctets } from '../bench/process.js';
import { serve } from '../bench/signpost.js';

const { values } = parseArgs({ options: { millions: { type: 'string', default: '10' } } });
const directory = mkdtempSync(join(tmpdir(), 'signpost-nonexistent-'));
const server = await serve(join(directory, 'data'));
try {
  for (let million = 1; million <= Number(values.millions); million++) {
    const questions = join(directory, 'questions');
    const lines = Array.from({ length: 1_000_000 }, (_, n) => `n${million}-${n}.none-${n % 977}.svc.internal A`);
    writeFileSync(questions, lines.join('\n'));
    const args = ['-s', '127.0.0.1', '-p', String(server.port), '-d', questions, '-n', '1', '-c', '20', '-q', '400'];
    const { stdout } = await promisify(execFile)('dnsperf', args, { maxBuffer: 1 << 24 });
    const answered = /Queries completed:\s+(\d+)/.exec(stdout)?.[1];
    const codes = /Response codes:\s+(.*)/.exec(stdout)?.[1];
    const resident = Math.round(residentOctets(server.pid) / 2 ** 20);
    console.log(`${million} million names asked, ${answered} answered (${codes}), ${resident} MiB resident`);
  }
} finally {
  await server.stop();
  rmSync(directory, { recursive: true });
}
