/**
 * A rolling replacement under load: every instance of a service is replaced by a new process, one after the other,
 * while requests come in through fetch, an http agent and grpc-js. None may fail.
 *
 *     npm run build && node scripts/rolling.js [--instances 10] [--rate 500] [--kill]
 *
 * With --kill one instance is ended with SIGKILL instead, and calls go through `service.run` with one retry.
 */
import * as grpc from '@grpc/grpc-js';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { createAgent, createDispatcher, createResolver, registerGrpcResolver } from '../dist/client/index.js';

const pathOf = (path) => fileURLToPath(new URL(path, import.meta.url));
const httpName = '_rolling._tcp.svc.internal';
const grpcName = '_grpc._tcp.rolling.svc.internal';

/**
 * Replaces all instances; resolves with what became of the requests of each kind, and the seconds it took. @param {{
 * instances: number, rate: number, log?: (line: string) => void }} options `rate`: requests a second over all kinds
 * @returns {Promise<{ seconds: number, requests: Record<string, number>, failures: string[] }>}
 */
export async function replaceAll({ instances, rate, log = () => {} }) {
  return withRegistry(async ({ url, dns }) => {
    let running = await Promise.all(Array.from({ length: instances }, () => startInstance(url)));
    const clients = openClients(dns);
    const started = performance.now();
    const load = startLoad(clients.kinds, rate);
    await pause(1000);
    for (const [index, old] of running.entries()) {
      running[index] = await startInstance(url);
      await stopInstance(old, 'SIGTERM');
      log(`${index + 1} of ${instances} replaced, ${load.total()} requests, ${load.failures.length} failed`);
    }
    await pause(1000);
    const requests = await load.stop();
    clients.close();
    await Promise.all(running.map((instance) => stopInstance(instance, 'SIGKILL')));
    return { seconds: (performance.now() - started) / 1000, requests, failures: load.failures };
  });
}

/**
 * Ends one of three instances with SIGKILL in the middle of `calls` calls of `service.run` with one retry. @param {{
 * calls: number, rate: number }} options @returns {Promise<{ calls: number, failures: string[], retries: number }>}
 */
export async function killOne({ calls, rate }) {
  return withRegistry(async ({ url, dns }) => {
    const running = await Promise.all(Array.from({ length: 3 }, () => startInstance(url)));
    const resolver = createResolver({ servers: [dns] });
    const service = resolver.service(httpName, { policy: 'p2c' });
    await service.ready();
    const call = () =>
      service.run(async ({ authority }) => (await fetch(`http://${authority}/`)).text(), {
        retries: 1,
        idempotent: true,
      });
    let made = 0;
    const load = startLoad({ run: () => (made++, call()) }, rate);
    while (made < calls / 3) await pause(10);
    await stopInstance(running.pop(), 'SIGKILL');
    while (made < calls) await pause(10);
    await load.stop();
    const { retries } = service.stats();
    resolver.close();
    await Promise.all(running.map((instance) => stopInstance(instance, 'SIGKILL')));
    return { calls: made, failures: load.failures, retries };
  });
}

/** The three ways in which the requests come, each a function that rejects when a request fails. */
function openClients(dns) {
  const resolver = createResolver({ servers: [dns] });
  const dispatcher = createDispatcher({ resolver });
  const agent = createAgent({ resolver });
  registerGrpcResolver(grpc, { resolver });
  const roundRobin = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });
  const stub = new grpc.Client(`srv:///${grpcName}`, grpc.credentials.createInsecure(), {
    'grpc.service_config': roundRobin,
  });
  const kinds = {
    async fetch() {
      const response = await fetch(`http://${httpName}/`, { dispatcher });
      expectOk(response.status, await response.text());
    },
    async agent() {
      const [response] = await once(get({ agent, hostname: httpName, path: '/' }), 'response');
      let body = '';
      for await (const chunk of response) body += chunk;
      expectOk(response.statusCode, body);
    },
    grpc: () =>
      new Promise((resolve, reject) => {
        const deadline = Date.now() + 5000;
        stub.makeUnaryRequest('/rolling.Echo/Say', Buffer.from, String, 'hi', { deadline }, (error, answer) =>
          error ? reject(error) : resolve(answer),
        );
      }),
  };
  const close = () => {
    stub.close();
    agent.destroy();
    void dispatcher.destroy();
    resolver.close();
  };
  return { kinds, close };
}

function expectOk(status, body) {
  if (status !== 200 || body !== 'ok') throw new Error(`status ${status}, body ${body}`);
}

/**
 * Makes requests of all kinds in turn, `rate` a second, until it is stopped. What this process was too busy to ask for
 * is left out and not made up for: that would be a burst which nobody wanted to measure.
 */
function startLoad(kinds, rate) {
  const names = Object.keys(kinds);
  const requests = Object.fromEntries(names.map((name) => [name, 0]));
  const failures = [];
  const open = new Set();
  let made = 0;
  let last = performance.now();
  let due = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    due += Math.min(now - last, 50) * (rate / 1000);
    last = now;
    for (; made < due; made++) {
      const name = names[made % names.length];
      requests[name] += 1;
      const request = kinds[name]().catch((error) =>
        failures.push(`${name}: ${error.cause?.message ?? error.message}`),
      );
      open.add(request);
      void request.finally(() => open.delete(request));
    }
  }, 2);
  return {
    failures,
    total: () => made,
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      return requests;
    },
  };
}

/** Starts a server with a data directory of its own for as long as `use` runs. */
async function withRegistry(use) {
  const directory = await mkdtemp(join(tmpdir(), 'signpost-rolling-'));
  const places = [
    '--dns',
    '127.0.0.1:0',
    '--http',
    '127.0.0.1:0',
    '--data',
    join(directory, 'data'),
    '--zones',
    join(directory, 'zones'),
  ];
  const server = spawn(process.execPath, [pathOf('../dist/cli/main.js'), 'serve', ...places], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  try {
    const { dns, http } = await lineOf(server, (line) => (line.includes('"msg":"ready"') ? JSON.parse(line) : null));
    return await use({ url: `http://${http[0]}`, dns: dns[0] });
  } finally {
    server.kill('SIGKILL');
    await ended;
    await rm(directory, { recursive: true, force: true });
  }
}

async function startInstance(url) {
  const child = spawn(process.execPath, [pathOf('rolling-instance.js'), url], { stdio: ['ignore', 'pipe', 'inherit'] });
  await lineOf(child, (line) => line.startsWith('ready') || null);
  return child;
}

async function stopInstance(child, signal) {
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

/** The first line of a process for which `read` gives anything but null; rejects when the process ends before. */
function lineOf(child, read) {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${child.spawnargs.join(' ')} ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = read(line);
      if (found !== null) resolve(found);
    });
  });
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: {
      instances: { type: 'string', default: '10' },
      rate: { type: 'string', default: '500' },
      kill: { type: 'boolean', default: false },
    },
  });
  const rate = Number(values.rate);
  const result = values.kill
    ? await killOne({ calls: 10_000, rate })
    : await replaceAll({ instances: Number(values.instances), rate, log: console.log });
  console.log(result);
  process.exitCode = result.failures.length === 0 ? 0 : 1;
}
