import { createSocket, type Socket } from 'node:dgram';
import { decode, encode, type Answer } from 'dns-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from './support.ts';

const srv = (name: string, weight: number, target: string): Answer => ({ type: 'SRV', name, ttl: 5, data: { priority: 10, weight, port: 8080, target } });
const a = (name: string, address: string): Answer => ({ type: 'A', name, ttl: 5, data: address });

const zone: Readonly<Record<string, { answers: Answer[]; additionals: Answer[] }>> = {
  '_web._tcp.svc.internal': {
    answers: [srv('_web._tcp.svc.internal', 100, 'web-1.web.svc.internal'), srv('_web._tcp.svc.internal', 0, 'web-2.web.svc.internal')],
    additionals: [a('web-1.web.svc.internal', '10.0.0.7'), a('web-2.web.svc.internal', '10.0.0.8')],
  },
  'web.prod.internal': {
    answers: [srv('web.prod.internal', 1, 'w.web.prod.internal')],
    additionals: [a('w.web.prod.internal', '10.0.0.9')],
  },
};

let socket: Socket;
let dns = '';
beforeEach(async () => {
  socket = createSocket('udp4');
  socket.on('message', (message, { address, port }) => {
    const { id = 0, questions = [] } = decode(message);
    const found = zone[questions[0]!.name];
    const flags = 0x0400 | (found ? 0 : 3);
    socket.send(encode({ type: 'response', id, flags, questions, answers: found?.answers ?? [], additionals: found?.additionals ?? [] }), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  dns = `127.0.0.1:${socket.address().port}`;
});
afterEach(() => {
  socket.close();
});

describe('signpost resolve', () => {
  it('prints what a client would pick', async () => {
    const { code, stdout } = await runCommand(['resolve', '_web._tcp.svc.internal', '--dns', dns]);
    expect([code, stdout]).toEqual([0, 'PRIORITY  WEIGHT  ADDRESS   PORT\n10        100     10.0.0.7  8080\n']);
  });

  it('picks as often as it is asked to', async () => {
    const { stdout } = await runCommand(['resolve', '_web._tcp.svc.internal', '--count', '20', '--json', '--dns', dns]);
    const picks = stdout.trim().split('\n').map((line) => JSON.parse(line));
    expect(picks).toHaveLength(20);
    expect(picks[0]).toEqual({ priority: 10, weight: 100, target: 'web-1.web.svc.internal', address: '10.0.0.7', port: 8080 });
  });

  it('takes the server from SIGNPOST_DNS, and a name without dot as a service', async () => {
    const { stdout } = await runCommand(['resolve', 'web', '--zone', 'prod.internal'], { env: { SIGNPOST_DNS: dns } });
    expect(stdout).toContain('10.0.0.9  8080');
  });

  it('fails when the name does not exist', async () => {
    const { code, stderr } = await runCommand(['resolve', 'nothing.svc.internal', '--dns', dns]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^signpost resolve: nothing\.svc\.internal: .*\n$/);
  });

  it('ends with 69 when no server answers', async () => {
    const closed = createSocket('udp4');
    await new Promise<void>((resolve) => closed.bind(0, '127.0.0.1', resolve));
    const nobody = `127.0.0.1:${closed.address().port}`;
    await new Promise<void>((resolve) => closed.close(resolve));
    const { code, stderr } = await runCommand(['resolve', 'web', '--dns', nobody]);
    expect(code).toBe(69);
    expect(stderr).toMatch(/^signpost resolve: web\.svc\.internal: [^\n]*\n$/);
    expect(stderr).toContain(nobody);
  });

  it.each<[args: string, line: string]>([
    ['web --count 0', '--count wants a number from 1 to 1000000, found 0'],
    ['web --dns localhost:53', 'found the DNS server "localhost:53"'],
  ])('refuses "%s"', async (args, line) => {
    const { code, stderr } = await runCommand(['resolve', ...args.split(' ')]);
    expect(code).toBe(64);
    expect(stderr).toContain(line);
  });
});
