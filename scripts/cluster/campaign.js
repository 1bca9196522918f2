/** Three servers on three members of etcd under load, through one fault after the other. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Book } from './book.js';
import { Etcd } from './etcd.js';
import { startLoad } from './load.js';
import { openNetwork } from './network.js';
import { startOracle } from './oracle.js';
import { freePorts } from './process.js';
import { makeServers, startServer, stopServer, untilEqual } from './servers.js';

const services = ['alpha', 'beta', 'gamma', 'delta'];
/** Milliseconds in which all servers must be equal to etcd again. */
const mostRecovery = 5000;

/**
 * Makes the faults in turn, `rounds` in all, each for its own time or for `seconds`. Resolves with what was done and
 * measured; `faults` says what must not have happened, and is empty where all held.
 *
 * @param {object} options
 * @param {readonly import('./faults.js').Fault[]} options.faults
 * @param {number} [options.rounds] one each, unless given
 * @param {number | null} [options.seconds]
 * @param {(line: string) => void} [options.log]
 * @param {Promise<never>} [options.interrupted] rejects when the campaign must end; what it made goes then too
 * @returns {Promise<{ rounds: number, registered: number, answers: number, faults: string[] }>} and further figures
 */
export async function runCampaign(options) {
  const { faults, rounds = faults.length, seconds = null, log = () => undefined, interrupted } = options;
  const directory = await mkdtemp(join(tmpdir(), 'signpost-cluster-'));
  const ports = await freePorts(12);
  const network = await openNetwork({ members: 3, servers: 3, ports: ports.slice(0, 6) });
  const etcd = new Etcd(network, directory);
  const servers = makeServers(network.roads, ports.slice(6), directory);
  try {
    await etcd.startAll();
    await Promise.all(servers.map(startServer));
    const book = new Book(services);
    const wrong = [];
    const load = await startLoad(book, servers, wrong);
    const oracle = await startOracle(book, servers, wrong);
    const done = goThrough({ faults, rounds, seconds, log, etcd, servers, book, load, oracle, wrong });
    const result = { rounds, ...(await Promise.race([done, ...(interrupted ? [interrupted] : [])])) };
    await load.stopAgents();
    await Promise.all(servers.map((server) => stopServer(server, 'SIGTERM')));
    return result;
  } finally {
    for (const { process: child } of servers) child?.kill('SIGKILL');
    await etcd.kill();
    await network.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function goThrough({ faults, rounds, seconds, log, etcd, servers, book, load, oracle, wrong }) {
  const world = { etcd, servers };
  /** The longest recovery after each fault, in milliseconds. */
  const recoveries = {};
  await pause(1000);
  for (let round = 0; round < rounds; round++) {
    const fault = faults[round % faults.length];
    const before = wrong.length;
    const made = await fault.make(world, round);
    await pause((seconds ?? fault.seconds) * 1000);
    await fault.heal(world, made);
    const took = Math.round(await untilEqual(servers, etcd, services));
    recoveries[fault.name] = Math.max(recoveries[fault.name] ?? 0, took);
    if (took > mostRecovery) wrong.push(`after ${fault.name}: equal to etcd only after ${took} ms`);
    wrong.push(...(await audit(book, etcd)));
    await pause(500);
    const found = wrong.slice(before);
    log(`${round + 1} of ${rounds}: ${fault.name}; equal after ${took} ms, ${found.length} faults`);
    for (const what of counted(found)) log(`  ${what}`);
  }
  await load.stop();
  // What has just been said must reach everybody before the last look.
  await pause(1000);
  wrong.push(...(await audit(book, etcd)));
  oracle.stop();
  return { ...rounded({ ...load.found, ...oracle.found }), recoveries, faults: counted(wrong) };
}

/** Each once, with how often it was found. */
function counted(all) {
  const times = new Map();
  for (const what of all) times.set(what, (times.get(what) ?? 0) + 1);
  return [...times].map(([what, count]) => (count === 1 ? what : `${what} (${count} times)`));
}

/** What of that which owners were told is not so on etcd. */
async function audit(book, etcd) {
  const live = services.flatMap((service) => book.live(service));
  const { instances } = await etcd.read(services);
  const wrong = [];
  for (const { service, id, generation, state } of live) {
    const stored = instances.get(`${service}/${id}`);
    if (state !== 'live') continue;
    if (stored === undefined) wrong.push(`${service}/${id} is lost`);
    else if (stored.generation !== generation) wrong.push(`${service}/${id} was registered anew`);
  }
  for (const key of instances.keys()) {
    const instance = book.find(...key.split('/'));
    if (instance?.state === 'gone') wrong.push(`${key} is back`);
  }
  return wrong;
}

function rounded(figures) {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Math.round(value)]));
}
