/** The sockets of the HTTP server: what is no request, what takes too long, and how it stops. */
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { OpenServerError } from '../../src/http/server.ts';
import { createToken } from '../../src/http/tokens.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { type HarnessOptions, startHarness } from './harness.ts';

async function serve(options: HarnessOptions = {}) {
  const harness = await startHarness(options, systemClock);
  const addresses = await harness.server.listen();
  return Object.assign(harness, { addresses, port: Number(addresses[0]!.split(':').at(-1)) });
}

/** Sends octets and returns all that comes back until the server hangs up. */
async function converse(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let reply = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (reply += chunk));
  socket.write(text, 'latin1');
  await once(socket, 'close');
  return reply;
}

const head = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n';

describe('the server', () => {
  it('listens on every address it is given, on free ports where 0 asks for one', async () => {
    await using harness = await serve({
      settings: {
        listen: [
          { host: '127.0.0.1', port: 0 },
          { host: '::1', port: 0 },
        ],
      },
    });
    expect(harness.addresses).toMatchObject([
      expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^\[::1\]:\d+$/),
    ]);
    for (const address of harness.addresses) expect((await fetch(`http://${address}/healthz`)).status).toBe(200);
  });

  it('listens on none when one is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await using harness = await startHarness(
      {
        settings: {
          listen: [
            { host: '127.0.0.1', port: 0 },
            { host: '127.0.0.1', port },
          ],
        },
      },
      systemClock,
    );
    await expect(harness.server.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    taken.close();
  });

  it('does not listen off this machine without a grant, and says what to do', async () => {
    await using harness = await startHarness({ settings: { listen: [{ host: '0.0.0.0', port: 0 }] } });
    await expect(harness.server.listen()).rejects.toThrow(OpenServerError);
    await expect(harness.server.listen()).rejects.toThrow(/signpost token create --service/);
  });

  it('finds a path as it was sent, not as a browser would tidy it', async () => {
    await using harness = await serve();
    const reply = await converse(harness.port, `${head.replace('/healthz', '/v1/services/../services/%2e%2e')}\r\n`);
    expect(reply).toMatch(/^HTTP\/1\.1 404 /);
  });
});

describe('a request', () => {
  it.each<[string, string, number, string]>([
    ['that is no HTTP', 'hello\r\n\r\n', 400, 'bad-request'],
    ['of another protocol', '\x16\x03\x01\x00\xa5\x01', 400, 'bad-request'],
    ['with headers beyond 8 KiB', `${head}x-fill: ${'a'.repeat(8192)}\r\n\r\n`, 431, 'headers-too-large'],
    ['without Host', 'GET /healthz HTTP/1.0\r\n\r\n', 421, 'misdirected'],
    ['with two lengths', `${head}content-length: 1\r\ncontent-length: 2\r\n\r\n`, 400, 'bad-request'],
    [
      'with a length and chunks',
      `${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'bad-request',
    ],
  ])('%s is answered with a problem', async (_, text, status, code) => {
    await using harness = await serve();
    const reply = await converse(harness.port, text);
    expect(reply).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(reply).toMatch(/content-type: application\/problem\+json/);
    expect(JSON.parse(reply.slice(reply.indexOf('\r\n\r\n') + 4))).toMatchObject({ status, code });
  });

  it('with 7 KiB of headers is answered', async () => {
    await using harness = await serve();
    expect(await converse(harness.port, `${head}x-fill: ${'a'.repeat(7168)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('whose headers do not end is answered with 408, while others are served', async () => {
    await using harness = await serve();
    const slow = Promise.all(
      Array.from({ length: 50 }, () => converse(harness.port, 'GET /healthz HTTP/1.1\r\nhost: local')),
    );
    expect((await fetch(`http://127.0.0.1:${harness.port}/healthz`)).status).toBe(200);
    for (const reply of await slow) expect(reply).toMatch(/^HTTP\/1\.1 408 [^]*"code":"timeout"/);
  });

  it('may come in pieces, and behind another on the same connection', async () => {
    await using harness = await serve();
    const body = JSON.stringify({ address: '10.0.0.7', port: 80 });
    const put =
      'PUT /v1/services/web/instances/a HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
      `content-length: ${body.length}\r\n\r\n${body}`;
    const socket = connect(harness.port, '127.0.0.1');
    let reply = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (reply += chunk));
    for (const piece of (put + head + '\r\n').match(/[^]{1,40}/g)!) {
      socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await once(socket, 'close');
    expect(reply.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 201', 'HTTP/1.1 200']);
  });
});

describe('a server that stops', () => {
  it('answers what is under way, closes what is idle, and takes nothing new', async () => {
    const gate = new EventEmitter();
    const begun = once(gate, 'begun');
    const dump = async function* () {
      yield 'first\n';
      const opened = once(gate, 'opened');
      gate.emit('begun');
      await opened;
      yield 'last\n';
    };
    const harness = await serve({ collaborators: { dump } });
    const url = `http://127.0.0.1:${harness.port}`;
    const idle = connect(harness.port, '127.0.0.1');
    await once(idle, 'connect');
    const backup = fetch(`${url}/v1/backup`).then((response) => response.text());
    await begun;
    const closed = harness[Symbol.asyncDispose]();
    await once(idle, 'close');
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    gate.emit('opened');
    expect(await backup).toBe('first\nlast\n');
    await closed;
  });
});

it('tokens in clear text off this machine are worth a warning', async () => {
  await using harness = await startHarness(
    {
      // An address that nobody here has: listening fails, after the warning.
      settings: { listen: [{ host: '192.0.2.1', port: 0 }] },
      prepare: (tokens) => createToken(tokens, { scopes: { services: ['*'] } }),
    },
    systemClock,
  );
  await expect(harness.server.listen()).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  expect(harness.log.join('')).toContain('tokens travel in clear text');
});
