import { describe, expect, test } from 'vitest';
import { browsingName, instanceName, meaningOf, portName, protocolName } from '../../src/publish/names.ts';
import { selectorName, serviceName, serviceTypesName, subtypeName, tagName } from '../../src/publish/names.ts';
import { parseName, printName } from '../../src/wire/name.ts';
import { zone } from './support.ts';

const [service, protocol] = ['web', 'tcp'] as const;

const named = [
  ['web.svc.internal.', serviceName(zone, 'web'), { kind: 'service', service }],
  ['_web._tcp.svc.internal.', protocolName(zone, 'web', 'tcp'), { kind: 'protocol', service, protocol }],
  ['_web._udp.svc.internal.', protocolName(zone, 'web', 'udp'), { kind: 'protocol', service, protocol: 'udp' }],
  ['a1.web.svc.internal.', instanceName(zone, 'web', 'a1'), { kind: 'instance', service, id: 'a1' }],

  [
    'a1._web._tcp.svc.internal.',
    browsingName(zone, 'web', 'tcp', 'a1'),
    { kind: 'browsing', service, protocol, id: 'a1' },
  ],

  [
    '_grpc._tcp.web.svc.internal.',
    portName(zone, 'web', 'grpc', 'tcp'),
    { kind: 'port', service, protocol, port: 'grpc' },
  ],
  ['v2._tag.web.svc.internal.', tagName(zone, 'web', 'v2'), { kind: 'tag', service, tag: 'v2' }],
  ['s1._sel.web.svc.internal.', selectorName(zone, 'web', 's1'), { kind: 'selector', service, selector: 's1' }],
  [
    '_v2._sub._web._tcp.svc.internal.',
    subtypeName(zone, 'web', 'tcp', 'v2'),
    { kind: 'subtype', service, protocol, tag: 'v2' },
  ],
  ['_services._dns-sd._udp.svc.internal.', serviceTypesName(zone), { kind: 'service-types' }],

  // The servers' own service.
  ['_signpost.svc.internal.', serviceName(zone, '_signpost'), { kind: 'service', service: '_signpost' }],
  [
    '_signpost._tcp.svc.internal.',
    protocolName(zone, '_signpost', 'tcp'),
    { kind: 'protocol', service: '_signpost', protocol },
  ],
  ['a1._signpost.svc.internal.', instanceName(zone, '_signpost', 'a1'), { kind: 'instance', service: '_signpost', id: 'a1' }],
] as const;

test.each(named)('%s is made and means what it was made from', (text, name, meaning) => {
  expect(printName(name!)).toBe(text);
  expect(meaningOf(name!, zone)).toEqual(meaning);
});

test.each([
  ['svc.internal.', { kind: 'apex' }],
  ['_tcp.svc.internal.', { kind: 'between', service: null }],
  ['_tag.web.svc.internal.', { kind: 'between', service: 'web' }],
  ['_sel.web.svc.internal.', { kind: 'between', service: 'web' }],
  ['_udp.web.svc.internal.', { kind: 'between', service: 'web' }],
  ['_sub._web._tcp.svc.internal.', { kind: 'between', service: 'web' }],
  ['_dns-sd._udp.svc.internal.', { kind: 'protocol', service: 'dns-sd', protocol: 'udp' }],
  ['a1._dns-sd._udp.svc.internal.', { kind: 'browsing', service: 'dns-sd', protocol: 'udp', id: 'a1' }],
])('%s means %o', (text, meaning) => {
  expect(meaningOf(parseName(text), zone)).toEqual(meaning);
});

describe('nothing that a registration could make', () => {
  test.each([
    '_sctp.svc.internal.', 'web._tcp.svc.internal.', '_web.svc.internal.', 'x.a1.web.svc.internal.',
    '_x.a1.web.svc.internal.',
    '_services._dns-sd._tcp.svc.internal.', 'x._v2._sub._web._tcp.svc.internal.', 'v2._sub._web._tcp.svc.internal.',
    '_v2._tag.web.svc.internal.', 'x.v2._tag.web.svc.internal.', 'grpc._tcp.web.svc.internal.', '_._tcp.svc.internal.',
    '_tag.svc.internal.', '_sel._web._tcp.svc.internal.', '_other.web.svc.internal.', 'x._other.web.svc.internal.',
    'a.b.c.d.e.svc.internal.',
  ])('is meant by %s', (text) => {
    expect(meaningOf(parseName(text), zone)).toEqual({ kind: 'foreign' });
  });
});

test('a name outside of the zone has no meaning in it', () => {
  expect(() => meaningOf(parseName('web.xsvc.internal.'), zone)).toThrow(RangeError);
});

test('a label of 63 octets has no room for an underscore, and the names that need one are not made', () => {
  const longest = 'x'.repeat(63);
  expect(printName(serviceName(zone, longest)!)).toBe(`${longest}.svc.internal.`);
  expect(protocolName(zone, longest, 'tcp')).toBeNull();
  expect(browsingName(zone, longest, 'tcp', 'a')).toBeNull();
  expect(subtypeName(zone, longest, 'tcp', 'a')).toBeNull();
  expect(portName(zone, 'web', longest, 'tcp')).toBeNull();
});

test('a name of more than 255 octets is not made', () => {
  const deep = parseName(`${'z'.repeat(62)}.${'z'.repeat(62)}.${'z'.repeat(52)}.`);
  expect(instanceName(deep, 'y'.repeat(10), 'x'.repeat(62))).toHaveLength(255 - 1);
  expect(instanceName(deep, 'y'.repeat(10), 'x'.repeat(63))).toHaveLength(255);
  expect(instanceName(deep, 'y'.repeat(11), 'x'.repeat(63))).toBeNull();
});
