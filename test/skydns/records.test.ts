/** The records that keys make, in presentation form. */
import { describe, expect, test } from 'vitest';
import { recordsAt, type Said, zoneOf } from './support.ts';

type Keys = Record<string, Said>;

/** Below the zone `skydns.test.`, whose keys begin so. */
function keysOf(below: Keys): Keys {
  return Object.fromEntries(Object.entries(below).map(([key, said]) => [`/skydns/test/skydns/${key}`, said]));
}

describe('one key', () => {
  test.each<[string, Said, string[]]>([
    ['an IPv4 address', { host: '10.0.0.1', port: 8080 }, ['300 IN A 10.0.0.1', '300 IN SRV 10 100 8080 a.skydns.test.']],
    ['an IPv6 address', { host: 'FD00::1', port: 80 }, ['300 IN AAAA fd00::1', '300 IN SRV 10 100 80 a.skydns.test.']],
    ['an IPv4 address in IPv6 form', { host: '::ffff:10.0.0.1', port: -1 }, ['300 IN A 10.0.0.1']],
    ['an address without a port', { host: '10.0.0.1' }, ['300 IN A 10.0.0.1', '300 IN SRV 10 100 0 a.skydns.test.']],
    ['priority, weight and TTL', { host: '10.0.0.1', port: 1, priority: 20, weight: 7, ttl: 60 },
      ['60 IN A 10.0.0.1', '60 IN SRV 20 7 1 a.skydns.test.']],
    ['a name with a port', { host: 'Server1.example', port: 8080 }, ['300 IN SRV 10 100 8080 server1.example.']],
    ['a name without a port', { host: 'lb.example.net.' }, ['300 IN CNAME lb.example.net.']],
    ['a name in the zone', { host: 'b.skydns.test' }, ['300 IN CNAME b.skydns.test.']],
    ['its own name', { host: 'a.skydns.test' }, ['300 IN SRV 10 100 0 a.skydns.test.']],
    ['a name below its own', { host: 'x.a.skydns.test' }, ['300 IN SRV 10 100 0 x.a.skydns.test.']],
    ['no address, though it looks like one', { host: '10.0.0.257' }, ['300 IN CNAME 10.0.0.257.']],
    ['a text', { text: 'some text' }, ['300 IN TXT "some text"']],
    ['a text of more than 255 octets', { text: 'x'.repeat(256) }, [`300 IN TXT "${'x'.repeat(255)}" "x"`]],
    ['a text beyond ASCII', { text: 'ä' }, ['300 IN TXT "\\195\\164"']],
    ['a text beside a name', { host: 'lb.example.net', text: 'heritage' }, ['300 IN TXT "heritage"']],
    ['a text beside an address', { host: '10.0.0.1', port: -1, text: 'heritage' }, ['300 IN A 10.0.0.1']],
    ['a mail host', { host: 'mx.example.net', mail: true, priority: 5, port: -1 }, ['300 IN MX 5 mx.example.net.']],
    ['a mail address', { host: '10.0.0.1', mail: true, port: -1 }, ['300 IN A 10.0.0.1', '300 IN MX 10 a.skydns.test.']],
  ])('with %s', (_, said, records) => {
    expect(recordsAt(zoneOf(keysOf({ a: said })), 'a.skydns.test.')).toEqual(records);
  });

  test.each([
    [1, 'b.skydns.test.'],
    [2, 'skydns.test.'],
    [3, 'test.'],
    [4, 'a.b.skydns.test.'],
    [9, 'a.b.skydns.test.'],
  ])('with %i labels to strip has the target %s', (targetstrip, target) => {
    const zone = zoneOf(keysOf({ 'b/a': { host: '10.0.0.1', port: 80, targetstrip } }));
    expect(recordsAt(zone, 'a.b.skydns.test.')).toContain(`300 IN SRV 10 100 80 ${target}`);
  });

  test('with labels to strip leaves the name of a host as it is', () => {
    const zone = zoneOf(keysOf({ 'b/a': { host: 'lb.example.net', port: 80, targetstrip: 1 } }));
    expect(recordsAt(zone, 'b.skydns.test.')).toEqual(['300 IN SRV 10 100 80 lb.example.net.']);
  });
});

describe('several keys', () => {
  const rails = keysOf({
    'east/rails/1': { host: '10.0.0.1', port: 80 },
    'east/rails/2': { host: '10.0.0.2', port: 80, ttl: 60 },
    'east/rails/2/deep': { host: 'fd00::2', port: 80 },
    'west/rails/1': { host: 'server.example', port: 80 },
  });

  test.each([
    ['1.rails.east', ['300 IN A 10.0.0.1', '300 IN SRV 10 100 80 1.rails.east.skydns.test.']],
    ['rails.east', [
      '300 IN AAAA fd00::2', '60 IN A 10.0.0.1', '60 IN A 10.0.0.2', '60 IN SRV 10 100 80 1.rails.east.skydns.test.',
      '60 IN SRV 10 100 80 2.rails.east.skydns.test.', '60 IN SRV 10 100 80 deep.2.rails.east.skydns.test.',
    ]],
    ['2.rails.east', ['300 IN AAAA fd00::2', '300 IN SRV 10 100 80 deep.2.rails.east.skydns.test.']],
    ['west', ['300 IN SRV 10 100 80 server.example.']],
    ['rails', []],
  ])('%s has what lies below it', (name, records) => {
    expect(recordsAt(zoneOf(rails), `${name}.skydns.test.`)).toEqual(records);
  });

  test('a name whose keys all are one alias is that alias; nothing else', () => {
    const zone = zoneOf(keysOf({ 'a/b/1': { host: 'lb.example' }, 'a/b/2': { host: 'LB.example.', ttl: 9 }, 'a/c': { host: 'x.example' } }));
    expect(recordsAt(zone, 'b.a.skydns.test.')).toEqual(['9 IN CNAME lb.example.']);
    expect(recordsAt(zone, 'a.skydns.test.')).toEqual(['9 IN SRV 10 100 0 lb.example.', '9 IN SRV 10 100 0 x.example.']);
  });

  test('an alias beside a text, an address or a port is none', () => {
    for (const other of [{ text: 't' }, { host: '10.0.0.1' }, { host: 'lb.example', port: 1 }, { host: 'lb.example', mail: true }]) {
      const records = recordsAt(zoneOf(keysOf({ 'a/1': { host: 'lb.example' }, 'a/2': other })), 'a.skydns.test.');
      expect(records).toContain('300 IN SRV 10 100 0 lb.example.');
      expect(records.join()).not.toContain('CNAME');
    }
  });

  test('of keys in groups only those of the topmost count', () => {
    const zone = zoneOf(keysOf({ 'dom/a': { host: '10.0.0.1', port: -1, group: 'g1' }, 'dom/sub/c': { host: '10.0.0.2', port: -1, group: 'g2' } }));
    expect(recordsAt(zone, 'dom.skydns.test.')).toEqual(['300 IN A 10.0.0.1']);
    expect(recordsAt(zone, 'sub.dom.skydns.test.')).toEqual(['300 IN A 10.0.0.2']);
  });

  test('groups of texts and of hosts do not meddle', () => {
    const zone = zoneOf(keysOf({ 'dom/a': { text: 't', group: 'g1' }, 'dom/sub/c': { host: '10.0.0.2', port: -1, group: 'g2' } }));
    expect(recordsAt(zone, 'dom.skydns.test.')).toEqual(['300 IN A 10.0.0.2', '300 IN TXT "t"']);
  });

  test('an asterisk is the wildcard of DNS', () => {
    const zone = zoneOf(keysOf({ 'apps/*/1a2b': { host: '10.0.0.1', targetstrip: 1 } }));
    expect(recordsAt(zone, '*.apps.skydns.test.')).toEqual(['300 IN A 10.0.0.1', '300 IN SRV 10 100 0 *.apps.skydns.test.']);
  });

  test('keys that differ in case are of one name', () => {
    const zone = zoneOf(keysOf({ a: { host: '10.0.0.1', port: -1 }, A: { host: '10.0.0.2', port: -1 } }));
    expect(recordsAt(zone, 'a.skydns.test.')).toEqual(['300 IN A 10.0.0.1', '300 IN A 10.0.0.2']);
  });
});

describe('the apex', () => {
  const soa = '5 IN SOA ns.dns.skydns.test. hostmaster.skydns.test. 0 60 15 604800 5';

  test('has this server as its name server where the keys name none', () => {
    const zone = zoneOf({});
    expect(recordsAt(zone, 'skydns.test.')).toEqual([soa, '60 IN NS ns.dns.skydns.test.'].sort());
    expect(recordsAt(zone, 'ns.dns.skydns.test.')).toEqual(['60 IN A 127.0.0.1']);
  });

  test('has the name servers below dns/ns', () => {
    const zone = zoneOf(keysOf({
      'dns/ns/a': { host: '10.0.0.2', port: -1 }, 'dns/ns/c/1': { host: '10.0.0.4', port: -1, targetstrip: 1, ttl: 60 },
      'dns/ns/x': { host: 'ns.example', port: -1 },
    }));
    const servers = recordsAt(zone, 'skydns.test.').filter((record) => record.includes('NS'));
    expect(servers).toEqual(['60 IN NS a.ns.dns.skydns.test.', '60 IN NS c.ns.dns.skydns.test.']);
    expect(recordsAt(zone, 'ns.dns.skydns.test.')).toEqual(['60 IN A 10.0.0.2', '60 IN A 10.0.0.4']);
    expect(recordsAt(zone, 'c.ns.dns.skydns.test.')).toEqual(['60 IN A 10.0.0.4']);
  });

  test('has the addresses of all keys', () => {
    const zone = zoneOf(keysOf({ x: { host: '10.0.0.2', port: 1 }, '': { host: '10.0.0.3', port: -1 } }));
    const records = recordsAt(zone, 'skydns.test.').filter((record) => !/SOA|NS/.test(record));
    expect(records).toEqual(['300 IN A 10.0.0.2', '300 IN A 10.0.0.3', '300 IN SRV 10 100 1 x.skydns.test.']);
  });

  test('has the addresses below dns/apex alone, where there are any keys', () => {
    const zone = zoneOf(keysOf({ x: { host: '10.0.0.2', port: 1 }, 'dns/apex/1': { host: '10.0.0.4', port: -1 } }));
    const records = recordsAt(zone, 'skydns.test.').filter((record) => !/SOA|NS/.test(record));
    expect(records).toEqual(['300 IN A 10.0.0.4', '300 IN SRV 10 100 1 x.skydns.test.']);
  });

  test('is no alias', () => {
    const zone = zoneOf({ '/skydns/test/skydns': { host: 'lb.example' } });
    expect(recordsAt(zone, 'skydns.test.')).toContain('300 IN SRV 10 100 0 lb.example.');
  });
});

test('in a reverse zone a host name is a pointer of its own key, and nothing else counts', () => {
  const keys = {
    '/skydns/arpa/in-addr/10/0/0/1': { host: 'a.example' }, '/skydns/arpa/in-addr/10/0/0/2': { host: '10.0.0.2' },
    '/skydns/arpa/in-addr/10/0': { host: 'net.example', ttl: 60 },
  };
  const zone = zoneOf(keys, '10.in-addr.arpa.');
  expect(recordsAt(zone, '1.0.0.10.in-addr.arpa.')).toEqual(['300 IN PTR a.example.']);
  expect(recordsAt(zone, '0.10.in-addr.arpa.')).toEqual(['60 IN PTR net.example.']);
  expect(recordsAt(zone, '2.0.0.10.in-addr.arpa.')).toEqual([]);
  expect(recordsAt(zone, '0.0.10.in-addr.arpa.')).toEqual([]);
});
