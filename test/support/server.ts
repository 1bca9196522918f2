/** A real server for tests: `dist/cli/main.js serve` as a child process on free ports with a data directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const commandPath = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface TestServer {
  readonly process: ChildProcess;
  /** `127.0.0.1:PORT`, the first of each kind. */
  readonly dns: string;
  readonly dnsPort: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly data: string;
  readonly zones: string;
  /** Every log line so far, parsed. */
  readonly log: readonly Record<string, unknown>[];
  /** Sends SIGTERM (or `signal`) and waits for the end; returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Also removes what it made on disk. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestServerOptions {
  /** Further arguments of `serve`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Kept by the caller; a fresh one otherwise. */
  readonly data?: string;
  readonly zones?: string;
}

/** Starts a server and waits for its `ready` line; rejects with what it printed when it ends before that. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  const data = options.data ?? join(directory, 'data');
  const zones = options.zones ?? join(directory, 'zones');
  const args = ['serve', '--dns', '127.0.0.1:0', '--http', '127.0.0.1:0', '--data', data, '--zones', zones];
  const child = spawn(process.execPath, [commandPath, ...args, ...(options.args ?? [])], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  const log: Record<string, unknown>[] = [];
  let printed = '';
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const ready = new Promise<Record<string, unknown>>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      printed += `${line}\n`;
      if (!line.startsWith('{')) return;
      const entry = JSON.parse(line) as Record<string, unknown>;
      log.push(entry);
      if (entry['msg'] === 'ready') resolve(entry);
    });
    ended.then(
      ([code]) => reject(new Error(`serve ended with ${String(code)} before it was ready:\n${printed}`)),
      reject,
    );
  });
  const { dns, http } = (await ready) as { dns: string[]; http: string[] };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
    return child.exitCode;
  };
  return {
    process: child,
    dns: dns[0]!,
    dnsPort: Number(dns[0]!.split(':').at(-1)),
    url: `http://${http[0]!}`,
    data,
    zones,
    log,
    stop,
    async [Symbol.asyncDispose]() {
      await stop('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
