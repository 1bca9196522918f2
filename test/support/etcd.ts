/** A real etcd for tests: one member or more on loopback, on free ports, in a directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runTool } from './tools.ts';

export interface TestMember {
  /** `http://127.0.0.1:PORT`, where clients go. */
  readonly url: string;
  readonly process: ChildProcess;
  /** Starts it again after it was stopped, with what it held. */
  start(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Resolves when the process stands still, until it gets SIGCONT. */
  hang(): Promise<void>;
}

export interface TestEtcd {
  readonly members: readonly TestMember[];
  readonly urls: readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startEtcd(size = 1): Promise<TestEtcd> {
  const directory = await mkdtemp(join(tmpdir(), 'signpost-etcd-'));
  const ports = await freePorts(2 * size);
  const names = Array.from({ length: size }, (_, index) => `m${index}`);
  const peers = names.map((name, index) => `${name}=http://127.0.0.1:${ports[2 * index + 1]!}`).join(',');
  const members = names.map((name, index) => {
    const [url, peer] = [`http://127.0.0.1:${ports[2 * index]!}`, `http://127.0.0.1:${ports[2 * index + 1]!}`];
    const args = [
      '--name', name, '--data-dir', join(directory, name), '--listen-client-urls', url, '--advertise-client-urls', url,
      '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', peers,
      '--logger', 'zap', '--log-level', 'error',
    ];
    return new Member(url, args);
  });
  await Promise.all(members.map((member) => member.start()));
  return {
    members,
    urls: members.map(({ url }) => url),
    async [Symbol.asyncDispose]() {
      await Promise.all(members.map((member) => member.stop('SIGKILL')));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

class Member implements TestMember {
  readonly url: string;
  readonly #args: readonly string[];
  #process: ChildProcess | null = null;

  constructor(url: string, args: readonly string[]) {
    this.url = url;
    this.#args = args;
  }

  get process(): ChildProcess {
    return this.#process!;
  }

  async start(): Promise<void> {
    this.#process = spawn('etcd', this.#args, { stdio: 'ignore' });
    await once(this.#process, 'spawn');
    while (!(await isHealthy(this.url))) {
      if (this.#process.exitCode !== null) throw new Error(`etcd ended with ${this.#process.exitCode}`);
      await pause(50);
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    child.kill('SIGCONT');
    await ended;
  }

  async hang(): Promise<void> {
    this.process.kill('SIGSTOP');
    const state = async () => (await runTool('ps', ['-o', 'state=', '-p', String(this.process.pid)])).trim();
    while ((await state()) !== 'T') await pause(10);
  }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const { health } = (await (await fetch(`${url}/health`)).json()) as { health: string };
    return health === 'true';
  } catch {
    return false;
  }
}

/** Ports that nobody listened on a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
