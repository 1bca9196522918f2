/**
 * Kills servers and members of etcd under load, and says what was lost: three of each on loopback, in every round one
 * of each killed and started again. `node scripts/cluster.js [rounds]`, after `npm run build`; wants etcd in the PATH.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const rounds = Number(process.argv[2] ?? 50);
const command = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const directory = await mkdtemp(join(tmpdir(), 'signpost-cluster-'));
const base = 20_000 + Math.floor(Math.random() * 20_000);
const members = [0, 1, 2].map((index) => ({ index, url: `http://127.0.0.1:${base + index}`, process: null }));
const servers = [0, 1, 2].map((index) => ({ index, url: `http://127.0.0.1:${base + 20 + index}`, process: null }));
const cluster = members.map(({ index }) => `m${index}=http://127.0.0.1:${base + 10 + index}`).join(',');

async function startMember(member) {
  const peer = `http://127.0.0.1:${base + 10 + member.index}`;
  member.process = spawn('etcd', [
    '--name', `m${member.index}`, '--data-dir', join(directory, `m${member.index}`), '--listen-client-urls', member.url,
    '--advertise-client-urls', member.url, '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer,
    '--initial-cluster', cluster, '--logger', 'zap', '--log-level', 'error',
  ], { stdio: 'ignore' });
  await until(async () => (await (await fetch(`${member.url}/health`)).json()).health === 'true');
}

async function startServer(server) {
  const [dns, http] = [`127.0.0.1:${base + 30 + server.index}`, new URL(server.url).host];
  const data = join(directory, `s${server.index}`);
  const args = [command, 'serve', '--dns', dns, '--http', http, '--data', data, '--zones', data];
  const endpoints = members.map(({ url }) => url).join(',');
  const env = { ...process.env, SIGNPOST_STORE_TYPE: 'etcd', SIGNPOST_STORE_ENDPOINTS: endpoints };
  server.process = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve, reject) => {
    server.process.once('exit', () => reject(new Error(`server ${server.index} ended`)));
    createInterface({ input: server.process.stdout }).on('line', (line) => line.includes('"ready"') && resolve());
  });
}

async function kill(it) {
  const ended = once(it.process, 'exit');
  it.process.kill('SIGKILL');
  await ended;
}

async function until(isSo, patience = 30_000) {
  for (const end = Date.now() + patience; ; await pause(20)) {
    if (await isSo().catch(() => false)) return;
    if (Date.now() > end) throw new Error(`not so after ${patience} ms: ${isSo}`);
  }
}

/** Asks one server after the other, as clients with several URLs do; null where none took it within 10 s. */
async function call(method, path, body, first = 0) {
  for (let attempt = first, end = Date.now() + 10_000; Date.now() < end; attempt++) {
    try {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(servers[attempt % 3].url + path, { method, headers, body: JSON.stringify(body) });
      if (response.status < 500) return { status: response.status, body: await response.json() };
    } catch {
      // Killed just now: the next one.
    }
    await pause(50);
  }
  return null;
}

const found = { rounds, registered: 0, refused: 0, renewed: 0, leasesLost: 0, writesLost: 0 };
const permanent = new Set();
let isOver = false;

/** An instance with a lease of 5 s that renews every second, at a server that changes. */
async function live(id) {
  const path = `/v1/services/live/instances/${id}`;
  const registered = await call('PUT', path, { address: '10.0.0.1', port: 80, lease: 5 });
  while (!isOver) {
    await pause(1000);
    const { generation } = registered.body;
    const reply = await call('POST', `${path}/renew`, { generation }, Math.floor(Math.random() * 3));
    if (reply?.status === 200) found.renewed++;
    else found.leasesLost++;
    if (reply?.status !== 200) return;
  }
}

async function write(lane) {
  for (let round = 0; !isOver; round++) {
    const id = `i${lane}-${round}`;
    const body = { address: '10.0.0.2', port: 80, permanent: true };
    const reply = await call('PUT', `/v1/services/kept/instances/${id}`, body, lane);
    if (reply !== null && reply.status < 300) permanent.add(id);
    else found.refused++;
    await pause(30);
  }
}

async function idsAt({ url }, service) {
  const { instances } = await (await fetch(`${url}/v1/services/${service}/instances`)).json();
  return new Set(instances.map(({ id }) => id));
}

/** Milliseconds until what is registered at one server is there at the two others; 99th of 100. */
async function visibility() {
  const times = [];
  for (let round = 0; round < 200; round++) {
    const started = performance.now();
    await call('PUT', `/v1/services/seen/instances/v${round}`, { address: '10.0.0.3', port: 80, permanent: true });
    const path = `/v1/services/seen/instances/v${round}`;
    await Promise.all([1, 2].map(async (index) => {
      while ((await fetch(servers[index].url + path)).status !== 200);
    }));
    times.push(performance.now() - started);
  }
  return times.sort((one, other) => one - other)[197];
}

try {
  await Promise.all(members.map(startMember));
  await Promise.all(servers.map(startServer));
  const visibleP99 = await visibility();
  const work = [...Array.from({ length: 20 }, (_, index) => live(`l${index}`)), write(0), write(1), write(2)];
  for (let round = 0; round < rounds; round++) {
    const [member, server] = [members[round % 3], servers[(round + 1) % 3]];
    await kill(member);
    await pause(500);
    await kill(server);
    await pause(500);
    await startMember(member);
    await startServer(server);
  }
  isOver = true;
  await Promise.all(work);
  await pause(1000);
  for (const server of servers) {
    const [kept, alive] = [await idsAt(server, 'kept'), await idsAt(server, 'live')];
    found.writesLost += [...permanent].filter((id) => !kept.has(id)).length;
    found.leasesLost += 20 - alive.size;
  }
  console.log(JSON.stringify({ ...found, registered: permanent.size, visibleP99: Math.round(visibleP99 * 10) / 10 }));
  process.exitCode = found.writesLost + found.leasesLost === 0 ? 0 : 1;
} finally {
  for (const { process: child } of [...servers, ...members]) child?.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
}
