/** Whatever comes in from the network, the server lives, says what is wrong, and changes nothing. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api, register } from '../support/api.ts';
import { encodeQuery, exchangeTcp, frame, query } from '../support/query.ts';
import { judgeReply } from '../support/judges.ts';
import { generator } from '../support/random.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  await register(server.url, 'control', 'one', { address: '10.0.0.7', port: 80, permanent: true });
});
afterAll(() => server[Symbol.asyncDispose]());

const seed = Number(process.env['SIGNPOST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const originals = [
  encodeQuery('_control._tcp.svc.internal', 'SRV', { payload: 1232 }),
  encodeQuery('one.control.svc.internal', 'A'),
  encodeQuery('no.such.name.svc.internal', 'AAAA', { payload: 4096 }),
  encodeQuery('svc.internal', 'SOA'),
  encodeQuery('example.com', 'ANY', { payload: 512 }),
];

function mutate(random: (below: number) => number): Buffer {
  const octets = Buffer.from(originals[random(originals.length)]!);
  for (let edits = 1 + random(6); edits > 0; edits--) octets[random(octets.length)] = random(256);
  switch (random(5)) {
    case 0:
      return octets.subarray(0, random(octets.length + 1));
    case 1:
      return Buffer.concat([octets, Buffer.from(Array.from({ length: random(40) }, () => random(256)))]);
    default:
      return octets;
  }
}

async function controlAnswers(): Promise<void> {
  for (const transport of ['udp', 'tcp'] as const) {
    const reply = await query(server.dnsPort, '_control._tcp.svc.internal', 'SRV', { transport });
    expect(reply.rcode, `seed ${seed}, ${transport}`).toBe('NOERROR');
    expect(reply.answers.length).toBe(1);
  }
}

describe(`mutated packets (seed ${seed})`, () => {
  it('over UDP, 90,000: no crash, others can decode every reply, no answer to a response, the control query right after each batch', async () => {
    const random = generator(seed);
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const sent = new Map<number, Buffer>();
    const wrong: string[] = [];
    socket.on('message', (reply) => {
      const query = sent.get(reply.readUInt16BE(0));
      if (query === undefined) return;
      if ((query[2]! & 0x80) !== 0) wrong.push(`a response was answered: ${query.toString('hex')}`);
      try {
        judgeReply(query, reply);
      } catch (error) {
        wrong.push(`${String(error)}: ${query.toString('hex')} -> ${reply.toString('hex')}`);
      }
    });
    for (let batch = 0; batch < 90; batch++) {
      sent.clear();
      for (let n = 0; n < 1000; n++) {
        const packet = mutate(random);
        if (packet.length >= 12) {
          // Every id is used once in a batch, so that an answer tells what it answers.
          packet.writeUInt16BE(n, 0);
          sent.set(n, packet);
        }
        socket.send(packet, server.dnsPort, '127.0.0.1');
        if (n % 50 === 49) await new Promise((resolve) => setImmediate(resolve));
      }
      await controlAnswers();
    }
    socket.close();
    expect(wrong, `seed ${seed}`).toEqual([]);
  }, 120_000);

  it('over TCP, 10,000: no crash, the control query right after each batch', async () => {
    const random = generator(seed + 1);
    for (let batch = 0; batch < 100; batch++) {
      const socket = connect(server.dnsPort, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.resume();
      await once(socket, 'connect');
      for (let n = 0; n < 100; n++) socket.write(frame(mutate(random)));
      if (batch % 10 === 9) await controlAnswers();
      socket.destroy();
    }
    await controlAnswers();
  }, 120_000);
});

describe('a datagram', () => {
  it.each([
    ['that is empty', Buffer.alloc(0)],
    ['shorter than a header', Buffer.alloc(11)],
    ['that is a response', Buffer.from([0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ])('%s is not answered', async (_, packet) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    let replies = 0;
    socket.on('message', () => replies++);
    socket.send(packet, server.dnsPort, '127.0.0.1');
    await controlAnswers();
    await controlAnswers();
    expect(replies).toBe(0);
    socket.close();
  });
});

describe('over TCP', () => {
  it('a pipelined query behind a broken message on another connection is answered', async () => {
    const broken = connect(server.dnsPort, '127.0.0.1');
    broken.on('error', () => undefined);
    broken.write(Buffer.from([0, 1, 2]));
    const reply = await exchangeTcp(server.dnsPort, encodeQuery('_control._tcp.svc.internal', 'SRV'));
    expect(reply.length).toBeGreaterThan(12);
    broken.destroy();
  });
});

describe('a bad registration', () => {
  const good = { address: '10.0.0.9', port: 80 };
  it.each<[string, string, unknown, number]>([
    ['no body', 'x/instances/one', undefined, 400],
    ['an array', 'x/instances/one', [], 400],
    ['no port', 'x/instances/one', { address: '10.0.0.9' }, 400],
    ['port 0', 'x/instances/one', { ...good, port: 0 }, 400],
    ['port 65536', 'x/instances/one', { ...good, port: 65_536 }, 400],
    ['a port as text', 'x/instances/one', { ...good, port: '80' }, 400],
    ['a port with a fraction', 'x/instances/one', { ...good, port: 80.5 }, 400],
    ['an unknown field', 'x/instances/one', { ...good, tag: ['a'] }, 400],
    ['an address of five parts', 'x/instances/one', { ...good, address: '10.0.0.9.1' }, 400],
    ['an octal address', 'x/instances/one', { ...good, address: '010.0.0.9' }, 400],
    ['a host name for an address', 'x/instances/one', { ...good, address: 'localhost' }, 400],
    ['a multicast address', 'x/instances/one', { ...good, address: '224.0.0.1' }, 400],
    ['a negative weight', 'x/instances/one', { ...good, weight: -1 }, 400],
    ['a lease of a second', 'x/instances/one', { ...good, lease: 1 }, 400],
    ['a name with an underscore', '_x/instances/one', good, 400],
    ['a name with a dot', 'a.b/instances/one', good, 400],
    ['a name with the Kelvin sign', '%E2%84%AAafka/instances/one', good, 400],
    ['a name of 64 octets', `${'a'.repeat(64)}/instances/one`, good, 400],
    ['a reserved name', 'wpad/instances/one', good, 400],
    ['an id that ends with a hyphen', 'x/instances/one-', good, 400],
    ['a body above 64 KiB', 'x/instances/one', { ...good, meta: { fill: 'a'.repeat(70_000) } }, 413],
  ])('with %s is refused and changes nothing', async (_, path, body, status) => {
    const before = await api(server.url, 'GET', '/v1/services');
    const reply = await api(server.url, 'PUT', `/v1/services/${path}`, body);
    expect(reply.status).toBe(status);
    expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(reply.body.code).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(reply.body.detail).not.toBe('');
    expect((await api(server.url, 'GET', '/v1/services')).body.revision).toBe(before.body.revision);
  });

  it('that is no JSON is refused', async () => {
    const response = await fetch(`${server.url}/v1/services/x/instances/one`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"port": 80',
    });
    expect(response.status).toBe(400);
  });
});
