/** Whatever a caller gets wrong is refused with a stable code, in words that say what was found; nothing changes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CallOptions, type Harness, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.call('PUT', known, { body: { address: '10.0.0.7', port: 80 } });
});
afterAll(() => harness[Symbol.asyncDispose]());

const one = '/v1/services/web/instances/one';
const known = '/v1/services/web/instances/a';
const good = { address: '10.0.0.9', port: 80 };
const as = (type: string) => ({ headers: { 'content-type': type }, body: JSON.stringify(good) });

describe('a registration is refused that has', () => {
  it.each<[what: string, body: unknown, code: string, detail: RegExp]>([
    ['an empty body', '', 'malformed-body', /empty/],
    ['half a body', '{"port": 80', 'malformed-body', /not JSON/],
    ['a body that is not UTF-8', Buffer.from('{"meta": {"a": "\xff"}}', 'latin1'), 'malformed-body', /UTF-8/],
    ['a list for a body', [], 'invalid-value', /a list of 0, wanted an object/],
    ['no port', { address: '10.0.0.9' }, 'invalid', /port is missing/],
    ['an unknown field', { ...good, wieght: 1 }, 'unknown-field', /"wieght".*"weight"/],
    ['an unknown field of a port', { ports: { grpc: { port: 1, proto: 'tcp' } } }, 'unknown-field', /"proto".*"port"/],
    ['an unknown field of a check', { ...good, checks: [{ type: 'tcp', pth: '/' }] }, 'unknown-field', /"pth".*"path"/],
    ['a field of another check', { ...good, checks: [{ type: 'tcp', path: '/' }] }, 'invalid', /checks\.0\.path/],
    ['an unknown check', { ...good, checks: [{ type: 'ping' }] }, 'invalid-value', /"ping", wanted one of "http"/],
    ['a check without type', { ...good, checks: [{ path: '/' }] }, 'missing-field', /checks\.0 has no field "type"/],
    ['port 0', { ...good, port: 0 }, 'invalid-value', /port is 0, wanted 1 to 65535/],
    ['port 65536', { ...good, port: 65_536 }, 'invalid-value', /port is 65536, wanted 1 to 65535/],
    ['a port as text', { ...good, port: '80' }, 'invalid-value', /port is "80", wanted a whole number/],
    ['a port with a fraction', { ...good, port: 80.5 }, 'invalid-value', /port is 80.5, wanted a whole number/],
    ['a port of null', { ...good, port: null }, 'invalid-value', /port is null/],
    ['a weight below 0', { ...good, weight: -1 }, 'invalid-value', /weight is -1/],
    ['a priority above 65535', { ...good, priority: 65_536 }, 'invalid-value', /priority is 65536/],
    ['a ttl of 0', { ...good, ttl: 0 }, 'invalid-value', /ttl is 0, wanted 1 to 86400/],
    ['a lease of a second', { ...good, lease: 1 }, 'invalid-value', /lease is 1, wanted 2 to 86400/],
    ['a lease that is endless', '{"port": 80, "lease": 1e999}', 'invalid-value', /lease/],
    ['a lease and permanent', { ...good, lease: 30, permanent: true }, 'invalid', /lease/],
    ['a protocol that is none of ours', { ...good, protocol: 'sctp' }, 'invalid-value', /"sctp", wanted one of "tcp"/],
    ['a status that nobody may declare', { ...good, status: 'unknown' }, 'invalid-value', /"unknown", wanted one of/],
    ['a tag that is no label', { ...good, tags: ['a_b'] }, 'invalid', /tags\.0/],
    ['a tag twice', { ...good, tags: ['a', 'A'] }, 'invalid', /twice/],
    ['65 tags', { ...good, tags: Array.from({ length: 65 }, (_, n) => `t${n}`) }, 'invalid', /tags has 65/],
    ['a number for a tag', { ...good, tags: [1] }, 'invalid-value', /tags\.0 is 1, wanted a string/],
    ['a number in meta', { ...good, meta: { a: 1 } }, 'invalid-value', /meta\.a is 1, wanted a string/],
    ['a meta key with =', { ...good, meta: { 'a=b': 'c' } }, 'invalid', /meta/],
    ['a meta entry of 256 octets', { ...good, meta: { a: 'x'.repeat(254) } }, 'invalid', /256 octets/],
    ['no address that is one', { ...good, address: '10.0.0.9.1' }, 'invalid', /address is "10\.0\.0\.9\.1"/],
    ['an octal address', { ...good, address: '010.0.0.9' }, 'invalid', /address/],
    ['a hexadecimal address', { ...good, address: '0x0a000009' }, 'invalid', /address/],
    ['a host name for an address', { ...good, address: 'localhost' }, 'invalid', /address/],
    ['a multicast address', { ...good, address: '224.0.0.1' }, 'invalid', /address/],
    ['no address at all', { ...good, address: '0.0.0.0' }, 'invalid', /address/],
    ['__proto__ in the body', '{"port": 80, "__proto__": {"polluted": true}}', 'malformed-body', /__proto__/],
    ['__proto__ in an escape', '{"port": 80, "meta": {"\\u005f_proto__": "x"}}', 'malformed-body', /__proto__/],
    ['constructor.prototype', '{"constructor": {"prototype": {"polluted": true}}}', 'malformed-body', /constructor/],
  ])('%s', (_what, body, code, detail) => expectRefused(`PUT ${one}`, { body }, `400 ${code}`, detail));
});

describe('a request is refused that has', () => {
  it.each<[what: string, call: string, options: CallOptions, refusal: string, detail: RegExp]>([
    ['no body', `PUT ${one}`, {}, '400 invalid-value', /the body is null, wanted an object/],
    ['an unknown parameter', `PUT ${one}?dryrun=true`, { body: good }, '400 unknown-field', /"dryrun".*"dryRun"/],
    [
      'a parameter twice', `PUT ${one}?zone=a&zone=b`, { body: good },
      '400 invalid-value', /zone is a list of 2, wanted a string/,
    ],
    [
      'a flag that is none', `PUT ${one}?dryRun=1`, { body: good },
      '400 invalid-value', /dryRun is "1", wanted one of "true", "false"/,
    ],
    ['a body of 64 KiB and one octet', `PUT ${one}`, { body: padded(64 * 1024 + 1) }, '413 body-too-large', /64 KiB/],
    [
      'a batch of 1 MiB and one octet', 'POST /v1/renew', { body: padded(1024 * 1024 + 1) },
      '413 body-too-large', /1 MiB/,
    ],
    ['text for JSON', `PUT ${one}`, as('text/plain'), '415 unsupported-media-type', /application\/json/],
    [
      'a form for JSON', `PUT ${one}`, as('application/x-www-form-urlencoded'),
      '415 unsupported-media-type', /application\/json/,
    ],
    ['a zone that is not served', `PUT ${one}?zone=nope.internal`, { body: good }, '404 not-found', /zone/],
    [
      'a zone that is not served, for reading', 'GET /v1/services?zone=nope.internal', {},
      '404 not-found', /"nope\.internal"/,
    ],
    ['a generation that is no number', `DELETE ${one}?generation=x`, {}, '400 invalid-value', /generation is "x"/],
    [
      'a body where none is taken', `POST ${known}/drain`, { body: { wait: true } },
      '400 unknown-field', /takes no body/,
    ],
    ['a renewal without generation', `POST ${known}/renew`, { body: {} }, '400 missing-field', /"generation"/],
    [
      'a renewal of what is not there', `POST ${one}/renew`, { body: { generation: 1 } },
      '404 not-found', /not registered/,
    ],
    ['a patch of the port', `PATCH ${known}`, { body: { port: 81 } }, '400 unknown-field', /"port"/],
    ['a patch of what is not there', `PATCH ${one}`, { body: { weight: 1 } }, '404 not-found', /not registered/],
    [
      'an If-Match that is none', `PATCH ${known}`, { body: { weight: 1 }, headers: { 'if-match': '1' } },
      '400 bad-request', /If-Match/,
    ],
    [
      'an If-Match of another revision', `PATCH ${known}`, { body: { weight: 1 }, headers: { 'if-match': '"99"' } },
      '412 stale', /revision/,
    ],
    [
      'a service setting that is unknown', 'PUT /v1/services/web', { body: { Ttl: 5 } },
      '400 unknown-field', /"Ttl".*"ttl"/,
    ],
    [
      'an empty policy that is unknown', 'PUT /v1/services/web', { body: { emptyPolicy: 'panic' } },
      '400 invalid-value', /"panic", wanted one of "nodata"/,
    ],
    ['a limit of 0', 'PUT /v1/services/web', { body: { limit: 0 } }, '400 invalid-value', /limit is 0/],
    ['a path with a broken escape', 'GET /v1/services/%zz', {}, '400 bad-request', /%/],
    ['a path that nobody knows', 'GET /v1/service', {}, '404 unknown-path', /\/v1\/service/],
    [
      'a method that is not possible there', 'POST /v1/services/web', { body: {} },
      '405 method-not-allowed', /DELETE, GET, HEAD, PUT/,
    ],
    ['a URL that is too long', `GET /v1/services?tag=${'a'.repeat(5000)}`, {}, '414 uri-too-long', /4096/],
    [
      'the name of somebody else', 'GET /v1/services', { headers: { host: 'evil.example:8054' } },
      '421 misdirected', /evil\.example/,
    ],
    [
      'a page of somebody else', `POST ${known}/drain`, { headers: { origin: 'https://evil.example' } },
      '403 cross-origin', /evil/,
    ],
    ['an event id that is none', 'GET /v1/events?since=yesterday', {}, '400 invalid-value', /"yesterday"/],
    ['a token that is none', 'GET /v1/services', { token: 'sp_wrong' }, '401 unauthorized', /no grant/],
    [
      'another kind of credentials', 'GET /v1/services', { headers: { authorization: 'Basic YTpi' } },
      '401 unauthorized', /Bearer/,
    ],
  ])('%s', (_what, call, options, refusal, detail) => expectRefused(call, options, refusal, detail));
});

it('takes a body of exactly 64 KiB', async () => {
  const reply = await harness.call('PUT', '/v1/services/web/instances/large', { body: padded(64 * 1024) });
  expect(reply.status).toBe(201);
});

it('leaves the prototype of all objects alone', () => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

it('names the methods that are possible', async () => {
  const reply = await harness.call('DELETE', '/v1/services/web/instances');
  expect(reply.status).toBe(405);
  expect(reply.headers['allow']).toBe('GET, HEAD, POST');
});

it('says nothing of a fault of its own but that it has one, and logs it', async () => {
  await using faulty = await startHarness({
    collaborators: {
      explain: () => {
        throw new Error('secret of the house');
      },
    },
  });
  const reply = await faulty.call('GET', '/v1/explain?name=web.svc.internal');
  expect(reply.status).toBe(500);
  expect(reply.body.code).toBe('internal');
  expect(JSON.stringify(reply.body)).not.toContain('secret');
  expect(faulty.log.join('')).toContain('secret of the house');
});

/** A good body, filled up with spaces. */
function padded(octets: number): string {
  const body = JSON.stringify(good);
  return body + ' '.repeat(octets - body.length);
}

/** Makes the call `METHOD URL`, and expects that it is refused with `STATUS CODE`, and that nothing has changed. */
async function expectRefused(call: string, options: CallOptions, refusal: string, detail: RegExp): Promise<void> {
  const [method, url] = call.split(' ') as [string, string];
  const before = harness.registry.revision;
  const batches = harness.published.length;
  const { status, headers, body } = await harness.call(method, url, options);
  expect(`${status} ${body.code}`, JSON.stringify(body)).toBe(refusal);
  expect(body.detail).toMatch(detail);
  expect(body).toMatchObject({ type: 'about:blank', status });
  expect(headers['content-type']).toBe('application/problem+json');
  expect(harness.registry.revision).toBe(before);
  expect(harness.published.length).toBe(batches);
}
