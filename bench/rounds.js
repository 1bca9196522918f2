/**
 * Measuring side by side. All contestants run at once, idle but for the one that is asked; short rounds go round them, so
 * that whatever else the machine does falls on all of them alike. What counts is the ratio to the first contestant
 * within the same round; the median over the rounds is printed with its quartiles.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { cpuNanoseconds, loadCore } from './process.js';

const run = promisify(execFile);

/**
 * Runs `rounds` rounds and returns for each contestant the list of its results.
 * @param {{ name: string, port: number, pid: number }[]} running
 * @param {{ questions: string, options: string[], rounds: number, seconds: number }} load `questions` is a path
 */
export async function measureRounds(running, load) {
  const results = new Map(running.map(({ name }) => [name, []]));
  for (const contestant of running) await loadFor(contestant, load, 1);
  for (let round = 0; round < load.rounds; round++) {
    // Each round starts with another contestant, so that none always follows the same one.
    for (let turn = 0; turn < running.length; turn++) {
      const contestant = running[(round + turn) % running.length];
      results.get(contestant.name)[round] = await loadFor(contestant, load, load.seconds);
    }
  }
  return results;
}

async function loadFor({ port, pid }, { questions, options }, seconds) {
  const before = cpuNanoseconds(pid);
  const { completed, perSecond, lost } = await dnsperf(port, questions, ['-l', String(seconds), ...options]);
  return { microseconds: (cpuNanoseconds(pid) - before) / completed / 1000, perSecond, lost };
}

/** Runs the load generator against a loopback port; `questions` is the path of its file. */
export async function dnsperf(port, questions, options) {
  const clients = ['-c', '20', '-q', '200', '-t', '1'];
  const args = ['-c', String(loadCore), 'dnsperf', '-s', '127.0.0.1', '-p', String(port), '-d', questions, ...clients, ...options];
  const { stdout } = await run('taskset', args, { maxBuffer: 1 << 24 });
  const figure = (label) => Number(new RegExp(`${label}:\\s+([\\d.]+)`).exec(stdout)?.[1]);
  return { completed: figure('Queries completed'), perSecond: figure('Queries per second'), lost: figure('Queries lost') };
}

/** One line a contestant: median CPU a query, the ratio to the first with quartiles, answers a second, losses. */
export function summarise(results) {
  const [first] = results.values();
  return [...results].map(([name, rounds]) => {
    const ratios = rounds.map(({ microseconds }, round) => microseconds / first[round].microseconds);
    return {
      name,
      microseconds: quantile(rounds.map((round) => round.microseconds), 0.5),
      ratio: quantile(ratios, 0.5),
      lowQuartile: quantile(ratios, 0.25),
      highQuartile: quantile(ratios, 0.75),
      perSecond: quantile(rounds.map((round) => round.perSecond), 0.5),
      lost: rounds.reduce((sum, { lost }) => sum + lost, 0),
    };
  });
}

/** The value below which the share `q` of the values lies, interpolated. */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)];
  return low + (sorted[Math.ceil(at)] - low) * (at - Math.floor(at));
}
