/** What the tree of keys makes of changes. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { Node } from '../../src/skydns/node.ts';
import { SkydnsZone } from '../../src/skydns/zone.ts';
import { parseName } from '../../src/wire/name.ts';
import type { Difference } from '../../src/publish/delta.ts';
import type { ZoneChange } from '../../src/zone/change.ts';
import { lines, ZoneModel } from '../publish/support.ts';
import { changes, type Said, zoneOf } from './support.ts';

const apex = parseName('skydns.test.');

function zoneChange(kind: ZoneChange['kind'], difference: Partial<Difference>): ZoneChange {
  return { zone: apex, serial: 1, kind, removed: [], added: [], marks: [], ...difference };
}

function loaded(zone: SkydnsZone): ZoneModel {
  return new ZoneModel().apply([zoneChange('load', { added: [...zone.rrsets()] })]);
}

/** Few labels, so that keys meet; all that says something else at a name of its own kind. */
const key = fc
  .array(fc.constantFrom('a', 'b', 'c', 'A', 'dns', 'ns', 'apex', '*'), { minLength: 0, maxLength: 4 })
  .map((labels) => ['/skydns/test/skydns', ...labels].join('/'));
const said: fc.Arbitrary<Said> = fc.record(
  {
    host: fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1', 'lb.example', 'other.example', 'a.skydns.test', 'c.b.skydns.test', ''),
    text: fc.constantFrom('', 't', 'u'),
    port: fc.constantFrom(-1, 0, 80),
    priority: fc.constantFrom(0, 5),
    mail: fc.boolean(),
    ttl: fc.constantFrom(0, 60, 600),
    targetstrip: fc.constantFrom(0, 1, 2),
    group: fc.constantFrom('', '', '', 'g', 'h'),
  },
  { requiredKeys: [] },
);
const saidOrGone = fc.option(said.filter(({ host, text }) => Boolean(host ?? '') || Boolean(text ?? '')), { freq: 3 });
const slashed = fc.boolean();
const batches = fc.array(
  fc.array(fc.tuple(key, slashed, saidOrGone).map(([name, isBelow, value]) => [isBelow ? `${name}/` : name, value] as const), {
    minLength: 1, maxLength: 12,
  }),
  { maxLength: 12 },
);

describe('whatever keys come, change and go', () => {
  test.each([0, 2, 4, 64])('the zone is the one that they make all at once, with %i entries looked at', (mostLookedAt) => {
    fc.assert(
      fc.property(batches, (history) => {
        const zone = new SkydnsZone(apex, ['127.0.0.1'], mostLookedAt);
        const model = loaded(zone);
        const keys = new Map<string, Said>();
        for (const batch of history) {
          const difference = zone.apply(batch.flatMap(([name, value]) => changes({ [name]: value })));
          model.apply([zoneChange('update', difference)]);
          for (const [name, value] of batch) {
            if (value === null) keys.delete(name);
            else keys.set(name, value);
          }
        }
        const rebuilt = loaded(zoneOf(Object.fromEntries(keys), 'skydns.test.', Infinity));
        expect(model.lines()).toEqual(rebuilt.lines());
        expect(model.state()).toEqual(loaded(zone).state());
        expect(zone.size).toBe(keys.size);
      }),
      { numRuns: 60 },
    );
  });

  test('a name has a CNAME or other records, never both', () => {
    fc.assert(
      fc.property(batches, (history) => {
        const zone = new SkydnsZone(apex, ['127.0.0.1']);
        for (const batch of history) zone.apply(batch.flatMap(([name, value]) => changes({ [name]: value })));
        const types = new Map<string, Set<string>>();
        for (const line of lines(zone.rrsets())) {
          const [owner, , , type] = line.split(' ') as [string, string, string, string];
          types.set(owner, (types.get(owner) ?? new Set()).add(type));
        }
        for (const found of types.values()) expect(found.has('CNAME') && found.size > 1).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a change', () => {
  const many: Record<string, Said> = Object.fromEntries(
    Array.from({ length: 1000 }, (_, n) => [`/skydns/test/skydns/web/${n}`, { host: `10.0.${n >> 8}.${n & 255}`, port: 80 }]),
  );

  test('of one of a thousand keys says what it alone gives, at the names from its own to the apex', () => {
    const difference = zoneOf(many).apply(changes({ '/skydns/test/skydns/web/7': { host: '10.9.9.9', port: 80 } }));
    expect(lines(difference.removed).sort()).toEqual([
      '7.web.skydns.test. 300 IN A 10.0.0.7', 'skydns.test. 300 IN A 10.0.0.7', 'web.skydns.test. 300 IN A 10.0.0.7',
    ]);
    expect(lines(difference.added).sort()).toEqual([
      '7.web.skydns.test. 300 IN A 10.9.9.9', 'skydns.test. 300 IN A 10.9.9.9', 'web.skydns.test. 300 IN A 10.9.9.9',
    ]);
  });

  test('that changes nothing says nothing', () => {
    const difference = zoneOf(many).apply(changes(many));
    expect(difference).toEqual({ removed: [], added: [], marks: [] });
  });

  test('that takes the last key away leaves the empty zone', () => {
    const zone = zoneOf(many);
    zone.apply(changes(Object.fromEntries(Object.keys(many).map((each) => [each, null]))));
    expect(lines(zone.rrsets())).toEqual(lines(zoneOf({}).rrsets()));
    expect(zone.ownerAtOrBelow(parseName('web.skydns.test.'))).toBeNull();
  });

  test('that takes keys away keeps nothing of their names', () => {
    const zone = zoneOf({ '/skydns/test/skydns/a/b/c': { host: '10.0.0.1' } });
    zone.apply(changes({ '/skydns/test/skydns/a/b/c': null }));
    expect([...zone.top.children].map(({ owner }) => owner)).toEqual([parseName('dns.skydns.test.')]);
  });

  test.each<[string, Record<string, Said | null>]>([
    ['name servers', { 'dns/ns/a': { host: '10.8.0.1' } }],
    ['addresses of the apex', { 'dns/apex/1': { host: '10.8.0.1' }, 'web/7': { host: '10.8.0.2' } }],
    ['an alias', { 'alias/1': { host: 'lb.example' } }],
    ['a group', { 'grp/1': { host: '10.8.0.1', group: 'g' }, 'grp/sub/2': { host: '10.8.0.2', group: 'h' } }],
  ])('of %s beside a thousand keys comes and goes', (_, below) => {
    const added = Object.fromEntries(Object.entries(below).map(([each, value]) => [`/skydns/test/skydns/${each}`, value]));
    const zone = zoneOf(many);
    const model = loaded(zone);
    const before = model.state();
    model.apply([zoneChange('update', zone.apply(changes(added)))]);
    expect(model.state()).toEqual(loaded(zoneOf({ ...many, ...added } as Record<string, Said>, 'skydns.test.', Infinity)).state());
    const back = Object.fromEntries(Object.keys(added).map((each) => [each, many[each] ?? null]));
    model.apply([zoneChange('update', zone.apply(changes(back)))]);
    expect(model.state()).toEqual(before);
  });

  test('that leaves many keys of one alias makes the name that alias', () => {
    const aliases = Array.from({ length: 8 }, (_, n) => [`/skydns/test/skydns/www/${n}`, { host: 'lb.example' }] as const);
    const zone = zoneOf({ ...Object.fromEntries(aliases), '/skydns/test/skydns/www/x': { host: '10.0.0.1' } }, 'skydns.test.', 2);
    const model = loaded(zone);
    model.apply([zoneChange('update', zone.apply(changes({ '/skydns/test/skydns/www/x': null })))]);
    expect(model.lines().filter((line) => line.startsWith('www.'))).toEqual(['www.skydns.test. 300 IN CNAME lb.example.']);
  });

  test('tells of aliases that cannot be, at the names that they stand for', () => {
    const keys = changes({
      '/skydns/test/skydns/www/1': { host: 'lb.example', targetstrip: 1 },
      '/skydns/test/skydns/www/2': { host: 'other.example', targetstrip: 1 },
      '/skydns/test/skydns/api/1': { host: 'lb.example', targetstrip: 1 },
      '/skydns/test/skydns/1a2b': { host: 'lb.example', targetstrip: 1 },
    });
    const zone = zoneOf({});
    zone.load(keys);
    const withheld = zone.withheld(keys.map(({ after }) => after!)).map(({ key: each }) => each);
    expect(withheld).toEqual(['www/1', 'www/2', '1a2b'].map((each) => `/skydns/test/skydns/${each}`));
  });
});

test('a name exists by what lies at it or below it', () => {
  const zone = zoneOf({ '/skydns/test/skydns/a/b': { host: '10.0.0.1' } });
  expect(zone.ownerAtOrBelow(parseName('a.skydns.test.'))).toBe(parseName('a.skydns.test.'));
  expect(zone.ownerAtOrBelow(parseName('dns.skydns.test.'))).toBe(parseName('ns.dns.skydns.test.'));
  expect(zone.ownerAtOrBelow(parseName('c.skydns.test.'))).toBeNull();
  expect(zone.ownerAtOrBelow(parseName('example.'))).toBeNull();
});

test('a name that many keys stand for is asked once whether it can be an alias', () => {
  const keys = changes(Object.fromEntries(Array.from({ length: 200 }, (_, index): [string, Said] => [
    `/skydns/test/skydns/www/k${index}`, { host: 'lb.example', targetstrip: 1, group: 'g' },
  ])));
  const zone = new SkydnsZone(apex, ['127.0.0.1']);
  zone.load(keys);
  const reads = vi.spyOn(Node.prototype, 'entries', 'get');
  expect(zone.withheld(keys.map(({ after }) => after!))).toEqual([]);
  expect(reads.mock.calls.length).toBeLessThan(10);
  reads.mockRestore();
});
