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
  /** Where clients go. */
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

/** Files (PEM) of a member, and of the authority that its clients must be certified by. */
export interface TestTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** With `tls`, clients come by https and show a certificate. */
export async function startEtcd(size = 1, tls: TestTls | null = null): Promise<TestEtcd> {
  const directory = await mkdtemp(join(tmpdir(), 'signpost-etcd-'));
  const ports = await freePorts(3 * size);
  const names = Array.from({ length: size }, (_, index) => `m${index}`);
  const peers = names.map((name, index) => `${name}=http://127.0.0.1:${ports[3 * index + 1]!}`).join(',');
  const secured =
    tls === null
      ? []
      : ['--cert-file', tls.cert, '--key-file', tls.key, '--trusted-ca-file', tls.ca, '--client-cert-auth'];
  const members = names.map((name, index) => {
    const [port, peerPort, metricsPort] = ports.slice(3 * index);
    const url = tls === null ? `http://127.0.0.1:${port}` : `https://localhost:${port}`;
    const listen = url.replace('localhost', '127.0.0.1');
    const [peer, metrics] = [`http://127.0.0.1:${peerPort}`, `http://127.0.0.1:${metricsPort}`];
    const args = [
      '--name', name, '--data-dir', join(directory, name), '--listen-client-urls', listen,
      '--advertise-client-urls', url, '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', peers,
      '--listen-metrics-urls', metrics, '--logger', 'zap', '--log-level', 'error', ...secured,
    ];
    return new Member(url, metrics, args);
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
  /** Where it says how it is, to anybody. */
  readonly #metrics: string;
  readonly #args: readonly string[];
  #process: ChildProcess | null = null;

  constructor(url: string, metrics: string, args: readonly string[]) {
    this.url = url;
    this.#metrics = metrics;
    this.#args = args;
  }

  get process(): ChildProcess {
    return this.#process!;
  }

  async start(): Promise<void> {
    this.#process = spawn('etcd', this.#args, { stdio: 'ignore' });
    await once(this.#process, 'spawn');
    while (!(await isHealthy(this.#metrics))) {
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
