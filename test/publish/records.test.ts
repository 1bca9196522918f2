import { describe, expect, test } from 'vitest';
import { ownRecords, sharesOf } from '../../src/publish/records.ts';
import type { Instance } from '../../src/registry/instance.ts';
import type { Selector } from '../../src/registry/service.ts';
import { parseName } from '../../src/wire/name.ts';
import { anInstance, lines, zone } from './support.ts';

const own = (values: Partial<Instance>) => lines(ownRecords(zone, anInstance(values)));

const shared = (values: Partial<Instance>, selectors: readonly Selector[] = []) =>
  sharesOf(zone, anInstance(values), selectors).flatMap(({ owner, records, addresses }) =>
    lines([...records, ...addresses].map(({ type, rdata }) => ({ owner, type, ttl: 5, rdata: [rdata] }))),
  );

describe('the names of an instance of its own', () => {
  test('say its address, endpoint and meta, and those of the DNS-SD entry too', () => {
    expect(own({ meta: { commit: 'abc' } })).toEqual([
      'a.web.svc.internal. 30 IN TXT "commit=abc"',
      'a.web.svc.internal. 30 IN A 10.0.0.7',
      'a.web.svc.internal. 30 IN SRV 10 100 8080 a.web.svc.internal.',
      'a._web._tcp.svc.internal. 30 IN SRV 10 100 8080 a.web.svc.internal.',
      'a._web._tcp.svc.internal. 30 IN TXT "commit=abc"',
    ]);
  });

  test('have all addresses of both families', () => {
    expect(own({ addresses: ['10.0.0.7', 'fd00::7', '10.0.0.8'], port: null })).toEqual([
      'a.web.svc.internal. 30 IN TXT ""',
      'a.web.svc.internal. 30 IN A 10.0.0.7',
      'a.web.svc.internal. 30 IN A 10.0.0.8',
      'a.web.svc.internal. 30 IN AAAA fd00::7',
    ]);
  });

  test('are the same for an instance that is draining or failing', () => {
    expect(own({ declared: 'draining' })).toEqual(own({}));
    expect(own({ observed: 'critical' })).toEqual(own({}));
    expect(own({ observed: 'unknown' })).toEqual(own({}));
  });

  test('have no SRV and no DNS-SD entry where there is no default port', () => {
    expect(own({ port: null, ports: [{ name: 'grpc', port: 9090, protocol: 'tcp' }] })).toEqual([
      'a.web.svc.internal. 30 IN TXT ""',
      'a.web.svc.internal. 30 IN A 10.0.0.7',
    ]);
  });
});

describe('TXT', () => {
  const txt = (meta: Record<string, string>) => own({ meta })[0];

  test('has a string for each entry, in UTF-8', () => {
    expect(txt({ a: '1', b: '', city: 'Zürich' })).toBe(
      'a.web.svc.internal. 30 IN TXT "a=1" "b=" "city=Z\\195\\188rich"',
    );
  });

  test('continues in the next string what is longer than 255 octets', () => {
    const [, first, second] = /"(k=x+)" "(x+)"/.exec(txt({ k: 'x'.repeat(300) })!)!;
    expect([first!.length, second!.length]).toEqual([255, 47]);
  });

  test('is one empty string without meta', () => {
    expect(txt({})).toBe('a.web.svc.internal. 30 IN TXT ""');
  });
});

describe('the names that an instance shares', () => {
  test('are those of its service and protocol', () => {
    expect(shared({})).toEqual([
      'web.svc.internal. 5 IN SRV 10 100 8080 a.web.svc.internal.',
      'web.svc.internal. 5 IN A 10.0.0.7',
      '_web._tcp.svc.internal. 5 IN SRV 10 100 8080 a.web.svc.internal.',
      '_web._tcp.svc.internal. 5 IN PTR a._web._tcp.svc.internal.',
    ]);
  });

  test('are those of its tags, with a DNS-SD subtype for each', () => {
    expect(shared({ tags: ['v2'], protocol: 'udp' }).filter((line) => line.includes('v2'))).toEqual([
      'v2._tag.web.svc.internal. 5 IN SRV 10 100 8080 a.web.svc.internal.',
      'v2._tag.web.svc.internal. 5 IN A 10.0.0.7',
      '_v2._sub._web._udp.svc.internal. 5 IN PTR a._web._udp.svc.internal.',
    ]);
  });

  test('are those of its named ports, each by its own protocol', () => {
    const ports = [
      { name: 'grpc', port: 9090, protocol: 'tcp' },
      { name: 'stats', port: 8125, protocol: 'udp' },
    ] as const;
    expect(shared({ ports, port: null })).toEqual([
      'web.svc.internal. 5 IN A 10.0.0.7',
      '_grpc._tcp.web.svc.internal. 5 IN SRV 10 100 9090 a.web.svc.internal.',
      '_stats._udp.web.svc.internal. 5 IN SRV 10 100 8125 a.web.svc.internal.',
    ]);
  });

  test.each([
    [['v2', 'eu'], true],
    [['v2', 'eu', 'hot'], true],
    [['v2'], false],
    [['eu'], false],
    [['v2', 'eu', 'canary'], false],
    [[], false],
  ])('with tags %o: in the selector of v2 and eu without canary: %s', (tags, selected) => {
    const selector = { name: 'stable', all: ['v2', 'eu'], none: ['canary'], limit: null };
    expect(shared({ tags }, [selector]).includes('stable._sel.web.svc.internal. 5 IN A 10.0.0.7')).toBe(selected);
  });

  test('are all of a selector that asks for nothing', () => {
    expect(shared({}, [{ name: 'any', all: [], none: [], limit: null }])).toContain(
      'any._sel.web.svc.internal. 5 IN SRV 10 100 8080 a.web.svc.internal.',
    );
  });
});

test.each([
  [100, 50],
  [3, 1],
  [1, 1],
  [0, 0],
  [65535, 32767],
])('a warning instance of weight %i is answered with %i', (weight, answered) => {
  expect(own({ weight, declared: 'warning' })[2]).toBe(
    `a.web.svc.internal. 30 IN SRV 10 ${answered} 8080 a.web.svc.internal.`,
  );
  expect(own({ weight, observed: 'warning' })[2]).toBe(
    `a.web.svc.internal. 30 IN SRV 10 ${answered} 8080 a.web.svc.internal.`,
  );
  expect(own({ weight })[2]).toBe(`a.web.svc.internal. 30 IN SRV 10 ${weight} 8080 a.web.svc.internal.`);
});

test('an instance whose name would be too long has no records', () => {
  const deep = parseName(`${'z'.repeat(63)}.${'z'.repeat(63)}.`);
  const instance = anInstance({ service: 's'.repeat(63), id: 'i'.repeat(63) });
  expect(ownRecords(deep, instance)).toEqual([]);
  expect(sharesOf(deep, instance, [])).toEqual([]);
});
