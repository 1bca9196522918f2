import { describe, expect, test } from 'vitest';
import { makeConfig } from '../src/config/load.ts';
import { skydnsSettings, whereaboutsOf } from '../src/parts.ts';
import { machineAddresses } from '../src/transport/every-address.ts';
import { parseName } from '../src/wire/name.ts';

/** What a server says of itself that listens there, and got ports 8053 and 8054 and up. */
function whereabouts(variables: Record<string, string>): ReturnType<typeof whereaboutsOf> {
  const config = makeConfig(null, { variables, flags: {} });
  const http = config.http.listen.map(({ host, port }) => `[${host}]:${port === 0 ? 8054 : port}`);
  return whereaboutsOf(config, { dns: config.dns.listen.map(() => '127.0.0.1:8053'), http });
}

const dns = { port: 8053, protocol: 'udp' };

describe('a server is to be found', () => {
  test('where it listens, at the port that it got', () => {
    expect(whereabouts({ SIGNPOST_HTTP: '10.0.0.1:0', SIGNPOST_DNS: '10.0.0.1:53' })).toEqual({
      addresses: ['10.0.0.1'], port: 8054, ports: { dns }, meta: { scheme: 'http' },
    });
  });

  test('at loopback only where it is nowhere else, and at no address with another port', () => {
    expect(whereabouts({}).addresses).toEqual(['127.0.0.1']);
    const listen = '127.0.0.1:8054,10.0.0.1:8054,fd00::1:8054,10.0.0.2:99'.replace('fd00::1', '[fd00::1]');
    expect(whereabouts({ SIGNPOST_HTTP: listen }).addresses).toEqual(['10.0.0.1', 'fd00::1']);
  });

  test('at the addresses of the machine when it listens at all', () => {
    const outside = machineAddresses('0.0.0.0').filter((address) => address !== '127.0.0.1');
    const { addresses, ports } = whereabouts({ SIGNPOST_HTTP: '0.0.0.0:8054', SIGNPOST_DNS: '0.0.0.0:53' });
    expect(addresses).toEqual(outside.length > 0 ? outside : ['127.0.0.1']);
    expect(ports).toEqual({ dns });
  });

  test('without DNS where that does not answer at the same addresses', () => {
    expect(whereabouts({ SIGNPOST_HTTP: '10.0.0.1:8054', SIGNPOST_DNS: '10.0.0.2:53' }).ports).toBeUndefined();
    expect(whereabouts({ SIGNPOST_HTTP: '[fd00::1]:8054', SIGNPOST_DNS: '0.0.0.0:53' }).ports).toBeUndefined();
    expect(whereabouts({ SIGNPOST_HTTP: '[fd00::1]:8054', SIGNPOST_DNS: '[::]:53' }).ports).toEqual({ dns });
  });

  test('where it is told that it is', () => {
    expect(whereabouts({ SIGNPOST_ADVERTISE: '192.0.2.1,2001:db8::1' })).toMatchObject({
      addresses: ['192.0.2.1', '2001:db8::1'], ports: { dns },
    });
    expect(() => whereabouts({ SIGNPOST_ADVERTISE: 'fe80::1%eth0' })).toThrow('an address');
  });
});

describe('keys of SkyDNS', () => {
  const ofVariables = (variables: Record<string, string>) => skydnsSettings(makeConfig(null, { variables, flags: {} }));
  const zones = { SIGNPOST_SKYDNS_ZONES: 'skydns.local,10.in-addr.arpa', SIGNPOST_SKYDNS_ENDPOINTS: 'http://keys:2379' };

  test('are read for the zones that are named, and for none otherwise', () => {
    expect(ofVariables({})).toBeNull();
    expect(ofVariables(zones)?.zones).toEqual([parseName('skydns.local.'), parseName('10.in-addr.arpa.')]);
  });

  test('come from the etcd of the store where no other is named', () => {
    const store = { SIGNPOST_STORE_TYPE: 'etcd', SIGNPOST_STORE_ENDPOINTS: 'http://store:2379', SIGNPOST_STORE_USER: 'signpost' };
    expect(ofVariables({ ...zones, ...store })?.etcd).toMatchObject({ endpoints: ['http://keys:2379'], user: null });
    const shared = ofVariables({ ...store, SIGNPOST_SKYDNS_ZONES: 'skydns.local' })?.etcd;
    expect(shared).toMatchObject({ endpoints: ['http://store:2379'], user: 'signpost', prefix: '/skydns/' });
  });

  test.each(['/dns', '/dns/', '/dns//'])('have a prefix that ends in one slash, of %s', (prefix) => {
    expect(ofVariables({ ...zones, SIGNPOST_SKYDNS_PREFIX: prefix })?.etcd.prefix).toBe('/dns/');
  });

  test('do not fill a reverse zone that instances fill', () => {
    const message = 'skydns.zones: found 10.in-addr.arpa., wanted zones that reverse does not make';
    expect(() => ofVariables({ ...zones, SIGNPOST_REVERSE: '10.0.0.0/8' })).toThrow(message);
  });
});
