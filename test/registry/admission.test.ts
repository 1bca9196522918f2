import fc from 'fast-check';
import { expect, test } from 'vitest';
import { admit } from '../../src/registry/admission.ts';
import type { CheckRequest, Registration } from '../../src/registry/registration.ts';
import { parseService } from '../../src/registry/service.ts';
import { caller, web, zone } from './support.ts';

const terms = { zone, service: null, defaultLease: 30, wall: 7 };
const many = <T,>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

test('what a registration leaves out has its default', () => {
  expect(admit(web('a'), caller, terms)).toEqual({
    zone,
    service: 'web',
    id: 'a',
    generation: 0,
    revision: 0,
    addresses: ['10.0.0.7'],
    port: 8080,
    protocol: 'tcp',
    ports: [],
    priority: 10,
    weight: 100,
    tags: [],
    meta: {},
    ttl: null,
    lease: 30,
    declared: 'passing',
    checks: [],
    observed: null,
    late: false,
    registeredFrom: '10.0.0.9',
    registeredBy: null,
    registeredAt: 7,
  });
});

test('named ports do without a default port', () => {
  const { port, ports } = admit(
    web('a', { port: undefined, ports: { grpc: { port: 9090 }, Syslog: { port: 514, protocol: 'udp' } } }),
    caller,
    terms,
  );
  expect(port).toBeNull();
  expect(ports).toEqual([
    { name: 'grpc', port: 9090, protocol: 'tcp' },
    { name: 'syslog', port: 514, protocol: 'udp' },
  ]);
});

const refusals: readonly (readonly [what: Partial<Registration>, path: string])[] = [
  [{ port: undefined }, 'port'],
  [{ port: 0 }, 'port'],
  [{ port: 65_536 }, 'port'],
  [{ port: 80.5 }, 'port'],
  [{ port: NaN }, 'port'],
  [{ ports: { a: { port: 0 } } }, 'ports.a.port'],
  [{ ports: { a: { port: 1 }, A: { port: 2 } } }, 'ports'],
  [{ ports: { 'a.b': { port: 1 } } }, 'ports.a.b'],
  [{ ports: Object.fromEntries(many(33, (index) => [`p${index}`, { port: 1 }])) }, 'ports'],
  [{ priority: -1 }, 'priority'],
  [{ priority: 65_536 }, 'priority'],
  [{ weight: 1.5 }, 'weight'],
  [{ weight: 65_536 }, 'weight'],
  [{ ttl: 0 }, 'ttl'],
  [{ ttl: 86_401 }, 'ttl'],
  [{ lease: 1.9 }, 'lease'],
  [{ lease: 86_401 }, 'lease'],
  [{ lease: Infinity }, 'lease'],
  [{ lease: 30, permanent: true }, 'lease'],
  [{ tags: ['a', 'A'] }, 'tags'],
  [{ tags: ['a', 'b c'] }, 'tags.1'],
  [{ tags: many(65, (index) => `t${index}`) }, 'tags'],
  [{ addresses: ['10.0.0.7', 'ten'] }, 'addresses.1'],
  [{ addresses: many(17, (index) => `10.0.0.${index}`) }, 'addresses'],
  [{ meta: { '': 'x' } }, 'meta.'],
  [{ meta: { 'a=b': 'x' } }, 'meta.a=b'],
  [{ meta: { 'a\n': 'x' } }, 'meta.a\n'],
  [{ meta: { ä: 'x' } }, 'meta.ä'],
  [{ meta: { a: '\ud800' } }, 'meta.a'],
  [{ meta: { a: 'x'.repeat(254) } }, 'meta.a'],
  [{ meta: { a: 'ä'.repeat(127) } }, 'meta.a'],
  [{ meta: Object.fromEntries(many(65, (index) => [`k${index}`, ''])) }, 'meta'],
  [{ meta: Object.fromEntries(many(40, (index) => [`k${index}`, 'x'.repeat(200)])) }, 'meta'],
  [{ checks: many(9, () => ({ type: 'tcp' as const })) }, 'checks'],
];

test.each(refusals)('%j is refused at %s', (what, path) => {
  expect(() => admit(web('a', what), caller, terms)).toThrow(expect.objectContaining({ code: 'invalid', path }));
});

test.each<Partial<Registration>>([
  { port: 1 },
  { port: 65_535 },
  { priority: 0 },
  { priority: 65_535 },
  { weight: 0 },
  { weight: 65_535 },
  { ttl: 1 },
  { ttl: 86_400 },
  { lease: 2 },
  { lease: 2.5 },
  { lease: 86_400 },
  { meta: { a: 'x'.repeat(253) } },
  { meta: { 'a b': '\0\n\u{1f600}' } },
  { tags: many(64, (index) => `t${index}`) },
  { ports: Object.fromEntries(many(32, (index) => [`p${index}`, { port: 1 }])) },
])('%j is taken', (what) => {
  expect(admit(web('a', what), caller, terms)).toMatchObject(what.ports === undefined ? what : {});
});

const checkRefusals: readonly (readonly [check: CheckRequest, field: string])[] = [
  [{ type: 'http', path: 'health' }, 'path'],
  [{ type: 'http', path: '//evil.example/' }, 'path'],
  [{ type: 'http', path: 'http://evil.example/' }, 'path'],
  [{ type: 'http', path: '/a b' }, 'path'],
  [{ type: 'http', path: '/a\r\nHost: evil' }, 'path'],
  [{ type: 'http', path: '/a#b' }, 'path'],
  [{ type: 'http', path: '/\\evil.example' }, 'path'],
  [{ type: 'http', path: `/${'a'.repeat(1024)}` }, 'path'],
  [{ type: 'http', path: '/ä' }, 'path'],
  [{ type: 'http', grpcService: 'a' }, 'grpcService'],
  [{ type: 'tcp', path: '/' }, 'path'],
  [{ type: 'tcp', port: 0 }, 'port'],
  [{ type: 'tcp', interval: 0.5 }, 'interval'],
  [{ type: 'tcp', interval: 3601 }, 'interval'],
  [{ type: 'tcp', timeout: 0.05 }, 'timeout'],
  [{ type: 'tcp', timeout: 61, interval: 100 }, 'timeout'],
  [{ type: 'tcp', timeout: 11, interval: 10 }, 'timeout'],
  [{ type: 'tcp', rise: 0 }, 'rise'],
  [{ type: 'tcp', rise: 11 }, 'rise'],
  [{ type: 'tcp', fall: 1.5 }, 'fall'],
  [{ type: 'grpc', grpcService: 'a b' }, 'grpcService'],
  [{ type: 'grpc', grpcService: 'a'.repeat(256) }, 'grpcService'],
  [{ type: 'ttl', port: 1 }, 'port'],
  [{ type: 'ttl', timeout: 1 }, 'timeout'],
];

test.each(checkRefusals)('check %j is refused at its %s', (check, field) => {
  expect(() => admit(web('a', { checks: [{ type: 'tcp' }, check] }), caller, terms)).toThrow(
    expect.objectContaining({ code: 'invalid', path: `checks.1.${field}` }),
  );
});

test('checks have the defaults of their service, else of the server', () => {
  const service = { name: 'web', settings: parseService(zone, 'web', { checkDefaults: { interval: 20, rise: 1 } }) };
  const checks: CheckRequest[] = [
    { type: 'http', path: '/health?full=1' },
    { type: 'grpc', port: 1, interval: 2 },
    { type: 'ttl' },
  ];
  expect(admit(web('a', { checks }), caller, { ...terms, service }).checks).toEqual([
    { type: 'http', path: '/health?full=1', port: 8080, interval: 20, timeout: 3, rise: 1, fall: 3 },
    { type: 'grpc', grpcService: '', port: 1, interval: 2, timeout: 2, rise: 1, fall: 3 },
    { type: 'ttl', interval: 20 },
  ]);
});

test('a check needs a port where the instance has none', () => {
  const what = { port: undefined, ports: { grpc: { port: 9090 } } };
  expect(() => admit(web('a', { ...what, checks: [{ type: 'tcp' }] }), caller, terms)).toThrow(
    expect.objectContaining({ path: 'checks.0.port' }),
  );
  expect(admit(web('a', { ...what, checks: [{ type: 'tcp', port: 9090 }] }), caller, terms).checks).toHaveLength(1);
});

test.each([
  [[{ type: 'tcp' as const }], 'unknown'],
  [[{ type: 'ttl' as const }, { type: 'tcp' as const }], 'unknown'],
  [[{ type: 'ttl' as const }], 'passing'],
  [[], null],
])('an instance with checks %j is at first observed as %s', (checks, observed) => {
  expect(admit(web('a', { checks }), caller, terms).observed).toBe(observed);
});

test.each([
  [{ ttl: 0 }, 'ttl'],
  [{ limit: 1001 }, 'limit'],
  [{ panicThreshold: 1.1 }, 'panicThreshold'],
  [{ panicThreshold: -0.1 }, 'panicThreshold'],
  [{ defaultLease: 1 }, 'defaultLease'],
  [{ emptyPolicy: 'sometimes' as 'nodata' }, 'emptyPolicy'],
  [{ checkDefaults: { interval: 0 } }, 'checkDefaults.interval'],
  [{ selectors: [{ name: 'a' }, { name: 'A' }] }, 'selectors'],
  [{ selectors: [{ name: 'a b' }] }, 'selectors.0.name'],
  [{ selectors: [{ name: 'a', all: ['_x'] }] }, 'selectors.0.all.0'],
  [{ selectors: [{ name: 'a', limit: 0 }] }, 'selectors.0.limit'],
  [{ selectors: many(65, (index) => ({ name: `s${index}` })) }, 'selectors'],
])('service settings %j are refused at %s', (settings, path) => {
  expect(() => parseService(zone, 'web', settings)).toThrow(expect.objectContaining({ code: 'invalid', path }));
});

test('whatever text stands for a name, an address or a path, it is judged and nothing else happens', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ unit: 'grapheme', maxLength: 80 }));
  fc.assert(
    fc.property(text, text, text, text, text, (service, id, address, tag, path) => {
      try {
        admit(web(id, { service, address, tags: [tag], checks: [{ type: 'http', path }] }), caller, terms);
      } catch (error) {
        expect(error).toMatchObject({ name: 'RegistryError', code: 'invalid' });
      }
    }),
  );
});
