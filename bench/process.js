/**
 * Server processes under measurement: each pinned to one core, its CPU time read from the kernel's own account. The
 * account covers every thread of the process and of its children, user and system time together.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** The core that servers run on; the load generator gets the other one. */
export const serverCore = 0;
export const loadCore = 1;

/**
 * Starts a server and waits until a line of its output matches `ready`, or, without `ready`, until `probe` resolves.
 * @param {{ command: string, args: string[], ready?: RegExp, probe?: () => Promise<void>, pinned?: boolean }} options
 * @returns {Promise<{ pid: number, readyLine: string, stop: () => Promise<void> }>}
 */
export async function startServer({ command, args, ready, probe, pinned = true }) {
  const child = pinned
    ? spawn('taskset', ['-c', String(serverCore), command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    : spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let printed = '';
  const isReady = new Promise((resolve, reject) => {
    const read = (chunk) => {
      if (printed.length < 65_536) printed += chunk;
      const line = ready && printed.split('\n').find((text) => ready.test(text));
      if (line) resolve(line);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('error', reject);
    ended.then(([code]) => reject(new Error(`${command} ended with ${code} before it was ready:\n${printed}`)), reject);
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
  };
  process.on('exit', () => child.kill('SIGKILL'));
  const readyLine = await (ready ? isReady : Promise.race([probe().then(() => ''), isReady]));
  return { pid: child.pid, readyLine, stop };
}

/**
 * CPU time that the process and its descendants have used, in nanoseconds; from schedstat, which counts finer than the
 * 10 ms ticks of /proc/PID/stat. A thread that has ended no longer counts, so keep the threads alive while measuring.
 * @param {number} pid
 */
export function cpuNanoseconds(pid) {
  let sum = 0;
  for (const member of processTree(pid)) {
    for (const thread of readdirSync(`/proc/${member}/task`)) {
      sum += Number(readFileSync(`/proc/${member}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
  }
  return sum;
}

/** Resident memory of the process and its descendants, in octets. @param {number} pid */
export function residentOctets(pid) {
  let sum = 0;
  for (const member of processTree(pid)) {
    const kibibytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${member}/status`, 'utf8'));
    sum += kibibytes ? Number(kibibytes[1]) * 1024 : 0;
  }
  return sum;
}

function processTree(root) {
  const children = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    let stat;
    try {
      stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
    } catch {
      continue; // it ended between the listing and the reading
    }
    // The command name may hold spaces and brackets; the parent is the second field after its last bracket.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const tree = [root];
  for (let at = 0; at < tree.length; at++) tree.push(...(children.get(tree[at]) ?? []));
  return tree;
}
