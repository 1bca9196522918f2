import { expect, test } from 'vitest';
import { admit } from '../../src/registry/admission.ts';
import { canonicalAddress, isPublic, scopeOf } from '../../src/registry/address.ts';
import { caller, web, zone } from './support.ts';

const terms = { zone, service: null, defaultLease: 30, wall: 0 };

/** Text, canonical text (null: no address), and scope. */
const cases: readonly (readonly [text: string, canonical: string | null, scope?: ReturnType<typeof scopeOf>])[] = [
  ['10.0.0.7', '10.0.0.7', 'ordinary'],
  ['192.0.2.255', '192.0.2.255', 'ordinary'],
  ['1.1.1.1', '1.1.1.1', 'ordinary'],
  ['100.64.0.1', '100.64.0.1', 'ordinary'],
  ['223.255.255.255', '223.255.255.255', 'ordinary'],
  ['127.0.0.1', '127.0.0.1', 'loopback'],
  ['127.255.255.254', '127.255.255.254', 'loopback'],
  ['169.254.0.1', '169.254.0.1', 'link-local'],
  ['169.254.169.254', '169.254.169.254', 'metadata'],
  ['169.254.170.2', '169.254.170.2', 'metadata'],
  ['100.100.100.200', '100.100.100.200', 'metadata'],
  ['168.63.129.16', '168.63.129.16', 'metadata'],
  ['0.0.0.0', '0.0.0.0', 'unusable'],
  ['0.1.2.3', '0.1.2.3', 'unusable'],
  ['224.0.0.1', '224.0.0.1', 'unusable'],
  ['239.255.255.250', '239.255.255.250', 'unusable'],
  ['240.0.0.1', '240.0.0.1', 'unusable'],
  ['255.255.255.255', '255.255.255.255', 'unusable'],
  ['2001:db8::1', '2001:db8::1', 'ordinary'],
  ['2001:DB8::A', '2001:db8::a', 'ordinary'],
  ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1', 'ordinary'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1', 'ordinary'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1', 'ordinary'],
  ['2001:db8::0:1', '2001:db8::1', 'ordinary'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1', 'ordinary'],
  ['1::', '1::', 'ordinary'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0', 'ordinary'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8', 'ordinary'],
  ['fd00::7', 'fd00::7', 'ordinary'],
  ['fd00:ec2::254', 'fd00:ec2::254', 'metadata'],
  ['FD00:0EC2::0254', 'fd00:ec2::254', 'metadata'],
  ['::1', '::1', 'loopback'],
  ['0:0:0:0:0:0:0:1', '::1', 'loopback'],
  ['::', '::', 'unusable'],
  ['0::0', '::', 'unusable'],
  ['::0.0.0.0', '::', 'unusable'],
  ['::10.0.0.7', '::a00:7', 'unusable'],
  ['fe80::1', 'fe80::1', 'link-local'],
  ['febf::1', 'febf::1', 'link-local'],
  ['ff02::1', 'ff02::1', 'unusable'],
  ['ff0e::1', 'ff0e::1', 'unusable'],
  // IPv4 in IPv6: mapped addresses are the IPv4 address, translated and tunnelled ones have its scope.
  ['::ffff:10.0.0.7', '10.0.0.7', 'ordinary'],
  ['::ffff:a00:7', '10.0.0.7', 'ordinary'],
  ['::FFFF:7f00:1', '127.0.0.1', 'loopback'],
  ['0:0:0:0:0:ffff:169.254.169.254', '169.254.169.254', 'metadata'],
  ['64:ff9b::a9fe:a9fe', '64:ff9b::a9fe:a9fe', 'metadata'],
  ['64:ff9b::127.0.0.1', '64:ff9b::7f00:1', 'loopback'],
  ['64:ff9b::192.0.2.1', '64:ff9b::c000:201', 'ordinary'],
  ['2002:7f00:1::', '2002:7f00:1::', 'loopback'],
  ['2002:c000:201::1', '2002:c000:201::1', 'ordinary'],
  // No addresses, though other software takes them for some.
  ...[
    '',
    ' ',
    '10',
    '10.0',
    '10.0.7',
    '167772167',
    '0x0a000007',
    '0xa.0.0.7',
    '012.0.0.7',
    '10.0.0.07',
    '10.00.0.7',
    '10.0.0.256',
    '10.0.0.-7',
    '10.0.0.7.',
    '.10.0.0.7',
    '10.0.0.7 ',
    ' 10.0.0.7',
    '10.0.0.7\n',
    '10.0.0.7\0',
    '10.0.0.7/8',
    '10.0.0.7:80',
    '10,0,0,7',
    '１０.0.0.7',
    '10。0。0。7',
    '10.0.0.7%eth0',
    'localhost',
    'web.svc.internal',
    '[::1]',
    '::1%lo',
    'fe80::1%eth0',
    '::1/128',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::1',
    '::ffff:10.0.0.256',
    '::ffff:010.0.0.7',
    '::10.0.0',
    '1.2.3.4::',
    ':1',
    '1:',
    '::1 ',
    '0:0:0:0:0:0:0:0:1',
    'constructor',
  ].map((text) => [text, null] as const),
];

test('there are at least 60 cases of addresses', () => {
  expect(cases.length).toBeGreaterThanOrEqual(60);
});

test.each(cases.map(([text, canonical, scope]) => ({ text, canonical, scope })))(
  'address $text is $canonical',
  ({ text, canonical, scope }) => {
    expect(canonicalAddress(text)).toBe(canonical);
    if (canonical === null) return;
    expect(scopeOf(canonical)).toBe(scope);
    expect(canonicalAddress(canonical)).toBe(canonical);
  },
);

test('an instance keeps addresses in canonical text, the main one first, each once', () => {
  const addresses = ['2001:DB8:0::1', '10.0.0.7', '::ffff:10.0.0.8'];
  expect(admit(web('a', { address: '10.0.0.7', addresses }), caller, terms).addresses).toEqual([
    '10.0.0.7',
    '2001:db8::1',
    '10.0.0.8',
  ]);
});

test('two spellings of one address are a duplicate', () => {
  const addresses = ['10.0.0.7', '::ffff:10.0.0.7'];
  expect(() => admit(web('a', { address: undefined, addresses }), caller, terms)).toThrow(
    expect.objectContaining({ code: 'invalid', path: 'addresses' }),
  );
});

test('the address is that of the caller where none is given', () => {
  expect(admit(web('a', { address: undefined }), caller, terms).addresses).toEqual(['10.0.0.9']);
});

test('a registration of the server itself must name an address', () => {
  expect(() => admit(web('a', { address: undefined }), { ...caller, address: null }, terms)).toThrow(
    expect.objectContaining({ path: 'address' }),
  );
});

test.each([
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.2', '::1', true],
  ['fe80::7', '127.0.0.1', true],
  ['fe80::7', 'fe80::7', true],
  ['127.0.0.1', '10.0.0.9', false],
  ['::1', '2001:db8::9', false],
  ['::ffff:127.0.0.1', '10.0.0.9', false],
  ['64:ff9b::7f00:1', '10.0.0.9', false],
  ['169.254.1.1', '10.0.0.9', false],
  ['169.254.169.254', '10.0.0.9', false],
  ['169.254.169.254', '169.254.1.1', false],
  ['fe80::8', 'fe80::7', false],
  ['0.0.0.0', '127.0.0.1', false],
  ['255.255.255.255', '127.0.0.1', false],
  ['224.0.0.1', '127.0.0.1', false],
  ['::', '::1', false],
])('address %s from %s: %s', (address, from, taken) => {
  const attempt = () => admit(web('a', { address }), { ...caller, address: from }, terms);
  if (taken) expect(attempt().addresses).toEqual([canonicalAddress(address)]);
  else expect(attempt).toThrow(expect.objectContaining({ code: 'invalid', path: 'address' }));
});

test.each([
  '10.0.0.1', '100.64.0.1', '127.0.0.1', '169.254.1.1', '172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1',
  '192.88.99.1', '192.168.0.1', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1',
  '255.255.255.255', '0.0.0.0', '::', '::1', 'fc00::1', 'fd00::7', 'fe80::1', 'ff02::1', '2001:db8::1', '2001::1',
  '2002:808:808::1', '3fff::1', '64:ff9b::808:808', '100::1', '5f00::1',
])('%s is not public', (address) => {
  expect(isPublic(address)).toBe(false);
});

test.each([
  '1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '172.15.0.1', '172.32.0.0', '192.0.1.1',
  '192.167.0.1', '198.17.0.1', '198.20.0.0', '223.255.255.255', '2000::1', '2001:200::1', '2001:4860:4860::8888', '2a00::1',
])('%s is public', (address) => {
  expect(isPublic(address)).toBe(true);
});
