/**
 * Answers while registrations come in: half of the load that the server can take, first alone, then with 1,000
 * registrations a second of the very services that are asked for. Prints what the load generator got answered, what a
 * client with a clock felt, and how long a registration took to be acknowledged, that is visible.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encodeQuestion } from './ask.js';
import { contestants } from './contestants.js';
import { cpuNanoseconds } from './process.js';
import { dnsperf } from './rounds.js';
import { apex, workloads, writeQuestions } from './workload.js';

const run = promisify(execFile);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const registrationsPerSecond = 1000;

/** @param {{ rounds?: number, seconds?: number }} options */
export async function benchChanges({ rounds = 3, seconds = 10 }) {
  const directory = mkdtempSync(join(tmpdir(), 'signpost-bench-'));
  const probe = join(directory, 'probe');
  execFileSync('gcc', ['-O2', '-o', probe, here('probe.c')]);
  const questions = join(directory, 'questions');
  writeQuestions(workloads.hits, questions);
  const server = await contestants.signpost.start(directory, { pinned: false });
  try {
    const { perSecond: most } = await dnsperf(server.port, questions, ['-l', '2']);
    const load = { questions, perSecond: Math.round(most / 2), seconds, probe };
    const table = [];
    for (let round = 0; round < rounds; round++) {
      table.push({ changes: 0, ...(await measure(server, load)) });
      const registering = run(process.execPath, [here('registrar.js'), server.http, registrationsPerSecond, seconds].map(String));
      const answers = await measure(server, load);
      const registered = JSON.parse((await registering).stdout);
      table.push({ changes: registrationsPerSecond, ...answers, 'register p50 ms': registered.p50, 'register p99 ms': registered.p99 });
    }
    console.log(`\nchanges: rounds of ${seconds} s, ${load.perSecond} queries/s offered`);
    console.table(table);
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true });
  }
}

async function measure({ port, pid }, { questions, perSecond, seconds, probe }) {
  const query = encodeQuestion(`svc7.${apex} A`).toString('hex');
  const before = cpuNanoseconds(pid);
  const [answered, felt] = await Promise.all([
    dnsperf(port, questions, ['-l', String(seconds), '-Q', String(perSecond)]),
    run(probe, [String(port), String(seconds), query]),
  ]);
  const { p50, p99, p999, answered: replies, asked } = JSON.parse(felt.stdout);
  return {
    'answers/s': Math.round(answered.perSecond),
    lost: answered.lost + asked - replies,
    'p50 us': p50,
    'p99 us': p99,
    'p99.9 us': p999,
    'server us/query': ((cpuNanoseconds(pid) - before) / answered.completed / 1000).toFixed(2),
  };
}
