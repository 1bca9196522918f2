/** Register over HTTP, discover by DNS: the whole path, with a real server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api, register } from '../support/api.ts';
import { query, type QueryReply, type Transport } from '../support/query.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

function targets(reply: QueryReply): string[] {
  return reply.answers.map((answer) => (answer as { data: { target: string } }).data.target);
}

describe('a registration', () => {
  it('is visible to the next query on every transport, 10,000 times', async () => {
    let stale = 0;
    const rounds = 10_000;
    const lanes = 16;
    await Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        for (let round = lane; round < rounds; round += lanes) {
          const port = 1 + (round % 65_535);
          await register(server.url, `lane-${lane}`, 'one', { address: '10.0.0.7', port, permanent: true });
          const transport: Transport = round % 4 === 0 ? 'tcp' : 'udp';
          const reply = await query(server.dnsPort, `_lane-${lane}._tcp.svc.internal`, 'SRV', { transport });
          const [answer] = reply.answers as unknown as { data: { port: number } }[];
          if (answer?.data.port !== port) stale++;
        }
      }),
    );
    expect(stale).toBe(0);
  }, 240_000);

  it('is gone from the next answer after DELETE, and its name is NXDOMAIN', async () => {
    await register(server.url, 'short', 'one', { address: '10.0.0.7', port: 80 });
    await api(server.url, 'DELETE', '/v1/services/short/instances/one');
    const reply = await query(server.dnsPort, '_short._tcp.svc.internal', 'SRV');
    expect(reply.rcode).toBe('NXDOMAIN');
    expect(reply.authorities.map(({ type }) => type)).toEqual(['SOA']);
  });

  it('cannot be revived by a renew that was under way when it was deleted', async () => {
    const { body } = await register(server.url, 'late', 'one', { address: '10.0.0.7', port: 80 });
    await api(server.url, 'DELETE', '/v1/services/late/instances/one');
    const renewed = await api(server.url, 'POST', '/v1/services/late/instances/one/renew', { generation: body.generation });
    expect(renewed.status).toBe(410);
    expect((await query(server.dnsPort, 'one.late.svc.internal', 'A')).rcode).toBe('NXDOMAIN');
  });

  it('has a forward-moving revision that is the SOA serial', async () => {
    const { body } = await register(server.url, 'serial', 'one', { address: '10.0.0.7', port: 80 });
    const reply = await query(server.dnsPort, 'svc.internal', 'SOA');
    expect((reply.answers[0] as { data: { serial: number } }).data.serial).toBe(body.revision);
  });

  it('ends by itself when its lease is not renewed', async () => {
    await register(server.url, 'mortal', 'one', { address: '10.0.0.7', port: 80, lease: 2 });
    await expect
      .poll(async () => (await query(server.dnsPort, 'one.mortal.svc.internal', 'A')).rcode, { timeout: 10_000 })
      .toBe('NXDOMAIN');
  });

  it('of a dry run changes nothing and shows the records', async () => {
    const reply = await api(server.url, 'PUT', '/v1/services/dry/instances/one?dryRun=true', { address: '10.0.0.7', port: 80 });
    expect(reply.status).toBe(200);
    expect(JSON.stringify(reply.body)).toContain('one.dry.svc.internal.');
    expect((await query(server.dnsPort, 'one.dry.svc.internal', 'A')).rcode).toBe('NXDOMAIN');
  });
});

describe('a service of 100 instances', () => {
  beforeAll(async () => {
    for (let n = 0; n < 100; n++) {
      await register(server.url, 'big', `instance-${n}`, { address: `10.0.1.${n}`, port: 8000 + n, permanent: true });
    }
  });
  const name = '_big._tcp.svc.internal';

  it('sets TC over UDP and keeps an answer', async () => {
    const reply = await query(server.dnsPort, name, 'SRV', { payload: 1232 });
    expect(reply.truncated).toBe(true);
    expect(reply.answers.length).toBeGreaterThan(0);
    expect(reply.octets.length).toBeLessThanOrEqual(1232);
  });

  it('gives all 100 over TCP', async () => {
    const reply = await query(server.dnsPort, name, 'SRV', { transport: 'tcp' });
    expect(reply.truncated).toBe(false);
    expect(new Set(targets(reply)).size).toBe(100);
  });

  it('gives one client the same UDP subset each time, and different clients different ones', async () => {
    const subset = async (from: string) =>
      targets(await query(server.dnsPort, name, 'SRV', { payload: 1232, from })).sort().join(' ');
    const first = await subset('127.0.0.1');
    for (let round = 0; round < 10; round++) expect(await subset('127.0.0.1')).toBe(first);
    const others = await Promise.all([2, 3, 4, 5].map((host) => subset(`127.0.0.${host}`)));
    expect(new Set([first, ...others]).size).toBeGreaterThan(1);
  });
});

describe('a restart', () => {
  it('after kill -9 keeps everything that was acknowledged', async () => {
    await using first = await startServer();
    const acknowledged: string[] = [];
    let failed = false;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; !failed; n++) {
        const id = `w${writer}-${n}`;
        try {
          await register(first.url, `crash-${writer}`, id, { address: '10.0.0.7', port: 80, permanent: true });
          acknowledged.push(`${id}.crash-${writer}`);
        } catch {
          failed = true;
        }
      }
    });
    await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(500);
    await first.stop('SIGKILL');
    await Promise.all(writers);
    await using second = await startServer({ data: first.data });
    for (const name of acknowledged) {
      const reply = await query(second.dnsPort, `${name}.svc.internal`, 'A');
      expect(reply.rcode, name).toBe('NOERROR');
    }
  });
});
