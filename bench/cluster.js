/**
 * Three servers on three members of etcd: how long until what one server takes is answered by the others, and how many
 * registrations a second all of them take together, beside what etcd itself takes in puts of the same size from as many
 * processes and clients. Members, servers and load share the machine, and the members its disk.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Etcd3 } from 'etcd3';
import { Pool } from 'undici';
import { openAsker } from './asker.js';
import { startMembers } from './etcd.js';
import { cpuNanoseconds } from './process.js';
import { quantile } from './rounds.js';
import { serve } from './signpost.js';

const size = 3;

/** @param {{ rounds?: number }} options */
export async function benchCluster({ rounds = 5 }) {
  const directory = mkdtempSync(join(tmpdir(), 'signpost-bench-'));
  const running = [];
  try {
    const members = await startMembers(size, directory);
    running.push(...members);
    const urls = members.map(({ url }) => url);
    const config = join(directory, 'signpost.yaml');
    writeFileSync(config, JSON.stringify({ store: { type: 'etcd', endpoints: urls } }));
    const servers = [];
    for (let index = 0; index < size; index++) {
      servers.push(await serve(join(directory, `data${index}`), ['--config', config]));
    }
    running.unshift(...servers);
    await benchVisibility(servers, urls);
    await benchThroughput(servers, members, rounds);
  } finally {
    for (const { stop } of running) await stop();
    rmSync(directory, { recursive: true });
  }
}

/**
 * Registers at the first server, alone and beside other registrations, and asks the others from before it is sent. In
 * turns with that, puts a key at the first member, and waits for the watches at the others: what etcd itself needs.
 */
async function benchVisibility(servers, urls) {
  const table = [];
  for (const perSecond of [0, 500]) {
    const load = { isOver: false, taken: 0, refused: 0 };
    const busy = servers.map((server, lane) => registerSteadily(server, lane, perSecond / size, load));
    const begin = performance.now();
    const { registered, watched } = await visibleTimes(servers, urls, `beside${perSecond}`, 300, load);
    const seconds = (performance.now() - begin) / 1000;
    load.isOver = true;
    await Promise.all(busy);
    const beside = { 'others/s': Math.round(load.taken / seconds), 'refused': load.refused };
    table.push({ what: 'registered, answered', ...beside, ...quantiles(registered) });
    table.push({ what: 'put, watched', ...beside, ...quantiles(watched) });
  }
  console.log('\nat one server, seen at both others: milliseconds from before the request is sent');
  console.table(table);
}

async function visibleTimes([first, ...others], urls, service, count, load) {
  const askers = await Promise.all(others.map(({ port }) => openAsker(port)));
  const [writer, ...watchers] = urls.map((url) => new Etcd3({ hosts: url }));
  const watches = await Promise.all(watchers.map((client) => client.watch().prefix('/seen/').create()));
  const api = new Pool(first.url);
  const [registered, watched] = [[], []];
  for (let index = 0; index < count; index++) {
    const answers = askers.map(({ untilAnswered }) => untilAnswered(`i${index}.${service}.svc.internal A`));
    while (!(await register(api, service, `i${index}`))) load.refused++;
    registered.push(...(await Promise.all(answers)));
    await pause(Math.random() * 20);
    const begin = performance.now();
    const events = watches.map((watch) => once(watch, 'put').then(() => performance.now() - begin));
    await writer.put(`/seen/${service}/${index}`).value('x'.repeat(350));
    watched.push(...(await Promise.all(events)));
    await pause(Math.random() * 20);
  }
  await api.close();
  for (const asker of askers) asker.close();
  for (const client of [writer, ...watchers]) client.close();
  return { registered, watched };
}

/** Registers so often until the load is over. */
async function registerSteadily({ url }, lane, perSecond, load) {
  const api = new Pool(url, { connections: 64 });
  const begin = performance.now();
  for (let count = 0; !load.isOver; await pause(1)) {
    for (const due = ((performance.now() - begin) / 1000) * perSecond; count < due; count++) {
      register(api, `lane${lane}`, `i${count}`).then((isTaken) => (isTaken ? load.taken++ : load.refused++));
    }
  }
  await api.close();
}

/** False where the server refuses, since it or etcd is too busy. */
async function register(api, service, id) {
  const { method, path, body } = registration(service, id);
  const headers = { 'content-type': 'application/json' };
  const reply = await api.request({ method, path, headers, body: JSON.stringify(body) });
  const text = await reply.body.text();
  if (reply.statusCode >= 400 && reply.statusCode !== 503) throw new Error(`${service}/${id}: ${reply.statusCode} ${text}`);
  return reply.statusCode < 400;
}

function quantiles(times) {
  const [p50, p99, longest] = [0.5, 0.99, 1].map((q) => Math.round(quantile(times, q) * 10) / 10);
  return { 'p50 ms': p50, 'p99 ms': p99, 'longest ms': longest };
}

/**
 * Registrations and puts take turns; what counts is the ratio within a round. CPU time says more than the rate where the
 * machine has other work too: that of all servers or members together, divided by what they did.
 */
async function benchThroughput(servers, members, rounds) {
  const urls = members.map(({ url }) => url);
  const octets = await storedOctets(urls);
  const table = [];
  for (const clients of [16, 64, 128]) {
    const total = 60 * clients + 1500;
    const results = [];
    for (let round = 0; round < rounds; round++) {
      const name = `c${clients}r${round}`;
      const registering = servers.map(({ url }, lane) => startLoad('register-many.js', [url, name, `l${lane}`, clients, total]));
      const registered = await measure(registering, [servers, members], size * total);
      const putting = servers.map((_, lane) => startLoad('etcd-puts.js', [urls, `/${name}/l${lane}/`, clients, total, octets]));
      const put = await measure(putting, [members], size * total);
      results.push({ registered, put });
    }
    const median = (of) => quantile(results.map(of), 0.5);
    table.push({
      'clients': size * clients,
      'registrations/s': Math.round(median(({ registered }) => registered.perSecond)),
      'puts/s': Math.round(median(({ put }) => put.perSecond)),
      'ratio': median(({ registered, put }) => registered.perSecond / put.perSecond).toFixed(2),
      'us in servers': Math.round(median(({ registered }) => registered.microseconds[0])),
      'us in etcd': Math.round(median(({ registered }) => registered.microseconds[1])),
      'us in etcd/put': Math.round(median(({ put }) => put.microseconds[0])),
    });
  }
  console.log(`\ndurable registrations at three servers, and puts of ${octets} octets by three clients of etcd: median of ${rounds} rounds`);
  console.table(table);
}

/** Has all loads begin at once; returns what they did a second together, and CPU microseconds of each group for each. */
async function measure(loads, groups, total) {
  const begins = await Promise.all(loads);
  const used = () => groups.map((group) => group.reduce((sum, { pid }) => sum + cpuNanoseconds(pid), 0));
  const before = used();
  const perSecond = await Promise.all(begins.map((begin) => begin()));
  const microseconds = used().map((after, index) => (after - before[index]) / total / 1000);
  return { perSecond: perSecond.reduce((sum, each) => sum + each, 0), microseconds };
}

/** Starts a program that says when it is ready, begins on a line of input, and prints what it did a second. */
async function startLoad(program, args) {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, [path, ...args.map(String)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return async () => {
    child.stdin.end('begin\n');
    const { perSecond } = JSON.parse((await lines.next()).value);
    await ended;
    return perSecond;
  };
}

/** Octets of a registered instance on etcd. */
async function storedOctets(urls) {
  const etcd = new Etcd3({ hosts: urls });
  const { kvs } = await etcd.getAll().prefix('/signpost/v1/instance/svc.internal/beside').limit(1).exec();
  etcd.close();
  return kvs[0].value.length;
}

function registration(service, id) {
  return { method: 'PUT', path: `/v1/services/${service}/instances/${id}`, body: { address: '10.1.2.3', port: 8080, lease: 3600 } };
}
