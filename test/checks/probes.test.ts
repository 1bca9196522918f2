/** Each kind of check against real servers on loopback. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  loadPackageDefinition,
  Server as GrpcServer,
  ServerCredentials,
  status as GrpcStatus,
  type ServiceClientConstructor,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, describe, expect, test } from 'vitest';
import type { ProbedCheck } from '../../src/checks/probe.ts';
import { probe } from '../../src/checks/probes.ts';
import { createAuthority } from '../support/certificates.ts';
import { toolsMissing } from '../support/tools.ts';

const timing = { interval: 10, timeout: 3, rise: 2, fall: 3 };
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Listens on a free port of loopback until the test is over. */
async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

const serve = (handler: RequestListener) => listen(createHttpServer(handler));

/** What a check comes to: a rejection is as good as critical. */
async function outcomeOf(
  check: ProbedCheck,
  address = '127.0.0.1',
  signal = AbortSignal.timeout(5000),
): Promise<string> {
  return probe({ address, port: check.port }, check, signal).catch((error: unknown) => `failed: ${String(error)}`);
}

const http = (port: number, path = '/health'): ProbedCheck => ({ type: 'http', port, path, ...timing });

describe('http', () => {
  test.each([
    [200, 'passing'],
    [204, 'passing'],
    [299, 'passing'],
    [429, 'warning'],
    [300, 'critical'],
    [304, 'critical'],
    [400, 'critical'],
    [404, 'critical'],
    [500, 'critical'],
    [503, 'critical'],
  ])('status %i is %s', async (status, outcome) => {
    expect(await outcomeOf(http(await serve((_, response) => response.writeHead(status).end('ok'))))).toBe(outcome);
  });

  test('asks for the path with GET, and names the address as host', async () => {
    const asked: unknown[] = [];
    const port = await serve(({ method, url, headers }, response) => {
      asked.push(method, url, headers.host);
      response.end();
    });
    await outcomeOf(http(port, '/health?deep=1'));
    expect(asked).toEqual(['GET', '/health?deep=1', `127.0.0.1:${port}`]);
  });

  test.each([301, 302, 303, 307, 308])('follows no redirect with status %i', async (status) => {
    let visits = 0;
    const canary = await serve((_, response) => {
      visits++;
      response.end();
    });
    const port = await serve((_, response) =>
      response.writeHead(status, { location: `http://127.0.0.1:${canary}/` }).end(),
    );
    expect(await outcomeOf(http(port))).toBe('critical');
    expect(visits).toBe(0);
  });

  test('reads no body: one without end does not keep it', async () => {
    let closed: () => void;
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const port = await serve((request, response) => {
      request.socket.on('close', () => closed());
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', pour);
      pour();
    });
    expect(await outcomeOf(http(port))).toBe('passing');
    await gone;
  });

  test('fails on endless headers', async () => {
    const port = await listen(
      createTcpServer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        const pour = () => {
          while (!socket.destroyed && socket.write(`x: ${'y'.repeat(1000)}\r\n`));
        };
        socket.on('drain', pour);
        pour();
      }),
    );
    expect(await outcomeOf(http(port))).toMatch(/^failed: .*overflow/i);
  });

  test.each([
    ['no response', ''],
    ['garbage', 'hello\r\n\r\n'],
    ['half a response', 'HTTP/1.1 200 O'],
    [
      'another protocol after an upgrade',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    ],
  ])('fails on %s', async (_, octets) => {
    const port = await listen(createTcpServer((socket) => socket.once('data', () => socket.end(octets))));
    expect(await outcomeOf(http(port))).toMatch(/^failed/);
  });

  test('closes a connection that changes to another protocol', async () => {
    let closed: () => void;
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const port = await listen(
      createTcpServer((socket) => {
        socket.on('close', () => closed());
        socket.once('data', () => {
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
        });
      }),
    );
    expect(await outcomeOf(http(port))).toMatch(/^failed/);
    await gone;
  });

  test('ends when it is told to', async () => {
    const port = await listen(createTcpServer(() => undefined));
    expect(await outcomeOf(http(port), '127.0.0.1', AbortSignal.timeout(20))).toMatch(/^failed/);
  });

  test('reaches IPv6 addresses', async () => {
    const port = await listen(
      createHttpServer((_, response) => response.end()),
      '::1',
    );
    expect(await outcomeOf(http(port), '::1')).toBe('passing');
  });
});

test('https takes whatever certificate the address has', async () => {
  if (toolsMissing('openssl')) return;
  await using authority = await createAuthority();
  const server = createHttpsServer(await authority.issue(['DNS:web.example'], -1), (_, response) => response.end());
  const port = await listen(server);
  expect(await outcomeOf({ type: 'https', port, path: '/', ...timing })).toBe('passing');
  expect(await outcomeOf(http(port, '/'))).not.toBe('passing');
});

describe('tcp', () => {
  const tcp = (port: number): ProbedCheck => ({ type: 'tcp', port, ...timing });

  test('passes where a connection is accepted, and closes it', async () => {
    let closed: () => void;
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const port = await listen(createTcpServer((socket) => socket.on('close', () => closed()).resume()));
    expect(await outcomeOf(tcp(port))).toBe('passing');
    await gone;
  });

  test('fails where nobody listens', async () => {
    const server = createTcpServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await outcomeOf(tcp(port))).toMatch(/^failed: .*ECONNREFUSED/);
  });
});

describe('grpc', () => {
  const grpc = (port: number, grpcService = ''): ProbedCheck => ({ type: 'grpc', port, grpcService, ...timing });

  /** The health service as grpc-js and protobuf.js have it. */
  async function serveHealth(statuses: Record<string, string>): Promise<number> {
    const directory = mkdtempSync(join(tmpdir(), 'signpost-health-'));
    const file = join(directory, 'health.proto');
    writeFileSync(
      file,
      `syntax = "proto3"; package grpc.health.v1;
      message HealthCheckRequest { string service = 1; }
      message HealthCheckResponse {
        enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
        ServingStatus status = 1;
      }
      service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); }`,
    );
    const loaded = loadPackageDefinition(loadSync(file, { enums: String, defaults: true })) as unknown as {
      grpc: { health: { v1: { Health: ServiceClientConstructor } } };
    };
    rmSync(directory, { recursive: true });
    const server = new GrpcServer();
    const check = ({ request }: { request: { service: string } }, reply: (error: unknown, value?: unknown) => void) => {
      const status = statuses[request.service];
      if (status === undefined) reply({ code: GrpcStatus.NOT_FOUND });
      else reply(null, { status });
    };
    server.addService(loaded.grpc.health.v1.Health.service, { Check: check as UntypedHandleCall });
    closing.push(() => server.forceShutdown());
    return new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  }

  test('passes where the service is SERVING, and nowhere else', async () => {
    const long = 'x'.repeat(200);
    const port = await serveHealth({
      '': 'SERVING',
      up: 'SERVING',
      [long]: 'SERVING',
      down: 'NOT_SERVING',
      odd: 'UNKNOWN',
      strange: 'SERVICE_UNKNOWN',
    });
    const outcomes = await Promise.all(
      ['', 'up', long, 'down', 'odd', 'strange'].map((name) => outcomeOf(grpc(port, name))),
    );
    expect(outcomes).toEqual(['passing', 'passing', 'passing', 'critical', 'critical', 'critical']);
    expect(await outcomeOf(grpc(port, 'nobody'))).not.toBe('passing');
  });

  test('fails where HTTP/2 is spoken and no gRPC', async () => {
    const port = await listen(createHttp2Server((_, response) => response.end('SERVING')));
    expect(await outcomeOf(grpc(port))).not.toBe('passing');
  });

  test('fails where the status behind a good message is an error', async () => {
    const server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '13' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 1]));
    });
    expect(await outcomeOf(grpc(await listen(server)))).toMatch(/^failed/);
  });

  test('fails on an endless message', async () => {
    const server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.write(Buffer.alloc(2000));
    });
    expect(await outcomeOf(grpc(await listen(server)))).toMatch(/^failed: .*1024 octets/);
  });

  test.each([
    ['closes at once', (socket: Socket) => void socket.destroy()],
    ['speaks HTTP/1.1', (socket: Socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\n')],
  ])('fails where the server %s', async (_, answer) => {
    expect(await outcomeOf(grpc(await listen(createTcpServer(answer))))).not.toBe('passing');
  });

  test('ends when it is told to', async () => {
    const port = await listen(createTcpServer(() => undefined));
    expect(await outcomeOf(grpc(port), '127.0.0.1', AbortSignal.timeout(20))).toMatch(/^failed/);
  });
});
