import { describe, expect, it } from 'vitest';
import { endpoint, type Kind, listOf, network, secretHex, seconds, webAddress, wholeNumber, zoneName } from '../../src/config/kind.ts';

const label = 'a'.repeat(63);

it.each<[name: string, found: unknown, kind: Kind<unknown>, value: unknown]>([
  ['endpoint', '127.0.0.1:53', endpoint, { host: '127.0.0.1', port: 53 }],
  ['endpoint', 'localhost:0', endpoint, { host: '127.0.0.1', port: 0 }],
  ['endpoint', '[fd00::1]:65535', endpoint, { host: 'fd00::1', port: 65535 }],
  ['endpoint', '127.0.0.1:65536', endpoint, undefined],
  ['endpoint', '127.0.0.1', endpoint, undefined],
  ['endpoint', ':53', endpoint, undefined],
  ['endpoint', '::1:53', endpoint, undefined],
  ['endpoint', '[127.0.0.1]:53', endpoint, undefined],
  ['endpoint', 'example.net:53', endpoint, undefined],
  ['endpoint', 53, endpoint, undefined],
  ['network', '10.0.0.0/8', network, '10.0.0.0/8'],
  ['network', '10.0.0.1', network, '10.0.0.1/32'],
  ['network', '::1', network, '::1/128'],
  ['network', '10.0.0.0/33', network, undefined],
  ['network', 'fe80::1%eth0/64', network, undefined],
  ['network', '10.0.0/8', network, undefined],
  ['zone name', 'SVC.Internal.', zoneName, 'svc.internal'],
  ['zone name', `${label}.a`, zoneName, `${label}.a`],
  ['zone name', `${label}a.a`, zoneName, undefined],
  ['zone name', `${label}.${label}`, zoneName, undefined],
  ['zone name', '-a.b', zoneName, undefined],
  ['zone name', '.', zoneName, undefined],
  ['zone name', '\u212Aelvin', zoneName, undefined],
  ['whole number', 5, wholeNumber(0, 5), 5],
  ['whole number', 6, wholeNumber(0, 5), undefined],
  ['whole number', NaN, wholeNumber(0, 5), undefined],
  ['whole number', true, wholeNumber(0, 5), undefined],
  ['seconds', 0.1, seconds(0.1, 5), 0.1],
  ['seconds', 0.09, seconds(0.1, 5), undefined],
  ['list', '::1', listOf(network), ['::1/128']],
  ['list', ['::1', 5], listOf(network), undefined],
  ['secret', 'BEEF', secretHex(2), 'beef'],
  ['secret', 'bee', secretHex(2), undefined],
  ['web address', 'https://a:2379', webAddress, 'https://a:2379'],
  ['web address', 'file:///etc/passwd', webAddress, undefined],
])('%s: %j', (_, found, kind, value) => {
  expect(kind.read(found)).toEqual(value);
});

describe('the text of a flag or variable', () => {
  it.each<[text: string, kind: Kind<unknown>, value: unknown]>([
    ['3', wholeNumber(0, 5), 3],
    ['0x3', wholeNumber(0, 5), '0x3'],
    ['', wholeNumber(0, 5), ''],
    ['2.5', seconds(0, 5), 2.5],
    ['::1, 10.0.0.0/8', listOf(network), ['::1', '10.0.0.0/8']],
  ])('%j becomes what a file would hold', (text, kind, value) => {
    expect(kind.fromText(text)).toEqual(value);
  });
});
