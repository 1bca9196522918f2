import { describe, expect, it } from 'vitest';
import { ownRecords, sharesOf } from '../../src/publish/records.ts';
import { namesOf, recordsOf } from '../../src/publish/preview.ts';
import type { Instance } from '../../src/registry/instance.ts';
import { parseService } from '../../src/registry/service.ts';
import { parseName, printName } from '../../src/wire/name.ts';

const plain: Instance = {
  zone: 'svc.internal',
  service: 'web',
  id: 'a',
  generation: 1,
  revision: 1,
  addresses: ['10.0.0.7', 'fd00::7'],
  port: 80,
  protocol: 'tcp',
  ports: [],
  priority: 10,
  weight: 100,
  tags: [],
  meta: { commit: 'a b' },
  ttl: null,
  lease: null,
  declared: 'passing',
  checks: [],
  observed: null,
  late: false,
  registeredFrom: null,
  registeredBy: null,
  registeredAt: 0,
};
const full: Instance = { ...plain, tags: ['v1', 'v2'], ports: [{ name: 'grpc', port: 90, protocol: 'udp' }] };
const settings = parseService('svc.internal', 'web', {
  selectors: [
    { name: 'fast', all: ['v1'] },
    { name: 'slow', none: ['v1'] },
  ],
});

describe('the names of a registration', () => {
  it.each([
    ['of a plain one', plain],
    ['with tags and ports', full],
    ['with named ports only', { ...full, port: null }],
    ['of a service whose name has no room for the _', { ...full, service: 'x'.repeat(63) }],
    [
      'with names too long to be made',
      { ...full, tags: ['t'.repeat(63)], service: 's'.repeat(60), zone: `${'z'.repeat(60)}.${'y'.repeat(40)}` },
    ],
  ])('%s are those that it has records at', (_, instance) => {
    const zone = parseName(instance.zone);
    const owners = [...sharesOf(zone, instance, settings.selectors), ...ownRecords(zone, instance)].map(({ owner }) =>
      printName(owner).slice(0, -1),
    );
    expect(new Set(namesOf(instance, settings))).toEqual(new Set(owners));
    expect(namesOf(instance, settings).length).toBe(new Set(owners).size);
  });

  it('begin with those that are asked for most', () => {
    expect(namesOf(full, settings).slice(0, 4)).toEqual([
      '_web._tcp.svc.internal',
      'web.svc.internal',
      'a.web.svc.internal',
      'a._web._tcp.svc.internal',
    ]);
  });
});

it('the records of a registration are what a zone file would say', () => {
  expect(recordsOf(plain, null, 7)).toEqual([
    'web.svc.internal. 7 IN SRV 10 100 80 a.web.svc.internal.',
    'web.svc.internal. 7 IN A 10.0.0.7',
    'web.svc.internal. 7 IN AAAA fd00::7',
    '_web._tcp.svc.internal. 7 IN SRV 10 100 80 a.web.svc.internal.',
    '_web._tcp.svc.internal. 7 IN PTR a._web._tcp.svc.internal.',
    'a.web.svc.internal. 30 IN TXT "commit=a b"',
    'a.web.svc.internal. 30 IN A 10.0.0.7',
    'a.web.svc.internal. 30 IN AAAA fd00::7',
    'a.web.svc.internal. 30 IN SRV 10 100 80 a.web.svc.internal.',
    'a._web._tcp.svc.internal. 30 IN SRV 10 100 80 a.web.svc.internal.',
    'a._web._tcp.svc.internal. 30 IN TXT "commit=a b"',
  ]);
});
