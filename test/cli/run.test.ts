/** `signpost run` as a user has it: the program as a child process, a real server, real programs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createResolver, type Resolver } from '../../src/client/index.ts';
import { closedPort } from '../support/backend.ts';
import { commandPath, startServer, type TestServer } from '../support/server.ts';
import { toolsMissing } from '../support/tools.ts';
import { runCommand } from './support.ts';

/** A web server that answers `ok`, says how it was told to stop, and takes 50 ms for it. */
const program = `
  const server = require('node:http').createServer((_, response) => response.end('ok'));
  server.listen(process.env.PORT, '127.0.0.1');
  process.on('SIGTERM', () => setTimeout(() => { console.log('told to stop'); process.exit(0); }, 50));
  process.on('SIGHUP', () => console.log('told to reload'));
`;

let server: TestServer;
let resolver: Resolver;
beforeAll(async () => {
  server = await startServer();
  resolver = createResolver({ servers: [server.dns], minTtlMs: 10 });
});
afterAll(async () => {
  resolver.close();
  await server[Symbol.asyncDispose]();
});

interface Running {
  readonly printed: () => string;
  /** Sends a signal to `signpost run`, not to the program. */
  kill(signal: NodeJS.Signals): void;
  /** Resolves when all was printed that `pattern` looks for. */
  until(pattern: RegExp): Promise<void>;
  /** Reads nothing of it any more. */
  close(): void;
  readonly code: Promise<number | null>;
}

function run(args: readonly string[], url = server.url): Running {
  const child = spawn(process.execPath, [commandPath, 'run', ...args], {
    env: { ...process.env, SIGNPOST_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const listeners = new Set<() => void>();
  const take = (chunk: Buffer): void => {
    printed += chunk.toString();
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const code = once(child, 'close').then(([ended]) => ended as number | null);
  return {
    printed: () => printed,
    kill: (signal) => void child.kill(signal),
    close() {
      child.stdout.destroy();
      child.stderr.destroy();
    },
    code,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(printed)) resolve();
        };
        listeners.add(look);
        look();
        void code.then((ended) =>
          reject(new Error(`ended with ${String(ended)} before ${String(pattern)}:\n${printed}`)),
        );
      }),
  };
}

async function isFound(service: string): Promise<boolean> {
  return resolver.resolveSrv(`_${service}._tcp.svc.internal`, { fresh: true }).then(
    ({ records }) => records.length > 0,
    () => false,
  );
}

describe('signpost run', () => {
  it('registers a program on a free port, forwards signals, and drains it before it is stopped', async () => {
    const running = run([
      'web',
      '--port',
      '0',
      '--ttl',
      '1',
      '--ready',
      'http:/',
      '--',
      process.execPath,
      '-e',
      program,
    ]);
    await running.until(/registered .* of web/);
    const [record] = (await resolver.resolveSrv('_web._tcp.svc.internal')).records;
    expect(await (await fetch(`http://127.0.0.1:${record!.port}/`)).text()).toBe('ok');
    running.kill('SIGHUP');
    await running.until(/told to reload/);
    running.kill('SIGTERM');
    await running.until(/out of DNS/);
    expect(await isFound('web')).toBe(false);
    expect(await (await fetch(`http://127.0.0.1:${record!.port}/`)).text(), 'it serves on').toBe('ok');
    expect(await running.code).toBe(0);
    expect(running.printed()).toContain('told to stop');
    const reply = await fetch(`${server.url}/v1/services/web/instances`);
    expect(await reply.json()).toMatchObject({ instances: [] });
  });

  it('passes the exit code of the program on', async () => {
    const node = (script: string): readonly string[] => [process.execPath, '-e', script];
    const directory = await mkdtemp(join(tmpdir(), 'signpost-run-'));
    const unrunnable = join(directory, 'program');
    await writeFile(unrunnable, '#!/bin/sh\n');
    await chmod(unrunnable, 0o644);
    const table: readonly (readonly [code: number, command: readonly string[]])[] = [
      [0, node('')],
      [1, node('process.exit(1)')],
      [42, node('process.exit(42)')],
      [143, node('process.kill(process.pid, "SIGTERM")')],
      [137, node('process.kill(process.pid, "SIGKILL")')],
      [127, ['/nonexistent/program']],
      [126, [unrunnable]],
    ];
    const codes = await Promise.all(table.map(([, command]) => run(['ended', '--port', '0', '--', ...command]).code));
    expect(codes).toEqual(table.map(([code]) => code));
    await rm(directory, { recursive: true });
  });

  it.each([
    [['web', '--port', '0'], /wanted a command after "--"/],
    [['web', '--', 'true'], /wanted --port N/],
    [['web', '--port', '0', '--ready', 'ping', '--', 'true'], /--ready wants tcp or http:\/PATH, found ping/],
    [['web', '--port', '0', '--kill-signal', 'SOON', '--', 'true'], /--kill-signal wants the name of a signal/],
    [['web', '--port', '65536', '--', 'true'], /--port wants a number from 0 to 65535/],
    [['web', '--port', '0', '--address', 'here', '--', 'true'], /--address wants an IPv4 or IPv6 address, found here/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await runCommand(['run', ...args]);
    expect(code).toBe(64);
    expect(stderr).toMatch(message);
  });

  it('runs the program though no registry answers, and passes its exit code on', async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    const running = run(
      [
        'web',
        '--port',
        '0',
        '--ready',
        'none',
        '--',
        process.execPath,
        '-e',
        'setTimeout(() => process.exit(7), 1000)',
      ],
      url,
    );
    await running.until(/not registered yet/);
    expect(await running.code).toBe(7);
  });

  it('with --require does not start it then, and ends with 69', async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    const running = run(
      [
        'web',
        '--port',
        '0',
        '--require',
        '--require-timeout',
        '0.3',
        '--',
        process.execPath,
        '-e',
        'console.log("started")',
      ],
      url,
    );
    expect(await running.code).toBe(69);
    expect(running.printed()).not.toContain('started');
  });

  it('takes a program out of DNS while its check fails', async () => {
    const toggling = `
      let well = true;
      const server = require('node:http').createServer((_, response) => response.writeHead(well ? 200 : 500).end());
      server.listen(process.env.PORT, '127.0.0.1');
      process.on('SIGUSR2', () => { well = !well; });`;
    const args = [
      'sick',
      '--port',
      '0',
      '--ready',
      'http:/',
      '--check',
      'http:/',
      '--check-interval',
      '0.1',
      '--',
      process.execPath,
      '-e',
      toggling,
    ];
    const running = run(args);
    await running.until(/registered/);
    running.kill('SIGUSR2');
    await running.until(/its check failed/);
    await expect.poll(() => isFound('sick'), { timeout: 10_000 }).toBe(false);
    running.kill('SIGUSR2');
    await running.until(/passes again/);
    await expect.poll(() => isFound('sick'), { timeout: 10_000 }).toBe(true);
    running.kill('SIGTERM');
    running.kill('SIGINT');
    await running.code;
  });

  it('leaves no program behind when it is stopped for good, or nobody reads its lines any more', async () => {
    const running = run([
      'orphan',
      '--port',
      '0',
      '--ttl',
      '1',
      '--ready',
      'http:/',
      '--',
      process.execPath,
      '-e',
      program,
    ]);
    await running.until(/registered/);
    const [record] = (await resolver.resolveSrv('_orphan._tcp.svc.internal')).records;
    running.close();
    running.kill('SIGTERM');
    await running.code;
    await expect(fetch(`http://127.0.0.1:${record!.port}/`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    expect(await isFound('orphan')).toBe(false);
  });

  it('makes a web server of Python discoverable', async () => {
    if (toolsMissing('python3')) return;
    const running = run([
      'files',
      '--port',
      '0',
      '--ready',
      'http:/',
      '--max-drain',
      '0',
      '--',
      'sh',
      '-c',
      'exec python3 -m http.server "$PORT"',
    ]);
    await running.until(/registered/);
    const [record] = (await resolver.resolveSrv('_files._tcp.svc.internal')).records;
    expect((await fetch(`http://127.0.0.1:${record!.port}/`)).status).toBe(200);
    running.kill('SIGTERM');
    expect(await running.code).toBe(143);
  });
});
