/** The members of etcd that a campaign starts, kills, stops and asks what they hold. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ended, until } from './process.js';

const prefix = '/signpost/v1/instance/';

/** @typedef {{ index: number, process: import('node:child_process').ChildProcess | null }} Member */

export class Etcd {
  #network;
  #directory;
  /** @type {readonly Member[]} */
  members;

  /** @param {import('./network.js').Network} network @param {string} directory for what the members keep */
  constructor(network, directory) {
    this.#network = network;
    this.#directory = directory;
    this.members = network.ports.map((_, index) => ({ index, process: null }));
  }

  async startAll() {
    await Promise.all(this.members.map((member) => this.start(member)));
  }

  /** Resolves when the member takes part. */
  async start(member) {
    const { command: [program, ...args], host, ports, peerPorts } = this.#network;
    const { index } = member;
    const [client, peer] = [`http://${host}:${ports[index]}`, `http://127.0.0.1:${peerPorts[index]}`];
    const cluster = peerPorts.map((port, other) => `m${other}=http://127.0.0.1:${port}`).join(',');
    member.process = spawn(program, [
      ...args, '--name', `m${index}`, '--data-dir', join(this.#directory, `m${index}`), '--listen-client-urls', client,
      '--advertise-client-urls', client, '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer,
      '--initial-cluster', cluster, '--logger', 'zap', '--log-level', 'error',
    ], { stdio: 'ignore' });
    await until(async () => (await this.#ask(index, '/health')).health === 'true');
  }

  async stop(member, signal = 'SIGKILL') {
    const end = ended(member.process);
    member.process.kill(signal);
    await end;
  }

  /** The process hangs: the system goes on taking connections for it. */
  hang(member) {
    member.process.kill('SIGSTOP');
  }

  wake(member) {
    member.process.kill('SIGCONT');
  }

  async leader() {
    const { header, leader } = await this.#askAny('/v3/maintenance/status', {});
    if (header.member_id === leader) return this.members[header.asked];
    for (const member of this.members) {
      const status = await this.#ask(member.index, '/v3/maintenance/status', {}).catch(() => null);
      if (status?.header.member_id === leader) return member;
    }
    throw new Error('etcd has no leader that can be asked');
  }

  /** Forgets all history but the newest state. */
  async compact() {
    const { header } = await this.#askAny('/v3/kv/range', { key: base64(prefix), limit: 1 });
    await this.#askAny('/v3/kv/compaction', { revision: header.revision, physical: true });
  }

  /** Its revision, and the instances of services as they are: `SERVICE/ID` to revision and generation. */
  async read(services) {
    const range = { key: base64(prefix), range_end: base64(`${prefix.slice(0, -1)}0`) };
    const { header, kvs = [] } = await this.#askAny('/v3/kv/range', range);
    const entries = kvs.map(({ key, value, mod_revision }) => {
      const revision = Number(mod_revision);
      // A new registration has the revision for its generation, which it could not name yet.
      const { generation } = JSON.parse(text(value));
      const [, service, id] = text(key).slice(prefix.length).split('/');
      return [`${service}/${id}`, { revision, generation: generation || revision }];
    });
    const asked = entries.filter(([key]) => services.includes(key.split('/')[0]));
    return { revision: Number(header.revision), instances: new Map(asked) };
  }

  kill() {
    for (const { process: child } of this.members) child?.kill('SIGKILL');
    return Promise.all(this.members.map(({ process: child }) => child && ended(child)));
  }

  async #askAny(path, body) {
    let failure;
    for (const { index } of this.members) {
      try {
        const reply = await this.#ask(index, path, body);
        return { ...reply, header: { ...reply.header, asked: index } };
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  async #ask(index, path, body) {
    const request = body && { method: 'POST', body: JSON.stringify(body) };
    const url = this.#network.endpoints[index] + path;
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(2000) });
    if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
}

function base64(octets) {
  return Buffer.from(octets).toString('base64');
}

function text(octets) {
  return Buffer.from(octets, 'base64').toString();
}
