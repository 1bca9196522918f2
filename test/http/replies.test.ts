/** Replies are what the API's description says they are: no field more, none less. */
import { Errors } from 'typebox/schema';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, startHarness } from './harness.ts';

let harness: Harness;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
let paths: any;
beforeAll(async () => {
  harness = await startHarness();
  ({ paths } = (await harness.call('GET', '/openapi.json')).body);
});
afterAll(() => harness[Symbol.asyncDispose]());

const body = {
  address: '10.0.0.7',
  port: 80,
  tags: ['v1'],
  meta: { a: 'b' },
  ttl: 9,
  ports: { grpc: { port: 90 } },
  checks: [{ type: 'http', path: '/' }, { type: 'tcp' }, { type: 'grpc', grpcService: 'x' }, { type: 'ttl' }],
};
const settings = { ttl: 7, selectors: [{ name: 'fast', all: ['v1'] }], checkDefaults: { interval: 9 } };

// In this order, each upon what those before left.
it.each<[method: string, url: string, status: number, body?: unknown]>([
  ['PUT', '/v1/services/web/instances/a?dryRun=true', 200, body],
  ['PUT', '/v1/services/web/instances/a', 201, body],
  ['PUT', '/v1/services/web/instances/a', 200, body],
  ['PUT', '/v1/services/web/instances/p', 201, { address: '10.0.0.8', ports: { grpc: { port: 90 } }, permanent: true }],
  ['POST', '/v1/services/web/instances', 201, body],
  ['GET', '/v1/services/web/instances/a', 200],
  ['GET', '/v1/services/web/instances/p', 200],
  ['PATCH', '/v1/services/web/instances/a', 200, { weight: 3 }],
  ['GET', '/v1/services/web/instances', 200],
  ['GET', '/v1/services', 200],
  ['GET', '/v1/protection', 200],
  ['GET', '/v1/explain?name=web.svc.internal&type=A', 200],
  ['GET', '/v1/services/web', 200],
  ['PUT', '/v1/services/web', 201, settings],
  ['PUT', '/v1/services/web', 200, { ...settings, ttl: null }],
  ['GET', '/v1/services/web', 200],
  ['DELETE', '/v1/services/web', 200],
  ['POST', '/v1/services/web/instances/a/renew', 200, { generation: 1 }],
  ['POST', '/v1/services/web/instances/p/renew', 200, { generation: 2 }],
  [
    'POST',
    '/v1/renew',
    200,
    {
      leases: [
        { service: 'web', id: 'a', generation: 1 },
        { service: 'x', id: 'y', generation: 1 },
      ],
    },
  ],
  ['POST', '/v1/services/web/instances/a/drain', 200],
  ['DELETE', '/v1/services/web/instances/a', 200],
  ['DELETE', '/v1/services/web/instances/a', 404],
  ['PUT', '/v1/services/web/instances/a', 400, { port: 'x' }],
])('%s %s gets %i and that reply', async (method, url, status, payload) => {
  const reply = await harness.call(method, url, payload === undefined ? {} : { body: payload });
  expect(reply.status, JSON.stringify(reply.body)).toBe(status);
  const path = url
    .replace(/\?.*/, '')
    .replace(/services\/web/, 'services/{service}')
    .replace(/instances\/\w+/, 'instances/{id}');
  const { responses } = paths[path][method.toLowerCase()];
  const { content } = responses[status] ?? responses.default;
  const [mediaType] = reply.headers['content-type']!.split(';');
  const [valid, errors] = Errors(closed(content[mediaType!].schema) as object, reply.body);
  expect(valid, JSON.stringify([errors, reply.body])).toBe(true);
});

/** The schema, such that its objects take no other fields than it names. */
function closed(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(closed);
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isOpen = 'additionalProperties' in inner || !('properties' in inner);
  return isOpen ? inner : { ...inner, additionalProperties: false };
}
