/** Whatever a caller gets wrong is refused with a stable code, in words that say what was found, and changes nothing. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CallOptions, type Harness, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.call('PUT', '/v1/services/web/instances/a', { body: { address: '10.0.0.7', port: 80 } });
});
afterAll(() => harness[Symbol.asyncDispose]());

const one = '/v1/services/web/instances/one';
const good = { address: '10.0.0.9', port: 80 };
const text = (type: string) => ({ headers: { 'content-type': type }, body: JSON.stringify(good) });

it.each<[what: string, method: string, url: string, options: CallOptions, status: number, code: string, detail: RegExp]>([
  ['no body', 'PUT', one, {}, 400, 'invalid-value', /the body is null, wanted an object/],
  ['an empty body', 'PUT', one, { body: '' }, 400, 'malformed-body', /empty/],
  ['half a body', 'PUT', one, { body: '{"port": 80' }, 400, 'malformed-body', /not JSON/],
  ['a body that is not UTF-8', 'PUT', one, { body: Buffer.from('{"port": 80, "meta": {"a": "\xff"}}', 'latin1') }, 400, 'malformed-body', /UTF-8/],
  ['a list for a body', 'PUT', one, { body: [] }, 400, 'invalid-value', /a list of 0, wanted an object/],
  ['no port', 'PUT', one, { body: { address: '10.0.0.9' } }, 400, 'invalid', /port is missing/],
  ['an unknown field', 'PUT', one, { body: { ...good, wieght: 1 } }, 400, 'unknown-field', /"wieght".*"weight"/],
  ['an unknown field of a port', 'PUT', one, { body: { ports: { grpc: { port: 1, proto: 'tcp' } } } }, 400, 'unknown-field', /"proto".*"port"/],
  ['an unknown field of a check', 'PUT', one, { body: { ...good, checks: [{ type: 'tcp', pth: '/' }] } }, 400, 'unknown-field', /"pth".*"path"/],
  ['a field of another check', 'PUT', one, { body: { ...good, checks: [{ type: 'tcp', path: '/' }] } }, 400, 'invalid', /checks\.0\.path/],
  ['an unknown check', 'PUT', one, { body: { ...good, checks: [{ type: 'ping' }] } }, 400, 'invalid-value', /"ping", wanted one of "http"/],
  ['a check without type', 'PUT', one, { body: { ...good, checks: [{ path: '/' }] } }, 400, 'missing-field', /checks\.0 has no field "type"/],
  ['an unknown parameter', 'PUT', `${one}?dryrun=true`, { body: good }, 400, 'unknown-field', /"dryrun".*"dryRun"/],
  ['a parameter twice', 'PUT', `${one}?zone=a&zone=b`, { body: good }, 400, 'invalid-value', /zone is a list of 2, wanted a string/],
  ['a flag that is none', 'PUT', `${one}?dryRun=1`, { body: good }, 400, 'invalid-value', /dryRun is "1", wanted one of "true", "false"/],
  ['port 0', 'PUT', one, { body: { ...good, port: 0 } }, 400, 'invalid-value', /port is 0, wanted 1 to 65535/],
  ['port 65536', 'PUT', one, { body: { ...good, port: 65_536 } }, 400, 'invalid-value', /port is 65536, wanted 1 to 65535/],
  ['a port as text', 'PUT', one, { body: { ...good, port: '80' } }, 400, 'invalid-value', /port is "80", wanted a whole number/],
  ['a port with a fraction', 'PUT', one, { body: { ...good, port: 80.5 } }, 400, 'invalid-value', /port is 80.5, wanted a whole number/],
  ['a port of null', 'PUT', one, { body: { ...good, port: null } }, 400, 'invalid-value', /port is null/],
  ['a weight below 0', 'PUT', one, { body: { ...good, weight: -1 } }, 400, 'invalid-value', /weight is -1/],
  ['a priority above 65535', 'PUT', one, { body: { ...good, priority: 65_536 } }, 400, 'invalid-value', /priority is 65536/],
  ['a ttl of 0', 'PUT', one, { body: { ...good, ttl: 0 } }, 400, 'invalid-value', /ttl is 0, wanted 1 to 86400/],
  ['a lease of a second', 'PUT', one, { body: { ...good, lease: 1 } }, 400, 'invalid-value', /lease is 1, wanted 2 to 86400/],
  ['a lease that is endless', 'PUT', one, { body: '{"port": 80, "lease": 1e999}' }, 400, 'invalid-value', /lease/],
  ['a lease and permanent', 'PUT', one, { body: { ...good, lease: 30, permanent: true } }, 400, 'invalid', /lease/],
  ['a protocol that is none of ours', 'PUT', one, { body: { ...good, protocol: 'sctp' } }, 400, 'invalid-value', /"sctp", wanted one of "tcp", "udp"/],
  ['a status that nobody may declare', 'PUT', one, { body: { ...good, status: 'unknown' } }, 400, 'invalid-value', /"unknown", wanted one of "passing"/],
  ['a tag that is no label', 'PUT', one, { body: { ...good, tags: ['a_b'] } }, 400, 'invalid', /tags\.0/],
  ['a tag twice', 'PUT', one, { body: { ...good, tags: ['a', 'A'] } }, 400, 'invalid', /twice/],
  ['65 tags', 'PUT', one, { body: { ...good, tags: Array.from({ length: 65 }, (_, n) => `t${n}`) } }, 400, 'invalid', /tags has 65/],
  ['a number for a tag', 'PUT', one, { body: { ...good, tags: [1] } }, 400, 'invalid-value', /tags\.0 is 1, wanted a string/],
  ['a number in meta', 'PUT', one, { body: { ...good, meta: { a: 1 } } }, 400, 'invalid-value', /meta\.a is 1, wanted a string/],
  ['a meta key with =', 'PUT', one, { body: { ...good, meta: { 'a=b': 'c' } } }, 400, 'invalid', /meta/],
  ['a meta entry of 256 octets', 'PUT', one, { body: { ...good, meta: { a: 'x'.repeat(254) } } }, 400, 'invalid', /256 octets/],
  ['no address that is one', 'PUT', one, { body: { ...good, address: '10.0.0.9.1' } }, 400, 'invalid', /address is "10\.0\.0\.9\.1"/],
  ['an octal address', 'PUT', one, { body: { ...good, address: '010.0.0.9' } }, 400, 'invalid', /address/],
  ['a hexadecimal address', 'PUT', one, { body: { ...good, address: '0x0a000009' } }, 400, 'invalid', /address/],
  ['a host name for an address', 'PUT', one, { body: { ...good, address: 'localhost' } }, 400, 'invalid', /address/],
  ['a multicast address', 'PUT', one, { body: { ...good, address: '224.0.0.1' } }, 400, 'invalid', /address/],
  ['no address at all', 'PUT', one, { body: { ...good, address: '0.0.0.0' } }, 400, 'invalid', /address/],
  ['__proto__ in the body', 'PUT', one, { body: '{"port": 80, "__proto__": {"polluted": true}}' }, 400, 'malformed-body', /__proto__/],
  ['__proto__ in an escape', 'PUT', one, { body: '{"port": 80, "meta": {"\\u005f_proto__": "x"}}' }, 400, 'malformed-body', /__proto__/],
  ['constructor.prototype', 'PUT', one, { body: '{"constructor": {"prototype": {"polluted": true}}}' }, 400, 'malformed-body', /constructor/],
  ['a body of 64 KiB and one octet', 'PUT', one, { body: padded(64 * 1024 + 1) }, 413, 'body-too-large', /64 KiB/],
  ['a batch of 1 MiB and one octet', 'POST', '/v1/renew', { body: padded(1024 * 1024 + 1) }, 413, 'body-too-large', /1 MiB/],
  ['text for JSON', 'PUT', one, text('text/plain'), 415, 'unsupported-media-type', /application\/json/],
  ['a form for JSON', 'PUT', one, text('application/x-www-form-urlencoded'), 415, 'unsupported-media-type', /application\/json/],
  ['a zone that is not served', 'PUT', `${one}?zone=nope.internal`, { body: good }, 404, 'not-found', /zone/],
  ['a zone that is not served, for reading', 'GET', '/v1/services?zone=nope.internal', {}, 404, 'not-found', /"nope\.internal"/],
  ['a generation that is no number', 'DELETE', `${one}?generation=x`, {}, 400, 'invalid-value', /generation is "x"/],
  ['a body where none is taken', 'POST', '/v1/services/web/instances/a/drain', { body: { wait: true } }, 400, 'unknown-field', /takes no body/],
  ['a renewal without generation', 'POST', '/v1/services/web/instances/a/renew', { body: {} }, 400, 'missing-field', /"generation"/],
  ['a renewal of what is not there', 'POST', `${one}/renew`, { body: { generation: 1 } }, 404, 'not-found', /not registered/],
  ['a patch of the port', 'PATCH', '/v1/services/web/instances/a', { body: { port: 81 } }, 400, 'unknown-field', /"port"/],
  ['a patch of what is not there', 'PATCH', one, { body: { weight: 1 } }, 404, 'not-found', /not registered/],
  ['an If-Match that is none', 'PATCH', '/v1/services/web/instances/a', { body: { weight: 1 }, headers: { 'if-match': '1' } }, 400, 'bad-request', /If-Match/],
  ['an If-Match of another revision', 'PATCH', '/v1/services/web/instances/a', { body: { weight: 1 }, headers: { 'if-match': '"99"' } }, 412, 'stale', /revision/],
  ['a service setting that is unknown', 'PUT', '/v1/services/web', { body: { Ttl: 5 } }, 400, 'unknown-field', /"Ttl".*"ttl"/],
  ['an empty policy that is unknown', 'PUT', '/v1/services/web', { body: { emptyPolicy: 'panic' } }, 400, 'invalid-value', /"panic", wanted one of "nodata"/],
  ['a limit of 0', 'PUT', '/v1/services/web', { body: { limit: 0 } }, 400, 'invalid-value', /limit is 0/],
  ['a path with a broken escape', 'GET', '/v1/services/%zz', {}, 400, 'bad-request', /%/],
  ['a path that nobody knows', 'GET', '/v1/service', {}, 404, 'unknown-path', /\/v1\/service/],
  ['a method that is not possible there', 'POST', '/v1/services/web', { body: {} }, 405, 'method-not-allowed', /DELETE, GET, HEAD, PUT/],
  ['a URL that is too long', 'GET', `/v1/services?tag=${'a'.repeat(5000)}`, {}, 414, 'uri-too-long', /4096/],
  ['the name of somebody else', 'GET', '/v1/services', { headers: { host: 'evil.example:8054' } }, 421, 'misdirected', /evil\.example/],
  ['a page of somebody else', 'POST', '/v1/services/web/instances/a/drain', { headers: { origin: 'https://evil.example' } }, 403, 'cross-origin', /evil/],
  ['an event id that is none', 'GET', '/v1/events?since=yesterday', {}, 400, 'invalid-value', /"yesterday"/],
  ['a token that is none', 'GET', '/v1/services', { token: 'sp_wrong' }, 401, 'unauthorized', /no grant/],
  ['another kind of credentials', 'GET', '/v1/services', { headers: { authorization: 'Basic YTpi' } }, 401, 'unauthorized', /Bearer/],
])('%s', async (_what, method, url, options, status, code, detail) => {
  const before = harness.registry.revision;
  const batches = harness.published.length;
  const reply = await harness.call(method, url, options);
  expect([reply.status, reply.body.code], JSON.stringify(reply.body)).toEqual([status, code]);
  expect(reply.body.detail).toMatch(detail);
  expect(reply.body).toMatchObject({ type: 'about:blank', status });
  expect(reply.headers['content-type']).toBe('application/problem+json');
  expect(harness.registry.revision).toBe(before);
  expect(harness.published.length).toBe(batches);
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
