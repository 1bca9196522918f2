import { describe, expect, test } from 'vitest';
import { Publisher } from '../../src/publish/publisher.ts';
import type { Instance } from '../../src/registry/instance.ts';
import type { Service } from '../../src/registry/service.ts';
import { parseName, printName } from '../../src/wire/name.ts';
import type { AppliedChange } from '../../src/zone/change.ts';
import { anInstance, aService, change, lines, publisherWithModel, records, serveBeside, settingsChange, ZoneModel } from './support.ts';

/** Publishes instances and settings one after the other, each at the next revision, and shows what the zone has. */
function open(settings: Parameters<typeof publisherWithModel>[0] = {}) {
  const { publisher, model, delivered } = publisherWithModel(settings);
  const known = new Map<string, Instance>();
  let service: Service | null = null;
  let revision = 0;
  return {
    publisher,
    model,
    delivered,
    put: async (values: Partial<Instance>) => {
      const after = anInstance({ ...values, revision: ++revision });
      await publisher.publish([change(known.get(after.id) ?? null, after)]);
      known.set(after.id, after);
    },
    remove: async (id: string) => {
      await publisher.publish([change(known.get(id)!, null, 'deregistered', ++revision)]);
      known.delete(id);
    },
    configure: async (values: Partial<Service> | null) => {
      const after = values === null ? null : aService({ ...values, revision: ++revision });
      await publisher.publish([settingsChange(service, after, ++revision)]);
      service = after;
    },
    at: (owner: string) => {
      return model
        .lines()
        .filter((line) => line.startsWith(`${owner} `))
        .map((line) => line.slice(owner.length + 1));
    },
    last: () => {
      const { removed, added, marks, serial } = delivered.at(-1)!;
      return {
        serial,
        removed: lines(removed),
        added: lines(added),
        marks: marks.map(({ owner, mark }) => [printName(owner), mark]),
      };
    },
  };
}

const web = 'web.svc.internal.';

describe('a registration', () => {
  test('makes all names of the contract, and its end leaves nothing but the apex', async () => {
    const { model, put, remove, configure } = open();
    const empty = model.state();
    await configure({ selectors: [{ name: 'best', all: ['v2'], none: [], limit: null }] });
    await put({ tags: ['v2'], ports: [{ name: 'grpc', port: 9090, protocol: 'tcp' }] });
    expect(new Set(model.lines().map((line) => line.split(' ', 1)[0]))).toEqual(
      new Set([
        'svc.internal.',
        'ns1.svc.internal.',
        '_web._tcp.svc.internal.',
        'a._web._tcp.svc.internal.',
        '_v2._sub._web._tcp.svc.internal.',
        '_services._dns-sd._udp.svc.internal.',
        'web.svc.internal.',
        'a.web.svc.internal.',
        '_grpc._tcp.web.svc.internal.',
        'v2._tag.web.svc.internal.',
        'best._sel.web.svc.internal.',
      ]),
    );
    await remove('a');
    await configure(null);
    expect(model.state()).toEqual(empty);
  });

  test('of one more among 10,000 touches its own names only', async () => {
    const { publisher, last, put } = open();
    publisher.load(Array.from({ length: 10_000 }, (_, i) => change(null, anInstance({ id: `i${i}` }))));
    await put({ id: 'new', addresses: ['10.9.9.9'] });
    expect(last()).toEqual({
      serial: 1,
      removed: [],
      added: [
        'web.svc.internal. 5 IN SRV 10 100 8080 new.web.svc.internal.',
        'web.svc.internal. 5 IN A 10.9.9.9',
        '_web._tcp.svc.internal. 5 IN SRV 10 100 8080 new.web.svc.internal.',
        '_web._tcp.svc.internal. 5 IN PTR new._web._tcp.svc.internal.',
        'new.web.svc.internal. 30 IN TXT ""',
        'new.web.svc.internal. 30 IN A 10.9.9.9',
        'new.web.svc.internal. 30 IN SRV 10 100 8080 new.web.svc.internal.',
        'new._web._tcp.svc.internal. 30 IN SRV 10 100 8080 new.web.svc.internal.',
        'new._web._tcp.svc.internal. 30 IN TXT ""',
      ],
      marks: [],
    });
  });

  test('that is repeated with another weight replaces what says the weight', async () => {
    const { put, last } = open();
    await put({ meta: { a: '1' } });
    await put({ meta: { a: '1' }, weight: 50 });
    expect(new Set(last().removed.map((line) => line.split(' ').slice(3).join(' ')))).toEqual(
      new Set(['SRV 10 100 8080 a.web.svc.internal.']),
    );
    expect(last().removed).toHaveLength(last().added.length);
    expect(last().marks).toEqual([]);
  });

  test('on the address of another keeps the address answered when one of the two leaves', async () => {
    const { put, remove, at } = open();
    await put({ id: 'a' });
    await put({ id: 'b', port: 8081 });
    await remove('a');
    expect(at(web)).toContain('5 IN A 10.0.0.7');
  });
});

describe('health', () => {
  test('takes a failing instance out of the shared names and leaves it its own', async () => {
    const { put, at } = open();
    await put({ id: 'a' });
    await put({ id: 'b', addresses: ['10.0.0.8'] });
    await put({ id: 'a', observed: 'critical' });
    expect(at(web)).toEqual(['5 IN A 10.0.0.8', '5 IN SRV 10 100 8080 b.web.svc.internal.']);
    expect(at('a.web.svc.internal.')).toContain('30 IN A 10.0.0.7');
    await put({ id: 'a', observed: 'passing' });
    expect(at(web)).toContain('5 IN A 10.0.0.7');
  });

  test('without any leaves names that exist, and says why', async () => {
    const { put, at, model } = open();
    await put({ tags: ['v2'], observed: 'unknown' });
    expect(at(web)).toEqual([]);
    for (const name of [
      web,
      '_web._tcp.svc.internal.',
      'v2._tag.web.svc.internal.',
      '_v2._sub._web._tcp.svc.internal.',
    ]) {
      expect(model.markOf(name)).toEqual({
        existence: 'exists',
        extendedError: { infoCode: 0, text: 'no instance is healthy' },
      });
    }
    expect(at('_services._dns-sd._udp.svc.internal.')).toEqual([]);
  });

  test('of a warning instance halves its weight everywhere', async () => {
    const { put, at } = open();
    await put({ observed: 'warning' });
    expect(at(web)).toContain('5 IN SRV 10 50 8080 a.web.svc.internal.');
    expect(at('a.web.svc.internal.')).toContain('30 IN SRV 10 50 8080 a.web.svc.internal.');
  });
});

describe('addresses of the service', () => {
  test('are those of the lowest priority that is answered, while SRV has all', async () => {
    const { put, remove, at } = open();
    await put({ id: 'standby', priority: 20, addresses: ['10.0.0.20'] });
    expect(at(web)).toContain('5 IN A 10.0.0.20');
    await put({ id: 'first', priority: 10, addresses: ['10.0.0.10'] });
    expect(at(web)).toEqual([
      '5 IN A 10.0.0.10',
      '5 IN SRV 10 100 8080 first.web.svc.internal.',
      '5 IN SRV 20 100 8080 standby.web.svc.internal.',
    ]);
    await put({ id: 'first', priority: 10, addresses: ['10.0.0.10'], observed: 'critical' });
    expect(at(web)).toEqual(['5 IN A 10.0.0.20', '5 IN SRV 20 100 8080 standby.web.svc.internal.']);
    await remove('standby');
    expect(at(web)).toEqual([]);
  });

  test('are chosen by priority for each tag by itself', async () => {
    const { put, at } = open();
    await put({ id: 'a', priority: 10, addresses: ['10.0.0.1'], tags: ['eu'] });
    await put({ id: 'b', priority: 20, addresses: ['10.0.0.2'], tags: ['eu', 'us'] });
    expect(at('eu._tag.web.svc.internal.')).toContain('5 IN A 10.0.0.1');
    expect(at('eu._tag.web.svc.internal.')).not.toContain('5 IN A 10.0.0.2');
    expect(at('us._tag.web.svc.internal.')).toContain('5 IN A 10.0.0.2');
  });
});

describe('the TTL of an rrset', () => {
  test('is the least of its contributors, and rises again when that one leaves', async () => {
    const { put, remove, at, last } = open();
    await put({ id: 'a', ttl: 60 });
    await put({ id: 'b', ttl: 7, addresses: ['10.0.0.8'] });
    expect(at(web).map((line) => Number(line.split(' ', 1)[0]))).toEqual([7, 7, 7, 7]);
    await remove('b');
    expect(at(web).map((line) => Number(line.split(' ', 1)[0]))).toEqual([60, 60]);
    expect(last().added).toEqual([]);
  });

  test('of addresses counts only the priority that is answered', async () => {
    const { put, at } = open();
    await put({ id: 'a', ttl: 60, priority: 10 });
    await put({ id: 'b', ttl: 7, priority: 20, addresses: ['10.0.0.8'] });
    expect(at(web)).toEqual([
      '60 IN A 10.0.0.7',
      '7 IN SRV 10 100 8080 a.web.svc.internal.',
      '7 IN SRV 20 100 8080 b.web.svc.internal.',
    ]);
  });

  test('shrinks while the lease is late, without moving the serial', async () => {
    const { publisher, put, at, last } = open();
    await put({ ttl: 20, lease: 30 });
    const { serial } = last();
    const before = anInstance({ ttl: 20, lease: 30 });
    await publisher.publish([change(before, { ...before, late: true }, 'late', serial)]);
    expect(
      at(web)
        .concat(at('a.web.svc.internal.'))
        .every((line) => line.startsWith('5 IN')),
    ).toBe(true);
    expect(last()).toEqual({ serial, removed: [], added: [], marks: [] });
  });

  test('follows the settings of the service', async () => {
    const { put, configure, at } = open();
    await put({});
    await configure({ ttl: 120 });
    expect(at(web)).toEqual(['120 IN A 10.0.0.7', '120 IN SRV 10 100 8080 a.web.svc.internal.']);
    await configure(null);
    expect(at(web)).toEqual(['5 IN A 10.0.0.7', '5 IN SRV 10 100 8080 a.web.svc.internal.']);
  });
});

describe('a service that has settings and no instance', () => {
  test('exists under both protocols', async () => {
    const { configure, model } = open();
    await configure({ selectors: [{ name: 'best', all: [], none: [], limit: null }] });
    for (const name of [web, '_web._tcp.svc.internal.', '_web._udp.svc.internal.', 'best._sel.web.svc.internal.']) {
      expect(model.markOf(name)).toEqual({
        existence: 'exists',
        extendedError: { infoCode: 0, text: 'no instance is registered' },
      });
    }
  });

  test('is denied where its policy is nxdomain', async () => {
    const { configure, model, put } = open();
    await configure({ emptyPolicy: 'nxdomain' });
    expect(model.markOf(web)?.existence).toBe('denied');
    await put({});
    expect(model.markOf(web)).toEqual({ existence: 'exists' });
    await put({ declared: 'critical' });
    expect(model.markOf('_web._tcp.svc.internal.')?.existence).toBe('denied');
  });
});

describe('an empty service', () => {
  test('that fails open answers all that are not draining, and says so', async () => {
    const { configure, put, at, model } = open();
    await configure({ emptyPolicy: 'fail-open' });
    await put({ id: 'a', addresses: ['10.0.0.1'] });
    await put({ id: 'b', addresses: ['10.0.0.2'], declared: 'draining' });
    await put({ id: 'c', addresses: ['10.0.0.3'], observed: 'unknown' });
    await put({ id: 'a', addresses: ['10.0.0.1'], observed: 'critical' });
    expect(at(web).filter((line) => line.includes(' A '))).toEqual(['5 IN A 10.0.0.1', '5 IN A 10.0.0.3']);
    expect(model.markOf(web)?.extendedError?.infoCode).toBe(0);
    await put({ id: 'c', addresses: ['10.0.0.3'], observed: 'passing' });
    expect(at(web).filter((line) => line.includes(' A '))).toEqual(['5 IN A 10.0.0.3']);
    expect(model.markOf(web)).toEqual({ existence: 'exists' });
  });

  test('keeps the last known good, without those that leave, and says that it is stale', async () => {
    const { configure, put, remove, at, model, publisher } = open();
    await configure({ emptyPolicy: 'last-known-good' });
    const ids = ['a', 'b', 'c', 'd'];
    for (const id of ids) await put({ id, addresses: [`10.0.0.${ids.indexOf(id) + 1}`] });
    await put({ id: 'd', addresses: ['10.0.0.4'], observed: 'critical' });
    // The rest fails in one batch.
    await publisher.publish(
      ['a', 'b', 'c'].map((id, i) => {
        const before = anInstance({ id, addresses: [`10.0.0.${i + 1}`] });
        return change(before, { ...before, observed: 'critical' }, 'checked', 90);
      }),
    );
    const addresses = () =>
      at(web)
        .filter((line) => line.includes(' A '))
        .map((line) => line.split(' ').at(-1));
    expect(addresses()).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    expect(model.markOf(web)).toEqual({
      existence: 'exists',
      extendedError: { infoCode: 3, text: 'no instance is healthy: the last healthy ones are answered' },
    });
    await remove('a');
    await put({ id: 'b', addresses: ['10.0.0.2'], declared: 'draining' });
    expect(addresses()).toEqual(['10.0.0.3']);
    await put({ id: 'b', addresses: ['10.0.0.2'], observed: 'critical' });
    expect(addresses()).toEqual(['10.0.0.3']);
    await remove('c');
    expect(addresses()).toEqual([]);
    expect(model.markOf(web)?.existence).toBe('exists');
  });

  test('forgets the last known good when something is healthy again', async () => {
    const { configure, put, at } = open();
    await configure({ emptyPolicy: 'last-known-good' });
    await put({ id: 'a', addresses: ['10.0.0.1'] });
    await put({ id: 'a', addresses: ['10.0.0.1'], observed: 'critical' });
    await put({ id: 'b', addresses: ['10.0.0.2'] });
    expect(at(web)).toContain('5 IN A 10.0.0.2');
    await put({ id: 'b', addresses: ['10.0.0.2'], observed: 'critical' });
    expect(at(web).filter((line) => line.includes(' A '))).toEqual(['5 IN A 10.0.0.2']);
  });

  test('with too small a healthy share answers all, and says so', async () => {
    const { configure, put, at, model } = open();
    await configure({ panicThreshold: 0.5 });
    for (const id of ['a', 'b', 'c']) await put({ id });
    await put({ id: 'a', observed: 'critical' });
    expect(at(web)).toHaveLength(3);
    await put({ id: 'b', observed: 'critical' });
    expect(at(web)).toHaveLength(4);
    expect(model.markOf(web)?.extendedError?.text).toMatch(/too few/);
    await put({ id: 'a', observed: 'passing' });
    expect(at(web)).toHaveLength(3);
  });
});

test('limits are marks: of the service at its names, of a selector at its own', async () => {
  const { configure, put, model } = open();
  await configure({
    limit: 5,
    selectors: [
      { name: 'one', all: [], none: [], limit: 1 },
      { name: 'more', all: [], none: [], limit: null },
    ],
  });
  await put({ tags: ['v2'] });
  const limits = [
    web,
    '_web._tcp.svc.internal.',
    'v2._tag.web.svc.internal.',
    'one._sel.web.svc.internal.',
    'more._sel.web.svc.internal.',
  ].map((name) => model.markOf(name)?.limit);
  expect(limits).toEqual([5, 5, 5, 1, 5]);
  await configure({});
  expect(model.markOf(web)).toEqual({ existence: 'exists' });
  expect(model.markOf('one._sel.web.svc.internal.')).toBeNull();
});

describe('zones', () => {
  test('have one serial, the revision of the last commit, modulo 2^32', async () => {
    const { publisher, model } = publisherWithModel({ zones: ['svc.internal', 'eu.internal'] });
    await publisher.publish([
      change(null, anInstance({ revision: 2 ** 32 + 7 })),
      change(null, anInstance({ zone: 'eu.internal', revision: 2 ** 32 + 6 })),
    ]);
    expect(model.serials).toEqual(
      new Map([
        [parseName('svc.internal.'), 7],
        [parseName('eu.internal.'), 7],
      ]),
    );
  });

  test('move their serial with a commit of which nothing is to be seen', async () => {
    const { publisher, model, delivered } = publisherWithModel();
    await publisher.publish([], 9);
    expect([...model.serials.values()]).toEqual([9]);
    await publisher.publish([], 9);
    expect(delivered).toHaveLength(1);
  });

  test('move their serial with a change that shows in no record', async () => {
    const { publisher, model, delivered } = publisherWithModel();
    const before = anInstance({ declared: 'critical' });
    await publisher.publish([change(null, before)]);
    await publisher.publish([change(before, { ...before, revision: 9, registeredBy: 't' }, 'updated')]);
    expect([...model.serials.values()]).toEqual([9]);
    expect(delivered.at(-1)).toMatchObject({ kind: 'update', removed: [], added: [], marks: [] });
  });

  test('say that they may be stale until they do no more, in what is published and in a replay', async () => {
    const { publisher, delivered } = publisherWithModel({ reversePrefixes: ['10.0.0.0/8'] });
    await publisher.setStaticZone(parseName('site.'), [], 1);
    await publisher.setStale(true);
    await publisher.publish([change(null, anInstance())]);
    expect(delivered.slice(1).map(({ stale }) => stale)).toEqual([true, true, true, true]);
    const staleOf = (): unknown[] =>
      [...publisher.replay()].map(({ zone, kind, stale }) => `${printName(zone)} ${kind} ${stale}`);
    expect(staleOf()).toEqual([
      'svc.internal. load true', '10.in-addr.arpa. load true', 'site. load false', 'svc.internal. update true',
      '10.in-addr.arpa. update true',
    ]);
    await publisher.setStale(false);
    expect(staleOf().some((line) => String(line).endsWith('true'))).toBe(false);
  });

  test('resume at the revision of the store', () => {
    const { publisher } = publisherWithModel();
    publisher.load([change(null, anInstance({ revision: 3 }), 'loaded')]);
    publisher.resumeAt(8);
    expect([...publisher.replay()].map(({ serial }) => serial)).toEqual([8, 8]);
  });

  test('that are not served leave out what is registered in them', async () => {
    const { publisher, model } = publisherWithModel();
    const before = model.state();
    await publisher.publish([change(null, anInstance({ zone: 'other.internal' }))]);
    expect(model.state()).toEqual(before);
  });

  test('have an apex with a name server that can be found', () => {
    const { model } = publisherWithModel({ addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::1'] });
    expect(model.lines()).toEqual([
      'ns1.svc.internal. 60 IN A 192.0.2.1',
      'ns1.svc.internal. 60 IN A 192.0.2.2',
      'ns1.svc.internal. 60 IN AAAA 2001:db8::1',
      'svc.internal. 5 IN SOA ns1.svc.internal. hostmaster.svc.internal. 0 60 15 604800 5',
      'svc.internal. 60 IN NS ns1.svc.internal.',
    ]);
  });
});

describe('name servers', () => {
  const [one, other] = ['9.9.9.9', '2a00::1'];
  const server = (id: string, addresses: string[], values: Partial<Instance> = {}): Partial<Instance> => {
    const ports = [{ name: 'dns', port: 53, protocol: 'udp' as const }];
    return { service: '_signpost', id, addresses, port: 8054, ports, lease: 15, ...values };
  };
  const isOfApex = (line: string): boolean => / (NS|SOA) |^ns/.test(line);
  const alone = [
    'ns1.svc.internal. 60 IN A 127.0.0.1',
    'svc.internal. 5 IN SOA ns1.svc.internal. hostmaster.svc.internal. 0 60 15 604800 5',
    'svc.internal. 60 IN NS ns1.svc.internal.',
  ];

  test('are the public addresses of the servers that there are, and this server where there is none', async () => {
    const { put, remove, model, last } = open();
    await put(server('a', [one, '10.0.0.1', '127.0.0.1']));
    await put(server('b', [other]));
    const both = [
      'ns-2a000000000000000000000000000001.svc.internal. 60 IN AAAA 2a00::1',
      'ns-9-9-9-9.svc.internal. 60 IN A 9.9.9.9',
      'svc.internal. 5 IN SOA ns-2a000000000000000000000000000001.svc.internal. hostmaster.svc.internal. 0 60 15 604800 5',
      'svc.internal. 60 IN NS ns-2a000000000000000000000000000001.svc.internal.',
      'svc.internal. 60 IN NS ns-9-9-9-9.svc.internal.',
    ];
    expect(model.lines().filter(isOfApex)).toEqual(both);
    expect(last().serial).toBe(2);
    await remove('b');
    expect(model.lines().filter(isOfApex)).toEqual([
      'ns-9-9-9-9.svc.internal. 60 IN A 9.9.9.9',
      'svc.internal. 5 IN SOA ns-9-9-9-9.svc.internal. hostmaster.svc.internal. 0 60 15 604800 5',
      'svc.internal. 60 IN NS ns-9-9-9-9.svc.internal.',
    ]);
    await put(server('a', [one], { declared: 'draining' }));
    expect(model.lines().filter(isOfApex)).toEqual(alone);
  });

  test.each([
    ['private addresses', server('a', ['10.0.0.1', 'fd00::1', '127.0.0.1', '192.0.2.1'])],
    ['no DNS', server('a', [one], { ports: [] })],
    ['another service', server('a', [one], { service: 'web' })],
  ])('are no instances with %s', async (_, instance) => {
    const { put, model } = open();
    await put(instance);
    expect(model.lines().filter(isOfApex)).toEqual(alone);
  });

  test('of reverse zones are those of the first service zone', async () => {
    const { put, model } = open({ reversePrefixes: ['10.0.0.0/8'] });
    await put(server('a', [one]));
    expect(model.lines().filter((line) => line.startsWith('10.in-addr.arpa. 60 IN NS'))).toEqual([
      '10.in-addr.arpa. 60 IN NS ns-9-9-9-9.svc.internal.',
    ]);
  });

  test('are those of the zone file where there is one', async () => {
    const { put, model, publisher } = open();
    const file = records('svc.internal.', '@ 60 SOA ns.example. host.example. 1 2 3 4 5', '@ 60 NS ns.example.');
    await serveBeside(publisher, file, 1);
    await put(server('a', [one]));
    expect(model.lines().filter((line) => line.includes(' NS '))).toEqual(['svc.internal. 60 IN NS ns.example.']);
    await serveBeside(publisher, null, 3);
    expect(model.lines()).toContain('svc.internal. 60 IN NS ns-9-9-9-9.svc.internal.');
  });

  test('are known after a start', () => {
    const { publisher } = publisherWithModel();
    publisher.load([change(null, anInstance(server('a', [one])), 'loaded')]);
    publisher.resumeAt(8);
    const restarted = new ZoneModel().apply(publisher.replay());
    expect(restarted.lines()).toContain('svc.internal. 60 IN NS ns-9-9-9-9.svc.internal.');
  });
});

describe('reverse names', () => {
  const reversed = (model: { lines(): string[] }) =>
    model.lines().filter((line) => line.includes(' PTR ') && line.includes('.arpa.'));

  test('point to the instances of an address in the configured prefixes', async () => {
    const { put, remove, model } = open({ reversePrefixes: ['10.0.0.0/8', 'fd00::/8'] });
    await put({ id: 'a', addresses: ['10.0.0.7', 'fd00::7', '192.0.2.1'] });
    await put({ id: 'b', addresses: ['10.0.0.7'], lease: 6 });
    expect(reversed(model)).toEqual([
      `7.${'0.'.repeat(29)}d.f.ip6.arpa. 30 IN PTR a.web.svc.internal.`,
      '7.0.0.10.in-addr.arpa. 7 IN PTR a.web.svc.internal.',
      '7.0.0.10.in-addr.arpa. 7 IN PTR b.web.svc.internal.',
    ]);
    await remove('b');
    expect(reversed(model)[1]).toBe('7.0.0.10.in-addr.arpa. 30 IN PTR a.web.svc.internal.');
    await remove('a');
    expect(reversed(model)).toEqual([]);
  });

  test('are in zones whose name server and whose serial are those of the service zone', async () => {
    const { put, model } = open({ reversePrefixes: ['10.0.0.0/8', '172.16.0.0/12'] });
    expect(model.lines()).toContain('31.172.in-addr.arpa. 60 IN NS ns1.svc.internal.');
    await put({});
    await put({ declared: 'critical' });
    expect(new Set(model.serials.values())).toEqual(new Set([2]));
  });
});

test('what one batch says of several services and zones goes out as one change a zone', async () => {
  const { publisher, delivered } = publisherWithModel({ zones: ['svc.internal', 'eu.internal'] });
  await publisher.publish(
    ['svc.internal', 'eu.internal'].flatMap((zone) =>
      ['web', 'db'].flatMap((service) => ['a', 'b'].map((id) => change(null, anInstance({ zone, service, id })))),
    ),
  );
  expect(delivered.map(({ zone }) => printName(zone))).toEqual(['svc.internal.', 'eu.internal.']);
});

test('publishing resolves with what the workers say, and fails where they fail', async () => {
  const results: (() => Promise<AppliedChange>)[] = [
    () => Promise.resolve({ heldFor: 17 }),
    () => Promise.reject(new Error('no worker')),
  ];
  const publisher = new Publisher({ zones: ['svc.internal'], reversePrefixes: [], addresses: [], defaultTtl: 5 }, () =>
    results.shift()!(),
  );
  await expect(publisher.publish([change(null, anInstance())])).resolves.toEqual({ heldFor: 17 });
  await expect(publisher.publish([change(anInstance(), null)])).rejects.toThrow('no worker');
  await expect(publisher.publish([])).resolves.toEqual({ heldFor: 0 });
});
