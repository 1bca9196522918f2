/** CPU a query over UDP: the floor, Signpost, and the peers that are installed, each on one core, in the same run. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from './ask.js';
import { contestants, isInstalled } from './contestants.js';
import { measureRounds, summarise } from './rounds.js';
import { workloads, writeQuestions } from './workload.js';

/**
 * Measures each named workload and prints a table for each.
 * @param {{ workloads?: string[], contestants?: string[], rounds?: number, seconds?: number }} options
 */
export async function benchUdp(options) {
  const { rounds = 15, seconds = 1, workloads: chosen = Object.keys(workloads) } = options;
  const directory = mkdtempSync(join(tmpdir(), 'signpost-bench-'));
  const running = [];
  try {
    for (const name of new Set(chosen.flatMap((workload) => contestantsOf(workload, options.contestants)))) {
      if (!isInstalled(contestants[name])) {
        console.log(`${name}: left out, needs ${contestants[name].needs.join(', ')}`);
        continue;
      }
      const own = join(directory, name);
      mkdirSync(own);
      running.push({ name, ...(await contestants[name].start(own)) });
    }
    for (const name of chosen) {
      const concerned = contestantsOf(name, options.contestants);
      await benchWorkload(name, running.filter((contestant) => concerned.includes(contestant.name)), { directory, rounds, seconds });
    }
  } finally {
    for (const { stop } of running) await stop();
    rmSync(directory, { recursive: true });
  }
}

function contestantsOf(workload, wanted) {
  const usual = Object.keys(contestants).filter((name) => !contestants[name].isSpecial);
  return (workloads[workload].contestants ?? usual).filter((name) => !wanted || wanted.includes(name));
}

async function benchWorkload(name, running, { directory, rounds, seconds }) {
  const workload = workloads[name];
  const questions = join(directory, name);
  writeQuestions(workload, questions);
  const octets = new Map();
  for (const contestant of running) octets.set(contestant.name, await checkAnswers(contestant, workload));
  const load = { questions, options: workload.options, rounds, seconds };
  const table = summarise(await measureRounds(running, load)).map((line) => ({
    contestant: line.name,
    'us/query': line.microseconds.toFixed(2),
    ratio: line.ratio.toFixed(3),
    quartiles: `${line.lowQuartile.toFixed(2)} to ${line.highQuartile.toFixed(2)}`,
    'answers/s': Math.round(line.perSecond),
    lost: line.lost,
    'octets/reply': octets.get(line.name),
  }));
  console.log(`\n${name}: ${rounds} rounds of ${seconds} s`);
  console.table(table);
}

/** Asks a sample of the questions; throws where a reply is not as expected, and returns the replies' mean size. */
async function checkAnswers({ name, port }, workload) {
  const sample = workload.questions().slice(0, 60);
  let octets = 0;
  for (const question of sample) {
    const reply = await ask(port, question, 1000);
    octets += reply?.octets ?? 0;
    if (name.endsWith('floor')) continue; // it does not know what it answers
    const { rcode, answers } = workload.expect;
    if (reply?.rcode !== rcode || reply.answers !== answers) {
      throw new Error(`${name}: ${question}: found ${JSON.stringify(reply)}, wanted rcode ${rcode} and ${answers} answers`);
    }
  }
  return Math.round(octets / sample.length);
}
