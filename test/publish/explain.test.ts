import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explain, type Explanation } from '../../src/publish/explain.ts';
import type { Publisher } from '../../src/publish/publisher.ts';
import type { Instance } from '../../src/registry/instance.ts';
import type { Service } from '../../src/registry/service.ts';
import { RRType } from '../../src/wire/codes.ts';
import { FoldedName } from '../../src/wire/folded-name.ts';
import { parseName } from '../../src/wire/name.ts';
import { parseRdata, printRdata } from '../../src/wire/rdata/rdata.ts';
import type { ResourceRecord } from '../../src/wire/record.ts';
import { lookup } from '../../src/zone/lookup.ts';
import { Zones } from '../../src/zone/zones.ts';
import { FakeRegistry, history } from './history.ts';
import { anInstance, aService, change, publisherWithModel, serveBeside, settingsChange, zone } from './support.ts';

const record = (owner: string, type: number, ttl: number, text: string): ResourceRecord => ({
  owner: parseName(owner, zone),
  type,
  ttl,
  rdata: parseRdata(type, text, zone),
});

const zoneFile = [
  record('@', RRType.SOA, 300, 'dns.example. admin.example. 9 60 60 60 60'),
  record('@', RRType.NS, 300, 'dns.example.'),
  record('*', RRType.TXT, 300, 'wildcard'),
  record('*._tag.web', RRType.A, 300, '192.0.2.1'),
  record('db', RRType.CNAME, 300, 'web'),
  record('sub', RRType.NS, 300, 'dns.example.'),
  record('old', RRType.DNAME, 300, 'web'),
  record('x.y.deep', RRType.A, 300, '192.0.2.2'),
];

function explainer(
  instances: Partial<Instance>[],
  settings: Partial<Service> | null = null,
  isProtected: (instance: Instance) => boolean = () => false,
) {
  const { publisher } = publisherWithModel({ reversePrefixes: ['10.0.0.0/8'] });
  publisher.load([
    ...instances.map((values) => change(null, anInstance(values))),
    ...(settings === null ? [] : [settingsChange(null, aService(settings))]),
  ]);
  return (name: string, type = 'SRV') => explain(publisher, name, type, { udpSize: 1232, isProtected });
}

const reasonsOf = ({ candidates }: Explanation) =>
  Object.fromEntries(
    candidates.map(({ id, answered, reasons }) => [
      id,
      `${answered ? 'in' : 'out'}: ${reasons.map(({ code }) => code).join(' ')}`,
    ]),
  );

describe('an instance is in or out', () => {
  const ask = explainer(
    [
      { id: 'fine', tags: ['v2'] },
      { id: 'warns', declared: 'warning', addresses: ['10.0.0.8', 'fd00::8'] },
      { id: 'fails', observed: 'critical', tags: ['v2'] },
      { id: 'starts', observed: 'unknown' },
      { id: 'says-no', declared: 'critical' },
      { id: 'leaves', declared: 'draining' },
      { id: 'standby', priority: 20, ports: [{ name: 'grpc', port: 9090, protocol: 'tcp' }] },
      { id: 'datagram', protocol: 'udp' },
      { id: 'portless', port: null, ports: [{ name: 'grpc', port: 9090, protocol: 'tcp' }], tags: ['v2'] },
      { id: 'late', late: true, lease: 10 },
    ],
    { selectors: [{ name: 'new', all: ['v2'], none: ['hot'], limit: null }] },
  );

  test('of a protocol', () => {
    expect(reasonsOf(ask('_web._tcp.svc.internal'))).toEqual({
      fine: 'in: passing',
      warns: 'in: warning',
      fails: 'out: check-critical',
      starts: 'out: check-pending',
      'says-no': 'out: declared-critical',
      leaves: 'out: draining',
      standby: 'in: passing',
      datagram: 'out: passing protocol',
      portless: 'out: passing port',
      late: 'in: passing lease-late',
    });
  });

  test('of addresses, which only the lowest priority has', () => {
    expect(reasonsOf(ask('web.svc.internal.', 'A'))).toMatchObject({
      fine: 'in: passing',
      standby: 'out: passing priority',
      portless: 'in: passing',
    });
    expect(reasonsOf(ask('web.svc.internal.', 'AAAA'))).toMatchObject({
      fine: 'out: passing type',
      warns: 'in: warning',
    });
  });

  test('of a tag, a selector, a named port', () => {
    expect(reasonsOf(ask('v2._tag.web.svc.internal'))).toMatchObject({
      fine: 'in: passing',
      fails: 'out: check-critical',
      warns: 'out: warning tag',
    });
    expect(reasonsOf(ask('new._sel.web.svc.internal', 'A'))).toMatchObject({
      fine: 'in: passing',
      warns: 'out: warning selector',
    });
    expect(reasonsOf(ask('_grpc._tcp.web.svc.internal'))).toMatchObject({
      standby: 'in: passing',
      portless: 'in: passing',
      fine: 'out: passing port',
    });
    expect(reasonsOf(ask('_v2._sub._web._tcp.svc.internal', 'PTR'))).toMatchObject({
      fine: 'in: passing',
      portless: 'out: passing port',
      datagram: 'out: passing protocol',
    });
  });

  test('at a name of its own, whatever its health', () => {
    expect(reasonsOf(ask('fails.web.svc.internal', 'A'))).toEqual({ fails: 'in: registered' });
    expect(reasonsOf(ask('fails.web.svc.internal', 'AAAA'))).toEqual({ fails: 'out: registered type' });
    expect(reasonsOf(ask('leaves._web._tcp.svc.internal', 'TXT'))).toEqual({ leaves: 'in: registered' });
    expect(ask('gone.web.svc.internal')).toMatchObject({
      outcome: 'nxdomain',
      meaning: { kind: 'instance', service: 'web', id: 'gone' },
      candidates: [],
    });
  });
});

test('what the policy of a service does is among the reasons and in the service', () => {
  const instances = [
    { id: 'a', observed: 'critical' },
    { id: 'b', declared: 'draining' },
  ] as const;
  const open = explainer([...instances], { emptyPolicy: 'fail-open' })('_web._tcp.svc.internal');
  expect(reasonsOf(open)).toEqual({ a: 'in: fail-open', b: 'out: draining' });
  expect(open.service).toEqual({
    name: 'web',
    mode: 'fail-open',
    emptyPolicy: 'fail-open',
    panicThreshold: 0,
    instances: 2,
    staying: 1,
    answerable: 0,
  });
  expect(open.extendedError?.infoCode).toBe(0);
  const panicking = explainer([...instances, { id: 'c' }], { panicThreshold: 0.9 })('_web._tcp.svc.internal');
  expect(reasonsOf(panicking)).toEqual({ a: 'in: panic', b: 'out: draining', c: 'in: passing' });
  const denied = explainer([...instances], { emptyPolicy: 'nxdomain' })('_web._tcp.svc.internal');
  expect(denied).toMatchObject({
    outcome: 'nxdomain',
    records: [],
    extendedError: { infoCode: 0, text: 'no instance is healthy' },
  });
});

test('limits, and answers too large for UDP, are remarked on', () => {
  const many = Array.from({ length: 60 }, (_, i) => ({ id: `i${i}`, addresses: [`10.0.1.${i}`] }));
  expect(reasonsOf(explainer(many)('_web._tcp.svc.internal'))['i7']).toBe('in: passing size');
  expect(reasonsOf(explainer(many)('web.svc.internal', 'A'))['i7']).toBe('in: passing');
  const limited = explainer(many, { limit: 5 })('_web._tcp.svc.internal');
  expect(reasonsOf(limited)['i7']).toBe('in: passing limit');
  expect(limited.limit).toBe(5);
});

test('protection is remarked on', () => {
  const ask = explainer([{ id: 'a' }, { id: 'b' }], null, ({ id }) => id === 'b');
  expect(reasonsOf(ask('web.svc.internal', 'A'))).toEqual({ a: 'in: passing', b: 'in: passing protected' });
});

test('records are those of the answer', () => {
  expect(explainer([{ lease: 30 }])('_WEB._tcp.svc.internal')).toMatchObject({
    name: '_web._tcp.svc.internal.',
    type: 'SRV',
    zone: { name: 'svc.internal.', kind: 'services' },
    meaning: { kind: 'protocol', service: 'web', protocol: 'tcp' },
    outcome: 'answer',
    records: [{ name: '_web._tcp.svc.internal.', ttl: 5, type: 'SRV', data: '10 100 8080 a.web.svc.internal.' }],
    limit: null,
    extendedError: null,
  });
});

test('a reverse name is explained by its address', () => {
  expect(explainer([{}])('7.0.0.10.in-addr.arpa', 'PTR')).toMatchObject({
    zone: { name: '10.in-addr.arpa.', kind: 'reverse' },
    meaning: { kind: 'reverse', address: '10.0.0.7' },
    records: [{ data: 'a.web.svc.internal.' }],
  });
});

test('what is no zone of ours is refused', () => {
  expect(explainer([])('www.example.org', 'A')).toMatchObject({
    zone: null,
    outcome: 'refused',
    candidates: [],
    records: [],
  });
});

test.each([
  ['a..b', 'SRV'],
  ['web.svc.internal', 'NONSENSE'],
  [`${'x'.repeat(64)}.svc.internal`, 'A'],
])('%s %s is refused', (name, type) => {
  expect(() => explainer([])(name, type)).toThrow(/found .* wanted/);
});

test('a registration under a CNAME of the zone file is out because of it', async () => {
  const { publisher } = publisherWithModel();
  await publisher.publish([change(null, anInstance({ service: 'db' }))]);
  await serveBeside(publisher, zoneFile, 2);
  const explained = explain(publisher, 'db.svc.internal', 'A', { udpSize: 1232, isProtected: () => false });
  expect(reasonsOf(explained)).toEqual({ a: 'out: passing zone-file' });
  expect(explained).toMatchObject({ outcome: 'cname', records: [{ type: 'CNAME', data: 'web.svc.internal.' }] });
});

describe('whatever is registered', () => {
  const names = [
    '@',
    'web',
    'db',
    '_web._tcp',
    '_web._udp',
    '_db._tcp',
    'a.web',
    'b.db',
    'a._web._tcp',
    'v1._tag.web',
    'v9._tag.web',
    '_tag.web',
    '_sel.web',
    'best._sel.web',
    '_grpc._tcp.web',
    '_tcp.web',
    '_tcp',
    '_udp',
    '_sctp',
    '_v2._sub._web._tcp',
    '_sub._web._tcp',
    '_services._dns-sd._udp',
    '_dns-sd._udp',
    'x.a.web',
    'no',
    'no.such',
    'x.y.deep',
    'y.deep',
    'deep',
    'z.deep',
    'sub',
    'x.sub',
    'old',
    'x.old',
    'x._tag.db',
  ];
  const question = fc.tuple(fc.constantFrom(...names), fc.constantFrom('A', 'AAAA', 'SRV', 'PTR', 'TXT', 'ANY', 'NS'));

  async function played(batches: Parameters<FakeRegistry['play']>[0][], withFile: boolean): Promise<Publisher> {
    const { publisher } = publisherWithModel();
    const registry = new FakeRegistry();
    for (const batch of batches) await publisher.publish(registry.play(batch));
    if (withFile) await serveBeside(publisher, zoneFile, registry.revision);
    return publisher;
  }

  test('the outcome and the records are those of the whole zone', async () => {
    await fc.assert(
      fc.asyncProperty(
        history,
        fc.boolean(),
        fc.array(question, { minLength: 5 }),
        async (batches, withFile, questions) => {
          const publisher = await played(batches, withFile);
          const zones = new Zones();
          for (const piece of publisher.replay()) zones.apply(piece, 0);
          for (const [name, type] of questions) {
            const found = lookup(zones.find(FoldedName.of(zone), RRType.A)!, FoldedName.of(parseName(name, zone)), RRType[type as 'A']);
            const data =
              'rrset' in found
                ? Array.from({ length: found.rrset.size }, (_, i) => printRdata(found.rrset.type, found.rrset.rdata(i)))
                : [];
            const explained = explain(publisher, name === '@' ? 'svc.internal' : `${name}.svc.internal`, type, {
              udpSize: 1232,
              isProtected: () => false,
            });
            expect([name, type, explained.outcome, explained.records.map((each) => each.data).sort()]).toEqual([
              name,
              type,
              found.outcome,
              data.sort(),
            ]);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('the instances that are in are those that SRV records point to', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (batches) => {
        const publisher = await played(batches, false);
        for (const service of ['web', 'db']) {
          const shared = [
            service,
            `_${service}._tcp`,
            `_${service}._udp`,
            `v1._tag.${service}`,
            `best._sel.${service}`,
            `_grpc._tcp.${service}`,
          ];
          for (const name of shared) {
            const { candidates, records } = explain(publisher, `${name}.svc.internal`, 'SRV', {
              udpSize: 1232,
              isProtected: () => false,
            });
            const inAnswer = candidates
              .filter(({ answered }) => answered)
              .map(({ id }) => `${id}.${service}.svc.internal.`);
            expect([name, inAnswer.sort()]).toEqual([name, records.map(({ data }) => data.split(' ')[3]!).sort()]);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
