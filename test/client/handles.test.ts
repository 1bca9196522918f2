/** What the client leaves behind: nothing after close, and nothing that keeps a process alive before it. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  createAgent,
  createConnector,
  createDispatcher,
  createLookup,
  createResolver,
} from '../../src/client/index.ts';
import { FakeClock, settled } from '../support/clock.ts';
import { a, srv, startFakeDns } from '../support/fake-dns.ts';

const name = '_web._tcp.example.test';
const root = fileURLToPath(new URL('../..', import.meta.url));

/** File descriptors of this process that are sockets or pipes; Linux only, elsewhere always none. */
function openFiles(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}

describe('close', () => {
  it('ends the sockets of questions that are out, and every timer', async () => {
    await using deaf = await startFakeDns(() => undefined);
    await using good = await startFakeDns((asked) =>
      asked.reply({ answers: [srv(name, 60, 1, 1, 80, 'a.test')], additionals: [a('a.test', 60, '10.0.0.1')] }),
    );
    const clock = new FakeClock();
    const before = openFiles();
    const waiting = createResolver({ servers: [deaf.server], clock });
    const idle = createResolver({ servers: [good.server], clock });
    const failed = expect(waiting.resolveSrv(name)).rejects.toMatchObject({ code: 'SRV_CLOSED' });
    waiting.service(name).on('update', () => undefined);
    await idle.service(name).ready();
    while (deaf.asked.length === 0) await settled();
    expect(clock.pending).toBeGreaterThan(0);
    waiting.close();
    idle.close();
    await failed;
    for (let turn = 0; turn < 10; turn++) await settled();
    expect(clock.pending).toBe(0);
    expect(openFiles()).toBe(before);
  });

  it('is final: what is asked afterwards is refused', async () => {
    const resolver = createResolver({ servers: ['127.0.0.1'] });
    resolver.close();
    await expect(resolver.resolveSrv(name)).rejects.toMatchObject({ code: 'SRV_CLOSED' });
    expect(() => resolver.service(name)).toThrow(expect.objectContaining({ code: 'SRV_CLOSED' }) as Error);
  });

  it('of an integration closes the resolver that it made, and not one that it was given', async () => {
    const given = createResolver({ servers: ['127.0.0.1'] });
    createAgent({ resolver: given }).destroy();
    await createDispatcher({ resolver: given }).close();
    createLookup({ resolver: given }).close();
    createConnector(name, { resolver: given }).close();
    expect(given.service(name).name).toBe(name);
    given.close();
  });
});

it('a process ends by itself though its resolver, services and agents are open', async () => {
  await using dns = await startFakeDns((asked) =>
    asked.reply({ answers: [srv(name, 1, 1, 1, 80, 'a.test')], additionals: [a('a.test', 60, '127.0.0.1')] }),
  );
  const script = `
    import { createAgent, createDispatcher, createResolver } from 'signpost/client';
    const resolver = createResolver({ servers: ['${dns.server}'] });
    createAgent({ resolver });
    createDispatcher({ resolver });
    const service = resolver.service('${name}');
    service.on('update', () => {});
    const targets = await service.ready();
    console.log(targets.length, (await resolver.resolveSrv('${name}')).records.length);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    timeout: 20_000,
  });
  expect(stdout).toBe('1 1\n');
});
