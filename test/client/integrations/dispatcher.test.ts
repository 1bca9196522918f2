import { once } from 'node:events';
import { Readable } from 'node:stream';
import * as undici7 from 'undici';
import * as undici6 from 'undici6';
import { describe, expect, it } from 'vitest';
import {
  createDispatcher,
  createResolver,
  type DispatcherOptions,
  type UndiciModule,
} from '../../../src/client/index.ts';
import { type Backend, closedPort, lineOf, startBackend } from '../../support/backend.ts';
import { createAuthority } from '../../support/certificates.ts';
import { ScriptedDns } from '../../support/scripted-dns.ts';
import { toolsMissing } from '../../support/tools.ts';

type Fetch = (
  url: string,
  init?: {
    method?: string;
    body?: string | ReadableStream;
    duplex?: 'half';
    dispatcher?: unknown;
    signal?: AbortSignal;
  },
) => Promise<Response>;
interface Case {
  readonly name: string;
  readonly undici: UndiciModule;
  readonly fetch: Fetch;
}

const cases: readonly Case[] = [
  { name: 'fetch of Node, undici 7', undici: undici7, fetch: fetch as Fetch },
  { name: 'fetch of Node, undici 6', undici: undici6 as unknown as UndiciModule, fetch: fetch as Fetch },
  { name: 'fetch of undici 7', undici: undici7, fetch: undici7.fetch as unknown as Fetch },
  { name: 'fetch of undici 6', undici: undici6 as unknown as UndiciModule, fetch: undici6.fetch as unknown as Fetch },
];

const url = 'http://_web._tcp.example.test/path';

/** A dispatcher over scripted DNS, closed at the end of the scope. */
function dispatcherOver(lines: readonly string[], undici: UndiciModule, options: DispatcherOptions = {}) {
  const dns = new ScriptedDns(() => performance.now(), lines);
  const resolver = createResolver({ ask: dns.ask });
  const dispatcher = createDispatcher({ resolver, undici, ...options });
  return {
    dns,
    resolver,
    dispatcher,
    async [Symbol.asyncDispose]() {
      await dispatcher.destroy();
      resolver.close();
    },
  };
}

async function startThree(): Promise<
  AsyncDisposable & { readonly list: readonly Backend[]; readonly lines: string[] }
> {
  const list = await Promise.all(['a', 'b', 'c'].map((name) => startBackend(name)));
  return {
    list,
    lines: list.map((backend) => lineOf(backend)),
    async [Symbol.asyncDispose]() {
      await Promise.all(list.map((backend) => backend[Symbol.asyncDispose]()));
    },
  };
}

describe.each(cases)('createDispatcher with $name', ({ undici, fetch }) => {
  it('sends each request to a target, under the host name that was asked for', async () => {
    await using backends = await startThree();
    await using over = dispatcherOver(backends.lines, undici);
    const answers = await Promise.all(
      Array.from({ length: 60 }, async () => (await fetch(url, { dispatcher: over.dispatcher })).text()),
    );
    expect(new Set(answers)).toEqual(new Set(['a', 'b', 'c']));
    expect(new Set(backends.list.flatMap(({ hosts }) => hosts))).toEqual(new Set(['_web._tcp.example.test']));
  });

  it('honours weights request by request, on connections that stay open', async () => {
    await using backends = await startThree();
    const lines = backends.list.map((backend, index) => lineOf(backend, { weight: [0, 100, 300][index]! }));
    await using over = dispatcherOver(lines, undici);
    for (let request = 0; request < 200; request++) await (await fetch(url, { dispatcher: over.dispatcher })).text();
    const [none, one, three] = backends.list.map(({ hosts }) => hosts.length);
    expect(none).toBe(0);
    expect(three! / one!).toBeGreaterThan(1.8);
    expect(backends.list[2]!.connections.size).toBeLessThan(5);
  });

  it.each([
    ['a text', () => 'hello'],
    ['a stream', () => Readable.toWeb(Readable.from([Buffer.from('hel'), Buffer.from('lo')])) as ReadableStream],
  ])('goes to the next target when one refuses the connection, also with POST of %s', async (_, body) => {
    await using backend = await startBackend('good');
    const dead = await Promise.all([closedPort(), closedPort()]);
    const lines = [
      ...dead.map((port, index) => `10 1000 ${port} dead${index}.test 127.0.0.1`),
      lineOf(backend, { weight: 1 }),
    ];
    await using over = dispatcherOver(lines, undici);
    const response = await fetch(url, { dispatcher: over.dispatcher, method: 'POST', body: body(), duplex: 'half' });
    expect(await response.text()).toBe('good hello');
  });

  it('sends GET again when the connection breaks before an answer, and not POST', async () => {
    const reset: Backend = await startBackend('reset', { handle: (request) => request.socket.resetAndDestroy() });
    await using broken = reset;
    await using good = await startBackend('good');
    await using over = dispatcherOver([lineOf(broken), lineOf(good)], undici, {
      service: { policy: 'roundRobin', outlierFailures: 1000 },
    });
    for (let request = 0; request < 4; request++)
      expect(await (await fetch(url, { dispatcher: over.dispatcher })).text()).toBe('good');
    const posts = await Promise.allSettled(
      Array.from({ length: 4 }, () => fetch(url, { dispatcher: over.dispatcher, method: 'POST', body: 'x' })),
    );
    expect(posts.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
  });

  it('lets requests finish on a target that left DNS, sends it no new ones, and closes its connections', async () => {
    let release = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (release = resolve));
    await using old = await startBackend('old', {
      handle: (_, response) => void waiting.then(() => response.end('old')),
    });
    await using next = await startBackend('next');
    await using over = dispatcherOver([lineOf(old)], undici);
    const slow = fetch(url, { dispatcher: over.dispatcher });
    while (old.hosts.length === 0) await new Promise((resolve) => setImmediate(resolve));
    over.dns.answer = [lineOf(next)];
    await over.resolver.service('_web._tcp.example.test').refresh();
    for (let request = 0; request < 5; request++)
      expect(await (await fetch(url, { dispatcher: over.dispatcher })).text()).toBe('next');
    release();
    expect(await (await slow).text()).toBe('old');
    for (const socket of old.connections) await once(socket, 'close');
    expect(old.hosts).toHaveLength(1);
  });

  it('takes a target that answers 503 for one that fails', async () => {
    await using busy = await startBackend('busy', {
      handle: (_, response) => void response.writeHead(503).end('busy'),
    });
    await using good = await startBackend('good');
    await using over = dispatcherOver([lineOf(busy), lineOf(good)], undici, { service: { policy: 'roundRobin' } });
    const statuses: number[] = [];
    for (let request = 0; request < 30; request++) {
      const response = await fetch(url, { dispatcher: over.dispatcher });
      statuses.push(response.status);
      await response.text();
    }
    expect(statuses.filter((status) => status === 503)).toHaveLength(5);
  });

  it('passes other hosts on, and takes those that match names', async () => {
    await using backend = await startBackend('a');
    await using over = dispatcherOver([lineOf(backend)], undici, {
      match: { 'web.example.test': '_web._tcp.example.test' },
    });
    const get = async (address: string): Promise<string> =>
      (await fetch(address, { dispatcher: over.dispatcher })).text();
    expect(await get(`http://127.0.0.1:${backend.port}/`)).toBe('a');
    expect(await get('http://web.example.test/')).toBe('a');
    expect(backend.hosts.at(-1)).toBe('web.example.test');
  });

  it('fails with the error of DNS as the cause', async () => {
    await using over = dispatcherOver([], undici);
    await expect(fetch(url, { dispatcher: over.dispatcher })).rejects.toMatchObject({ cause: { code: 'SRV_NODATA' } });
  });

  it('ends a request whose signal aborts, and blames no target for it', async () => {
    await using hanging = await startBackend('hanging', { handle: () => undefined });
    await using over = dispatcherOver([lineOf(hanging)], undici);
    const controller = new AbortController();
    const asking = fetch(url, { dispatcher: over.dispatcher, signal: controller.signal });
    while (hanging.hosts.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expect(asking).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }) as Error);
    expect(hanging.hosts).toHaveLength(1);
  });
});

describe('createDispatcher over TLS', () => {
  it('verifies the domain of the service and not the name of the target', async () => {
    if (toolsMissing('openssl')) return;
    await using authority = await createAuthority();
    await using backend = await startBackend('a', { tls: await authority.issue(['DNS:example.test']) });
    const pool = { connect: { ca: authority.cert } };
    await using good = dispatcherOver([lineOf(backend)], undici7, { pool });
    const ask = (dispatcher: unknown): Promise<Response> =>
      (fetch as Fetch)('https://_web._tcp.example.test/', { dispatcher });
    expect(await (await ask(good.dispatcher)).text()).toBe('a');
    await using strict = dispatcherOver([lineOf(backend)], undici7, { pool, tlsName: 'target' });
    await expect(ask(strict.dispatcher)).rejects.toMatchObject({ cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } });
  });
});

it('a dispatcher serves the functions of undici as well', async () => {
  await using backend = await startBackend('a');
  await using over = dispatcherOver([lineOf(backend)], undici7);
  const { statusCode, body } = await undici7.request(url, { dispatcher: over.dispatcher, method: 'POST', body: 'x' });
  expect([statusCode, await body.text()]).toEqual([200, 'a x']);
  await over.dispatcher.close();
});
