/** Lists of services and instances: filters, ETags, and waiting for what is newer. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settled } from '../support/clock.ts';
import { type Harness, type Reply, startHarness } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
  await register('web', 'a', { tags: ['v1'] });
  await register('web', 'b', { tags: ['v2'], status: 'critical' });
  await register('api', 'a', {});
});
afterEach(() => harness[Symbol.asyncDispose]());

const register = (service: string, id: string, more: object) =>
  harness.call('PUT', `/v1/services/${service}/instances/${id}`, { body: { address: '10.0.0.7', port: 80, ...more } });
const ids = (reply: Reply) => reply.body.instances.map(({ id }: { id: string }) => id);

describe('lists', () => {
  it('of services count instances, and those that are answerable', async () => {
    const { body } = await harness.call('GET', '/v1/services');
    expect(body).toEqual({
      revision: 3,
      services: [
        { service: 'web', zone: 'svc.internal', instances: 2, answerable: 1 },
        { service: 'api', zone: 'svc.internal', instances: 1, answerable: 1 },
      ],
    });
  });

  it.each([
    ['tag=v2', ['b']],
    ['tag=V2', ['b']],
    ['status=passing', ['a']],
    ['tag=v1&status=critical', []],
    ['', ['a', 'b']],
  ])('of instances hold those with %s', async (query, expected) => {
    expect(ids(await harness.call('GET', `/v1/services/web/instances?${query}`))).toEqual(expected);
  });

  it('of services hold those with such an instance', async () => {
    const { body } = await harness.call('GET', '/v1/services?status=critical');
    expect(body.services.map(({ service }: { service: string }) => service)).toEqual(['web']);
  });

  it('of a service that nobody registered are empty', async () => {
    expect((await harness.call('GET', '/v1/services/nope/instances')).body).toEqual({ revision: 0, instances: [] });
  });

  it('are kept apart by zone', async () => {
    expect((await harness.call('GET', '/v1/services?zone=other.internal')).body.services).toEqual([]);
  });

  it('have the revision of their own last change as ETag', async () => {
    const first = await harness.call('GET', '/v1/services/web/instances');
    expect(first.headers['etag']).toBe('"2"');
    await register('api', 'b', {});
    const headers = { 'if-none-match': first.headers['etag']! };
    expect((await harness.call('GET', '/v1/services/web/instances', { headers })).status).toBe(304);
    await register('web', 'c', {});
    expect((await harness.call('GET', '/v1/services/web/instances', { headers })).status).toBe(200);
  });
});

describe('a long poll', () => {
  const poll = (url: string) => {
    const state: { reply: Reply | null } = { reply: null };
    const done = harness.call('GET', url).then((reply) => {
      state.reply = reply;
      return reply;
    });
    return { state, done };
  };

  it('answers when the service has changed, and not when another has', async () => {
    const { state, done } = poll('/v1/services/web/instances?index=2&wait=30');
    await settled();
    await register('api', 'b', {});
    await settled();
    expect(state.reply).toBeNull();
    await register('web', 'c', {});
    const reply = await done;
    expect(reply.body.revision).toBe(5);
    expect(ids(reply)).toEqual(['a', 'b', 'c']);
  });

  it('answers when the last instance is gone', async () => {
    const { done } = poll('/v1/services/api/instances?index=3&wait=30');
    await settled();
    await harness.call('DELETE', '/v1/services/api/instances/a');
    expect((await done).body).toEqual({ revision: 4, instances: [] });
  });

  it('answers at once when there is something newer', async () => {
    expect((await poll('/v1/services/web/instances?index=1&wait=30').done).body.revision).toBe(2);
  });

  it('waits on when the revision it names is a later one of another service', async () => {
    const { state, done } = poll('/v1/services/web/instances?index=3&wait=30');
    await settled();
    expect(state.reply).toBeNull();
    await register('web', 'c', {});
    expect((await done).body.revision).toBe(4);
  });

  it('answers at once when the revision is not from this server', async () => {
    expect((await poll('/v1/services/web/instances?index=999&wait=30').done).body.revision).toBe(2);
  });

  it('answers with what is there when the time is over', async () => {
    const { state, done } = poll('/v1/services?index=3&wait=10');
    await harness.clock.pass(9900);
    expect(state.reply).toBeNull();
    await harness.clock.pass(200);
    expect((await done).body.revision).toBe(3);
  });

  it('answers with 304 then, when the caller says what it has', async () => {
    const done = harness.call('GET', '/v1/services?index=3&wait=10', { headers: { 'if-none-match': '"3"' } });
    await harness.clock.pass(10_000);
    expect((await done).status).toBe(304);
  });

  it('answers when the server stops', async () => {
    const { done } = poll('/v1/services?index=3&wait=300');
    await settled();
    await harness.server.close();
    expect((await done).status).toBe(200);
  });

  it('leaves nothing behind', async () => {
    const before = harness.clock.pending;
    const { done } = poll('/v1/services?index=3&wait=300');
    await settled();
    expect(harness.clock.pending).toBe(before + 1);
    await register('web', 'c', {});
    await done;
    expect(harness.clock.pending).toBe(before);
  });
});

it('services under self-protection are told', async () => {
  for (const id of ['a', 'b', 'c', 'd']) await register('frozen', id, {});
  expect((await harness.call('GET', '/v1/protection')).body).toEqual({ protection: [] });
  await harness.clock.pass(60_000);
  const { body } = await harness.call('GET', '/v1/protection');
  expect(body.protection.length).toBeGreaterThan(0);
  expect(body.protection).toContainEqual({
    zone: 'svc.internal',
    service: 'frozen',
    since: expect.stringMatching(/^2026-01-01T00:00/),
    instances: 4,
    late: 4,
  });
});

describe('the settings of a service', () => {
  it('are set as a whole, read, and taken back', async () => {
    const url = '/v1/services/web';
    const selectors = [{ name: 'Fast', all: ['v1'], limit: 2 }];
    const put = await harness.call('PUT', url, {
      body: { ttl: 7, emptyPolicy: 'fail-open', selectors, checkDefaults: { interval: 5 } },
    });
    expect([put.status, put.headers['etag']]).toEqual([201, '"4"']);
    const expected = {
      service: 'web',
      zone: 'svc.internal',
      revision: 4,
      ttl: 7,
      limit: null,
      selectors: [{ name: 'fast', all: ['v1'], none: [], limit: 2 }],
      emptyPolicy: 'fail-open',
      panicThreshold: 0,
      defaultLease: null,
      checkDefaults: { interval: 5 },
    };
    expect((await harness.call('GET', url)).body).toEqual(expected);
    const replaced = await harness.call('PUT', url, { body: { limit: 3, ttl: null }, headers: { 'if-match': '"4"' } });
    expect([replaced.status, replaced.body.ttl, replaced.body.limit, replaced.body.selectors]).toEqual([
      200,
      null,
      3,
      [],
    ]);
    expect((await harness.call('DELETE', url)).status).toBe(200);
    expect((await harness.call('GET', url)).body).toMatchObject({ revision: 0, limit: null });
    expect((await harness.call('DELETE', url)).status).toBe(404);
  });

  it('are not there for a service that is not there', async () => {
    expect((await harness.call('GET', '/v1/services/nope')).status).toBe(404);
  });

  it('name the selectors among the names of a registration', async () => {
    await harness.call('PUT', '/v1/services/web', { body: { selectors: [{ name: 'fast', all: ['v1'] }] } });
    expect((await register('web', 'a', { tags: ['v1'], weight: 1 })).body.names).toContain(
      'fast._sel.web.svc.internal',
    );
  });
});
