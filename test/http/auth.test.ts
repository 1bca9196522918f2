/**
 * Who may do what: every route with every kind of caller, and the ways in which one holder may not act on what is
 * another's.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createToken, grantCertificate, revokeGrants } from '../../src/http/tokens.ts';
import { type CallOptions, type Harness, startHarness } from './harness.ts';

const body = { address: '10.0.0.7', port: 80 };

/** What a grant must give for a call; `batch` is judged lease by lease, so any grant for writing will do. */
type Needs = 'nothing' | 'read web' | 'read all' | 'write web' | 'batch' | 'admin';

/** Every call of the API: what it needs, and a URL that it can be made with. */
const calls: readonly [needs: Needs, method: string, route: string, url: string, body?: object][] = [
  ['write web', 'PUT', '/v1/services/:service/instances/:id', '/v1/services/web/instances/a', body],
  ['write web', 'POST', '/v1/services/:service/instances', '/v1/services/web/instances', body],
  ['read web', 'GET', '/v1/services/:service/instances/:id', '/v1/services/web/instances/a'],
  ['write web', 'PATCH', '/v1/services/:service/instances/:id', '/v1/services/web/instances/a', { weight: 1 }],
  ['write web', 'POST', '/v1/services/:service/instances/:id/drain', '/v1/services/web/instances/a/drain'],
  ['write web', 'DELETE', '/v1/services/:service/instances/:id', '/v1/services/web/instances/a'],
  [
    'write web',
    'POST',
    '/v1/services/:service/instances/:id/renew',
    '/v1/services/web/instances/a/renew',
    { generation: 1 },
  ],
  ['batch', 'POST', '/v1/renew', '/v1/renew', { leases: [] }],
  ['read all', 'GET', '/v1/services', '/v1/services'],
  ['read web', 'GET', '/v1/services/:service', '/v1/services/web'],
  ['read web', 'GET', '/v1/services/:service/instances', '/v1/services/web/instances'],
  ['write web', 'PUT', '/v1/services/:service', '/v1/services/web', {}],
  ['write web', 'DELETE', '/v1/services/:service', '/v1/services/web'],
  // A stream would not end; these are refused once the guard has let them pass.
  ['read all', 'GET', '/v1/events', '/v1/events?since=x'],
  ['read web', 'GET', '/v1/events', '/v1/events?service=web&since=x'],
  ['read all', 'GET', '/v1/explain', '/v1/explain?name=web.svc.internal'],
  ['nothing', 'GET', '/healthz', '/healthz'],
  ['nothing', 'GET', '/readyz', '/readyz'],
  ['read all', 'GET', '/v1/protection', '/v1/protection'],
  ['read all', 'GET', '/metrics', '/metrics'],
  ['admin', 'GET', '/v1/backup', '/v1/backup'],
  ['nothing', 'GET', '/openapi.json', '/openapi.json'],
];

/** What each kind of caller may do where reading takes a grant; where it is open, everyone may read as well. */
const callers: readonly [who: string, may: readonly Needs[], as: (tokens: Tokens) => CallOptions][] = [
  ['a stranger', ['nothing'], () => ({ from: '203.0.113.9' })],
  ['this machine, once there are grants', ['nothing'], () => ({})],
  ['a reader', ['nothing', 'read web', 'read all'], ({ reader }) => ({ token: reader, from: '203.0.113.9' })],
  ['a holder for web', ['nothing', 'read web', 'write web', 'batch'], ({ web }) => ({ token: web, from: '10.0.0.7' })],
  ['a holder for another service', ['nothing', 'batch'], ({ other }) => ({ token: other })],
  ['a holder for another zone', ['nothing', 'batch'], ({ zone }) => ({ token: zone })],
  [
    'an operator',
    ['nothing', 'read web', 'read all', 'write web', 'batch', 'admin'],
    ({ admin }) => ({ token: admin }),
  ],
];

type Tokens = Record<'reader' | 'web' | 'other' | 'zone' | 'admin', string>;

async function makeTokens(file: string): Promise<Tokens> {
  const make = async (id: string, scopes: Parameters<typeof createToken>[1]['scopes']) =>
    (await createToken(file, { id, scopes })).token;
  return {
    reader: await make('reader', { services: ['*'], operations: ['read'] }),
    web: await make('web', { services: ['web'] }),
    other: await make('other', { services: ['we', 'webs', 'api-*'] }),
    zone: await make('zone', { services: ['*'], zones: ['other.internal'] }),
    admin: await make('admin', { services: [], operations: ['admin'] }),
  };
}

describe.each(['open', 'closed'] as const)('where reading is %s', (reading) => {
  let harness: Harness;
  let tokens: Tokens;
  beforeAll(async () => {
    harness = await startHarness({
      settings: { reads: reading === 'open' ? 'open' : 'token' },
      prepare: async (file) => {
        tokens = await makeTokens(file);
      },
    });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  describe.each(callers)('%s', (_who, may, as) => {
    it.each(calls)('%s: %s %s', async (needs, method, _route, url, payload) => {
      const options = as(tokens);
      const reply = await harness.call(method, url, { ...options, ...(payload && { body: payload }) });
      if (may.includes(needs) || (reading === 'open' && needs.startsWith('read'))) {
        expect([401, 403]).not.toContain(reply.status);
      } else if (options.token === undefined) {
        expect([reply.status, reply.headers['www-authenticate']]).toEqual([401, 'Bearer realm="signpost"']);
      } else {
        expect([reply.status, reply.body.code]).toEqual([403, 'forbidden']);
      }
    });
  });

  it('every route of the API is in this table', () => {
    const known = new Set(calls.map(([, method, route]) => `${method} ${route}`));
    const paths = harness.server.application.swagger().paths as Record<string, object>;
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    expect(new Set(routes)).toEqual(known);
  });
});

describe('a route that does not say which operation it is', () => {
  it('is refused at start', async () => {
    await using harness = await startHarness();
    expect(() => harness.server.application.get('/v1/forgotten', () => 'x')).toThrow(/operation/);
  });
});

describe('this machine, as long as there are no grants', () => {
  it('may do everything, and a stranger may not write', async () => {
    await using harness = await startHarness();
    expect((await harness.call('PUT', '/v1/services/web/instances/a', { body, from: '::1' })).status).toBe(201);
    expect((await harness.call('GET', '/v1/backup')).status).toBe(200);
    expect((await harness.call('PUT', '/v1/services/web/instances/a', { body, from: '192.0.2.1' })).status).toBe(401);
  });

  it('needs one as soon as there is one', async () => {
    await using harness = await startHarness();
    const { token } = await createToken(harness.tokens, { scopes: { services: ['*'] } });
    // A new token is taken at once; that there are grants now is seen when somebody shows one, or within a second.
    expect((await harness.call('PUT', '/v1/services/web/instances/a', { body, token })).status).toBe(201);
    expect((await harness.call('PUT', '/v1/services/web/instances/b', { body })).status).toBe(401);
  });
});

describe('what one holder registered', () => {
  const one = '/v1/services/shared/instances/a';
  let harness: Harness;
  let tokens: Record<'owner' | 'other' | 'admin', string>;
  let generation: number;
  beforeAll(async () => {
    harness = await startHarness();
    const make = async (id: string, operations?: ['admin']) =>
      (await createToken(harness.tokens, { id, scopes: { services: ['shared'], ...(operations && { operations }) } }))
        .token;
    tokens = { owner: await make('owner'), other: await make('other'), admin: await make('admin', ['admin']) };
  });
  afterAll(() => harness[Symbol.asyncDispose]());
  beforeEach(async () => {
    ({ generation } = (await harness.call('PUT', one, { body, token: tokens.owner })).body);
  });

  it.each<[string, string, string, (() => object)?]>([
    ['replaced', 'PUT', one, () => ({ ...body, port: 81 })],
    ['patched', 'PATCH', one, () => ({ weight: 1 })],
    ['renewed', 'POST', `${one}/renew`, () => ({ generation })],
    ['drained', 'POST', `${one}/drain`],
    ['deregistered', 'DELETE', one],
    ['deregistered under another spelling', 'DELETE', '/v1/services/SHARED/instances/%61'],
  ])('is not %s by another', async (_, method, url, payload) => {
    const revision = harness.registry.revision;
    const reply = await harness.call(method, url, { token: tokens.other, ...(payload && { body: payload() }) });
    expect([reply.status, reply.body.code]).toEqual([409, 'conflict']);
    expect(harness.registry.revision).toBe(revision);
  });

  it('is not renewed in a batch by another, nor by one without a grant for the service', async () => {
    const { token: stranger } = await createToken(harness.tokens, { id: 'stranger', scopes: { services: ['api-*'] } });
    const leases = [
      { service: 'shared', id: 'a', generation },
      { service: 'SHARED', id: 'A', generation },
    ];
    const others = await harness.call('POST', '/v1/renew', { body: { leases }, token: tokens.other });
    expect(others.body.results.map(({ code }: { code: string }) => code)).toEqual(['conflict', 'conflict']);
    const strangers = await harness.call('POST', '/v1/renew', { body: { leases }, token: stranger });
    expect(strangers.body.results).toMatchObject([
      { status: 403, code: 'forbidden' },
      { status: 403, code: 'forbidden' },
    ]);
  });

  it('is renewed in a batch by an operator', async () => {
    const leases = [{ service: 'shared', id: 'a', generation }];
    const { body: reply } = await harness.call('POST', '/v1/renew', { body: { leases }, token: tokens.admin });
    expect(reply.results).toMatchObject([{ status: 200 }]);
  });

  it('is changed by an operator', async () => {
    expect((await harness.call('PATCH', one, { body: { weight: 3 }, token: tokens.admin })).status).toBe(200);
  });

  it('is free for others once the holder has no grant any more', async () => {
    await revokeGrants(harness.tokens, 'owner');
    await harness.clock.pass(1500);
    await expect.poll(async () => (await harness.call('PUT', one, { body, token: tokens.owner })).status).toBe(401);
    expect((await harness.call('PUT', one, { body: { ...body, port: 82 }, token: tokens.other })).status).toBe(200);
    tokens = { ...tokens, owner: tokens.other };
  });
});

describe('a grant for addresses', () => {
  let harness: Harness;
  let token: string;
  beforeAll(async () => {
    harness = await startHarness();
    ({ token } = await createToken(harness.tokens, {
      id: 'net',
      scopes: { services: ['*'], addresses: ['10.0.0.0/8', 'fd00::/8'] },
    }));
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  it.each<[object, string, number]>([
    [{ address: '10.255.0.1' }, '192.0.2.1', 201],
    [{ address: '11.0.0.1' }, '10.0.0.1', 403],
    [{ addresses: ['10.0.0.1', 'fd12::1'] }, '10.0.0.1', 201],
    [{ addresses: ['10.0.0.1', '2001:db8::1'] }, '10.0.0.1', 403],
    [{ address: '10.0.0.1', addresses: ['192.0.2.1'] }, '10.0.0.1', 403],
    [{ address: '::ffff:10.0.0.1' }, '10.0.0.1', 201],
    [{ address: '::ffff:192.0.2.1' }, '10.0.0.1', 403],
    [{}, '10.0.0.1', 201],
    [{}, '192.0.2.1', 403],
    [{ address: 'nonsense' }, '10.0.0.1', 400],
  ])('%j from %s gets %i', async (addresses, from, status) => {
    const reply = await harness.call('POST', '/v1/services/web/instances', {
      body: { port: 80, ...addresses },
      token,
      from,
    });
    expect(reply.status, JSON.stringify(reply.body)).toBe(status);
  });
});

it('a token is in no answer and in no log line', async () => {
  await using harness = await startHarness({ settings: { requestsPerSecond: 1 } });
  const { token } = await createToken(harness.tokens, { id: 'one', scopes: { services: ['web'] } });
  await grantCertificate(harness.tokens, 'DNS:web.example.net', { scopes: { services: ['*'] } });
  const replies = [];
  for (const url of ['/v1/services/web/instances/a', '/v1/services/api/instances/a', '/nix']) {
    for (let n = 0; n < 10; n++) replies.push(await harness.call('PUT', url, { body, token }));
  }
  replies.push(await harness.call('GET', '/v1/services', { token: `${token}x` }));
  const secret = token.slice(3);
  expect(JSON.stringify(replies)).not.toContain(secret);
  expect(harness.log.join('')).not.toContain(secret);
});

describe('too many requests', () => {
  it('of one holder get 429 and the time to come again; of another they do not count', async () => {
    await using harness = await startHarness({ settings: { requestsPerSecond: 2 } });
    const make = async (id: string) => (await createToken(harness.tokens, { id, scopes: { services: ['*'] } })).token;
    const [first, second] = [await make('first'), await make('second')];
    const statuses = async (token: string) => {
      const found = [];
      for (let n = 0; n < 12; n++) found.push((await harness.call('GET', '/v1/services', { token })).status);
      return found;
    };
    expect(await statuses(first)).toEqual([...Array<number>(10).fill(200), 429, 429]);
    const refused = await harness.call('GET', '/v1/services', { token: first });
    expect([refused.body.code, refused.headers['retry-after']]).toEqual(['too-many-requests', '1']);
    expect((await statuses(second)).slice(0, 10)).toEqual(Array<number>(10).fill(200));
    await harness.clock.pass(1000);
    expect((await statuses(first)).slice(0, 3)).toEqual([200, 200, 429]);
  });

  it('of this machine without grants have no limit', async () => {
    await using harness = await startHarness({ settings: { requestsPerSecond: 1 } });
    for (let n = 0; n < 20; n++) expect((await harness.call('GET', '/v1/services')).status).toBe(200);
  });

  it('of a stranger count by address', async () => {
    await using harness = await startHarness({ settings: { requestsPerSecond: 1 } });
    const statuses = [];
    for (let n = 0; n < 6; n++)
      statuses.push((await harness.call('GET', '/v1/services', { from: '192.0.2.1' })).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    expect((await harness.call('GET', '/v1/services', { from: '192.0.2.2' })).status).toBe(200);
  });
});
