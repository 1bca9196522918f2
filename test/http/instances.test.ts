/** The life of an instance as its owner sees it over HTTP. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createToken } from '../../src/http/tokens.ts';
import { settled } from '../support/clock.ts';
import { type Harness, startHarness } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness[Symbol.asyncDispose]());

const one = '/v1/services/web/instances/one';
const good = { address: '10.0.0.7', port: 8080 };

describe('a registration', () => {
  it('is answered with 201, its lease, and the names that find it', async () => {
    const reply = await harness.call('PUT', one, { body: good });
    expect(reply.status).toBe(201);
    expect(reply.headers['location']).toBe(one);
    expect(reply.headers['etag']).toBe('"1"');
    expect(reply.body).toEqual({
      service: 'web',
      id: 'one',
      zone: 'svc.internal',
      generation: 1,
      revision: 1,
      status: 'passing',
      lease: { seconds: 30, expiresAt: '2026-01-01T00:00:30.000Z', renewAfter: 10 },
      names: ['_web._tcp.svc.internal', 'web.svc.internal', 'one.web.svc.internal', 'one._web._tcp.svc.internal'],
      warnings: [],
    });
  });

  it('is answered only when it is published', async () => {
    await harness.call('PUT', one, { body: good });
    expect(harness.published).toHaveLength(1);
    expect(harness.published[0]).toMatchObject([{ kind: 'instance', cause: 'registered', after: { id: 'one' } }]);
  });

  it('of what is known already is answered with 200, and the same generation when nothing is new', async () => {
    await harness.call('PUT', one, { body: good });
    const same = await harness.call('PUT', one, { body: good });
    expect([same.status, same.body.generation]).toEqual([200, 1]);
    const other = await harness.call('PUT', one, { body: { ...good, port: 8081 } });
    expect([other.status, other.body.generation]).toEqual([200, 2]);
  });

  it('by POST gets an id from the server, a new one each time', async () => {
    const first = await harness.call('POST', '/v1/services/web/instances', { body: good });
    const second = await harness.call('POST', '/v1/services/web/instances', { body: good });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(first.body.id).toMatch(/^[0-9a-f]{16}$/);
    expect(second.body.id).not.toBe(first.body.id);
    expect(first.headers['location']).toBe(`/v1/services/web/instances/${first.body.id}`);
  });

  it('without address takes the one it came from', async () => {
    const { token } = await createToken(harness.tokens, { scopes: { services: ['*'] } });
    await harness.call('PUT', one, { body: { port: 80 }, from: '::ffff:10.1.2.3', token });
    const { body } = await harness.call('GET', one);
    expect(body.addresses).toEqual(['10.1.2.3']);
    expect(body.registeredFrom).toBe('10.1.2.3');
  });

  it('takes everything that the contract shows', async () => {
    const body = {
      address: '10.0.0.7',
      addresses: ['10.0.0.7', 'fd00::7'],
      port: 8080,
      protocol: 'tcp',
      ports: { grpc: { port: 9090, protocol: 'tcp' } },
      priority: 10,
      weight: 100,
      tags: ['v2'],
      meta: { commit: 'abc' },
      ttl: 5,
      lease: 30,
      permanent: false,
      status: 'passing',
      checks: [{ type: 'http', path: '/health', interval: 10, timeout: 3, rise: 2, fall: 3 }],
    };
    const registered = await harness.call('PUT', one, { body });
    expect([registered.status, registered.body.status]).toEqual([201, 'unknown']);
    const { address, permanent, status, ...rest } = body;
    expect((await harness.call('GET', one)).body).toMatchObject({
      ...rest,
      checks: [{ ...body.checks[0], port: 8080 }],
      declared: status,
    });
    expect([address, permanent]).toEqual(['10.0.0.7', false]);
  });

  it('with If-None-Match: * makes sure that there was none', async () => {
    const headers = { 'if-none-match': '*' };
    expect((await harness.call('PUT', one, { body: good, headers })).status).toBe(201);
    const again = await harness.call('PUT', one, { body: { ...good, port: 81 }, headers });
    expect([again.status, again.body.code]).toEqual([412, 'stale']);
  });

  it('with If-Match replaces that revision only', async () => {
    const { headers } = await harness.call('PUT', one, { body: good });
    const match = { 'if-match': headers['etag']! };
    expect((await harness.call('PUT', one, { body: { ...good, weight: 1 }, headers: match })).status).toBe(200);
    expect((await harness.call('PUT', one, { body: { ...good, weight: 2 }, headers: match })).status).toBe(412);
  });

  it.each([
    ['a long service name', 'a-service-with-a-long-name', good, /RFC 6335/],
    ['a ttl that its lease cannot keep', 'web', { ...good, ttl: 600, lease: 10 }, /ttl 600 is answered as \d+/],
    ['permanence without checks', 'web', { ...good, permanent: true }, /stays in DNS when it dies/],
    ['checks that have not passed', 'web', { ...good, checks: [{ type: 'tcp' }] }, /not answered until/],
    ['a service name without room for _', 'a'.repeat(63), good, /no room/],
  ])('is warned of %s', async (_, service, body, warning) => {
    const reply = await harness.call('PUT', `/v1/services/${service}/instances/one`, { body });
    expect(reply.status).toBe(201);
    expect(reply.body.warnings.join('\n')).toMatch(warning);
  });
});

describe('a dry run', () => {
  it('shows the records that it would make and changes nothing', async () => {
    const reply = await harness.call('PUT', `${one}?dryRun=true`, { body: { ...good, tags: ['v2'] } });
    expect(reply.status).toBe(200);
    expect(reply.body.records).toContain('_web._tcp.svc.internal. 5 IN SRV 10 100 8080 one.web.svc.internal.');
    expect(reply.body.records).toContain('v2._tag.web.svc.internal. 5 IN A 10.0.0.7');
    expect(reply.body.names).toContain('one.web.svc.internal');
    expect([harness.registry.revision, harness.published.length, harness.registry.instanceCount]).toEqual([0, 0, 0]);
  });

  it('is refused what the registration would be refused', async () => {
    const reply = await harness.call('PUT', `${one}?dryRun=true`, { body: { ...good, address: '224.0.0.1' } });
    expect([reply.status, reply.body.code]).toEqual([400, 'invalid']);
  });

  it('by POST picks an id, too', async () => {
    const reply = await harness.call('POST', '/v1/services/web/instances?dryRun=true', { body: good });
    expect([reply.status, reply.body.dryRun]).toEqual([200, true]);
    expect(reply.body.names).toContain(`${reply.body.id}.web.svc.internal`);
  });
});

describe('an instance', () => {
  beforeEach(async () => {
    await harness.call('PUT', one, { body: good });
  });

  it('is patched without a new generation', async () => {
    const reply = await harness.call('PATCH', one, { body: { weight: 7, tags: ['b'], status: 'warning' } });
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ weight: 7, tags: ['b'], status: 'warning', generation: 1, revision: 2 });
    expect(reply.headers['etag']).toBe('"2"');
  });

  it('is renewed for another lease', async () => {
    await harness.clock.pass(20_000);
    const reply = await harness.call('POST', `${one}/renew`, { body: { generation: 1 } });
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ generation: 1, revision: 1, lease: { expiresAt: '2026-01-01T00:00:50.000Z' } });
  });

  it('changes its status with a renewal', async () => {
    const reply = await harness.call('POST', `${one}/renew`, { body: { generation: 1, status: 'critical' } });
    expect(reply.body).toMatchObject({ status: 'critical', revision: 2 });
  });

  it('is not renewed by a generation that was replaced', async () => {
    await harness.call('PUT', one, { body: { ...good, port: 1 } });
    const reply = await harness.call('POST', `${one}/renew`, { body: { generation: 1 } });
    expect([reply.status, reply.body.code]).toEqual([409, 'replaced']);
  });

  it('is gone for renewals once it was deregistered', async () => {
    expect((await harness.call('DELETE', one)).body).toMatchObject({
      id: 'one',
      safeToStopAt: '2026-01-01T00:00:05.000Z',
    });
    const reply = await harness.call('POST', `${one}/renew`, { body: { generation: 1 } });
    expect([reply.status, reply.body.code]).toEqual([410, 'gone']);
    expect((await harness.call('GET', one)).status).toBe(404);
  });

  it('is deregistered only as the generation that is named', async () => {
    await harness.call('PUT', one, { body: { ...good, port: 1 } });
    expect((await harness.call('DELETE', `${one}?generation=1`)).status).toBe(409);
    expect((await harness.call('DELETE', `${one}?generation=2`)).status).toBe(200);
  });

  it('drains: it is told until when resolvers may hold it, and stays listed', async () => {
    const reply = await harness.call('POST', `${one}/drain`);
    expect(reply.body.safeToStopAt).toBe('2026-01-01T00:00:05.000Z');
    expect((await harness.call('GET', one)).body.status).toBe('draining');
  });

  it('drains and waits until it is safe to stop', async () => {
    let answered = false;
    const reply = harness.call('POST', `${one}/drain?wait=true`).then((value) => {
      answered = true;
      return value;
    });
    await harness.clock.pass(4900);
    expect(answered).toBe(false);
    await harness.clock.pass(200);
    expect((await reply).body.safeToStopAt).toBe('2026-01-01T00:00:05.000Z');
  });

  it('drains, and is told when the server stops before it is safe', async () => {
    const reply = harness.call('POST', `${one}/drain?wait=true`);
    await settled();
    await harness.server.close();
    expect((await reply).body).toMatchObject({ status: 503, code: 'stopping' });
  });

  it('is not sent again to who has it', async () => {
    const reply = await harness.call('GET', one, { headers: { 'if-none-match': 'W/"0", "1"' } });
    expect([reply.status, reply.body, reply.headers['etag']]).toEqual([304, '', '"1"']);
  });

  it('has no length when it is not sent again', async () => {
    const reply = await harness.call('GET', one, { headers: { 'if-none-match': '"1"' } });
    expect([reply.status, reply.headers['content-length']]).toEqual([304, undefined]);
  });
});

describe('many renewals at once', () => {
  it('get a result each, in order, whatever becomes of the others', async () => {
    for (const id of ['a', 'b', 'c', 'd'])
      await harness.call('PUT', `/v1/services/web/instances/${id}`, { body: good });
    await harness.call('DELETE', '/v1/services/web/instances/b');
    await harness.call('PUT', '/v1/services/web/instances/c', { body: { ...good, port: 1 } });
    await harness.call('PUT', '/v1/services/web/instances/a?zone=other.internal', { body: good });
    await harness.clock.pass(10_000);
    const other = harness.registry.instance('other.internal', 'web', 'a')!;
    const leases = [
      { service: 'web', id: 'a', generation: 1 },
      { service: 'web', id: 'b', generation: 2 },
      { service: 'web', id: 'c', generation: 3 },
      { service: 'web', id: 'd', generation: 4, status: 'warning' },
      { service: 'nope', id: 'a', generation: 1 },
      { service: 'WEB', id: 'A', generation: 1 },
      { service: 'web', id: 'a', generation: other.generation, zone: 'other.internal' },
    ];
    const { status, body } = await harness.call('POST', '/v1/renew', { body: { leases } });
    expect(status).toBe(200);
    const lease = { seconds: 30, expiresAt: '2026-01-01T00:00:40.000Z', renewAfter: 10 };
    expect(body.results).toMatchObject([
      { service: 'web', id: 'a', generation: 1, status: 200, lease },
      { service: 'web', id: 'b', generation: 2, status: 410, code: 'gone' },
      { service: 'web', id: 'c', generation: 3, status: 409, code: 'replaced' },
      { service: 'web', id: 'd', generation: 4, status: 200, lease },
      { service: 'nope', id: 'a', generation: 1, status: 404, code: 'not-found' },
      { service: 'WEB', id: 'A', generation: 1, status: 200, lease },
      { service: 'web', id: 'a', status: 200, lease },
    ]);
    expect(harness.registry.instance('svc.internal', 'web', 'd')?.declared).toBe('warning');
  });

  it('of a thousand leases fit into one request', async () => {
    const generations = await Promise.all(
      Array.from(
        { length: 1000 },
        async (_, n) => (await harness.call('PUT', `/v1/services/big/instances/i${n}`, { body: good })).body.generation,
      ),
    );
    const leases = generations.map((generation, n) => ({ service: 'big', id: `i${n}`, generation }));
    const { body } = await harness.call('POST', '/v1/renew', { body: { leases } });
    expect(body.results).toHaveLength(1000);
    expect(new Set(body.results.map(({ status }: { status: number }) => status))).toEqual(new Set([200]));
  });
});

it('a full store is said to be one, with the time to come again', async () => {
  await using full = await startHarness({ registry: { mostInstances: 1 } });
  await full.call('PUT', one, { body: good });
  const reply = await full.call('PUT', '/v1/services/web/instances/two', { body: good });
  expect([reply.status, reply.body.code, reply.headers['retry-after']]).toEqual([507, 'too-many', '60']);
});
