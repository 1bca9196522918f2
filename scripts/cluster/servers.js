/** The Signposts of a campaign: each keeps its addresses over restarts. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ended, until } from './process.js';

const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/**
 * @typedef {object} Server
 * @property {number} index
 * @property {string} url
 * @property {number} dnsPort
 * @property {import('./network.js').Road} road
 * @property {import('node:child_process').ChildProcess | null} process
 * @property {boolean} isUp it was ready, and nobody has stopped it since
 * @property {boolean} isAside something keeps it from etcd, so that it need not hear of anything new
 * @property {number} backSince when it last came back from that, or from a stop
 */

/** @param {readonly import('./network.js').Road[]} roads @param {readonly number[]} ports two a server */
export function makeServers(roads, ports, directory) {
  return roads.map((road, index) => ({
    index,
    url: `http://127.0.0.1:${ports[2 * index]}`,
    dnsPort: ports[2 * index + 1],
    road,
    directory: join(directory, `s${index}`),
    process: null,
    isUp: false,
    isAside: false,
    backSince: 0,
  }));
}

/** Resolves when the server is ready. */
export async function startServer(server) {
  const { directory, dnsPort, road, url } = server;
  const places = ['--dns', `127.0.0.1:${dnsPort}`, '--http', new URL(url).host];
  const args = [command, 'serve', ...places, '--data', directory, '--zones', directory];
  const env = { ...process.env, SIGNPOST_STORE_TYPE: 'etcd', SIGNPOST_STORE_ENDPOINTS: road.endpoints.join(',') };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  server.process = child;
  await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`server ${server.index} ended with ${code} before it was ready`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line);
      if (entry.msg === 'ready') resolve();
    });
  });
  server.isUp = true;
  server.backSince = performance.now();
}

export async function stopServer(server, signal) {
  const end = ended(server.process);
  server.isUp = false;
  server.process.kill(signal);
  await end;
}

/** Marks servers that something keeps from etcd, and that they are back. */
export function setAside(servers) {
  for (const server of servers) server.isAside = true;
}

export function bringBack(servers) {
  for (const server of servers) Object.assign(server, { isAside: false, backSince: performance.now() });
}

/** The instances that a server knows: each `SERVICE/ID` with its revision. */
export async function listInstances({ url }, services) {
  const lists = await Promise.all(services.map(async (service) => {
    const response = await fetch(`${url}/v1/services/${service}/instances`, { signal: AbortSignal.timeout(2000) });
    if (response.status === 404) return [];
    const { instances } = await response.json();
    return instances.map(({ id, revision }) => [`${service}/${id}`, revision]);
  }));
  return lists.flat();
}

/**
 * Waits until each of the servers holds what etcd held when this was called, but for what has changed since; resolves
 * with the milliseconds that the last one took.
 */
export async function untilEqual(servers, etcd, services) {
  const started = performance.now();
  const { revision } = await etcd.read(services);
  const old = (entries) => entries.filter(([, at]) => at <= revision).map(([key, at]) => `${key}@${at}`).sort().join();
  await Promise.all(servers.map((server) => until(async () => {
    const held = await listInstances(server, services);
    const { instances } = await etcd.read(services);
    const stored = [...instances].map(([key, instance]) => [key, instance.revision]);
    return old(stored) === old(held);
  })));
  return performance.now() - started;
}
