/** Every example runs, against a real server. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { register } from '../src/agent/index.ts';
import { startGrpcBackend } from './support/grpc-backend.ts';
import { startServer, type TestServer } from './support/server.ts';
import { toolsMissing } from './support/tools.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

function env(): NodeJS.ProcessEnv {
  return { ...process.env, SIGNPOST_URL: server.url, SIGNPOST_DNS: server.dns };
}

/** What an example prints until it ends. */
async function run(name: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [`examples/${name}`], {
    cwd: root,
    env: env(),
    timeout: 20_000,
  });
  return stdout;
}

/** Starts an example that serves, and waits until it prints `ready`. */
async function start(
  command: string,
  file: string,
  ready: RegExp,
): Promise<{ child: ChildProcess; ended: Promise<unknown[]> }> {
  const child = spawn(command, [`examples/${file}`], { cwd: root, env: env(), stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      printed += chunk.toString();
      if (ready.test(printed)) resolve();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    void ended.then(() => reject(new Error(`${file} ended before it was ready:\n${printed}`)));
  });
  return { child, ended };
}

/** The registered instances of `web`. */
async function instances(): Promise<unknown[]> {
  const reply = (await (await fetch(`${server.url}/v1/services/web/instances`)).json()) as { instances: unknown[] };
  return reply.instances;
}

describe('the example', () => {
  it('fastify.js serves fetch.js and axios.js, and leaves when it is told to', async () => {
    const { child, ended } = await start(process.execPath, 'fastify.js', /registered as/);
    expect(await run('fetch.js')).toMatch(/^200 \{"hello":"from","pid":\d+\}\n200 /);
    expect(await run('axios.js')).toMatch(/^200 \{ hello: 'from', pid: \d+ \}\n$/);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(await instances()).toEqual([]);
  });

  it('grpc.js calls a registered gRPC service', async () => {
    await using backend = await startGrpcBackend('echo');
    const registration = await register({ service: 'echo', port: backend.port, server: server.url });
    expect(await run('grpc.js')).toBe('echo\n');
    await registration.deregister();
  });

  it('run.sh registers a web server of Python', async () => {
    if (toolsMissing('python3')) return;
    const { child, ended } = await start('sh', 'run.sh', /registered/);
    expect(await run('axios.js')).toMatch(/^200 /);
    child.kill('SIGTERM');
    await ended;
    await expect.poll(instances, { timeout: 10_000 }).toEqual([]);
  });

  it('is in this test, whichever it is', () => {
    expect(readdirSync(`${root}/examples`).sort()).toEqual([
      'README.md',
      'axios.js',
      'fastify.js',
      'fetch.js',
      'grpc.js',
      'run.sh',
    ]);
  });
});
