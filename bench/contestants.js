/** The servers that are measured side by side. Each serves the workload's zone on a loopback port of its own. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, peerContestants } from './peers.js';
import { startServer } from './process.js';
import { apex, instances } from './workload.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * By name: the programs it needs, and how to start it in a directory of its own. What starts returns its UDP port, its
 * process id (the root of its process tree) and a `stop`.
 */
export const contestants = {
  floor: { needs: ['gcc'], start: startFloor },
  'node-floor': { needs: [], start: startNodeFloor },
  signpost: { needs: [], start: (directory, options) => startSignpost(directory, [], options) },
  // Keeps no answer, so each query is looked up and written anew. Left out where it is not named.
  'signpost-uncached': { needs: [], isSpecial: true, start: (directory) => startSignpost(directory, ['--config', uncached(directory)]) },
  ...peerContestants,
};

/** True when every program that the contestant needs is installed. */
export function isInstalled(contestant) {
  return contestant.needs.every((program) => {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

// The mean size of what follows the question in our replies: 2/3 SRV x 3 with A x 3, 1/3 A x 3.
const tailOctets = 132;

async function startFloor(directory) {
  const program = join(directory, 'floor');
  execFileSync('gcc', ['-O2', '-o', program, here('floor.c')]);
  const port = await freePort();
  const args = [String(port), String(tailOctets), '3', '2'];
  return { port, ...(await startServer({ command: program, args, ready: /^ready/ })) };
}

async function startNodeFloor() {
  const args = [here('floor.js'), String(tailOctets)];
  const server = await startServer({ command: process.execPath, args, ready: /^ready \d+/ });
  return { port: Number(server.readyLine.split(' ')[1]), ...server };
}

async function startSignpost(directory, more, { pinned = true } = {}) {
  const listen = ['--dns', '127.0.0.1:0', '--http', '127.0.0.1:0'];
  const files = ['--data', join(directory, 'data'), '--zones', join(directory, 'zones')];
  const args = [here('../dist/cli/main.js'), 'serve', '--zone', apex, ...listen, ...files, ...more];
  const server = await startServer({ command: process.execPath, args, ready: /"msg":"ready"/, pinned });
  const { dns, http } = JSON.parse(server.readyLine);
  await registerAll(`http://${http[0]}`);
  return { port: Number(dns[0].split(':').at(-1)), http: `http://${http[0]}`, ...server };
}

function uncached(directory) {
  const path = join(directory, 'config.json');
  writeFileSync(path, JSON.stringify({ dns: { cache: { answers: 0 } } }));
  return path;
}

async function registerAll(url) {
  const waiting = [...instances()];
  const register = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { service, id, address, port } = next;
      const body = JSON.stringify({ address, port, permanent: true });
      const headers = { 'content-type': 'application/json' };
      const reply = await fetch(`${url}/v1/services/${service}/instances/${id}`, { method: 'PUT', headers, body });
      if (!reply.ok) throw new Error(`register ${service}/${id}: ${reply.status} ${await reply.text()}`);
      await reply.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: 32 }, register));
}
