import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { refusalToReach } from '../../src/checks/reach.ts';
import { forbiddenSpellings } from './spellings.ts';

/** Whether a check of an instance that registered `address` from `registeredFrom` may contact it. */
const reaches = (address: string, registeredFrom: string | null, port = 80, ownPorts: number[] = [8054]) =>
  refusalToReach({ address, port }, { addresses: [address], registeredFrom }, ownPorts) === null;

const ordinary = ['192.0.2.1', '10.0.0.7', '172.16.0.1', '192.168.1.1', '100.64.0.1', '2001:db8::1', 'fd00::7'];

test.each(ordinary)('%s is reached from anywhere', (address) => {
  expect(reaches(address, '198.51.100.1')).toBe(true);
  expect(reaches(address, null)).toBe(true);
});

test.each(forbiddenSpellings)('%s is not reached for an instance from elsewhere', (address) => {
  expect(reaches(address, '198.51.100.1')).toBe(false);
  expect(reaches(address, null)).toBe(false);
});

test('there are at least 60 spellings', () => {
  expect(new Set(forbiddenSpellings).size).toBeGreaterThanOrEqual(60);
});

describe('an instance that registered from there', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'], ['127.0.0.53', '127.0.0.1'], ['::1', '::1'], ['127.0.0.1', '::1'], ['::1', '127.0.0.1'],
    ['169.254.7.7', '169.254.7.7'], ['fe80::1', 'fe80::1'], ['169.254.169.254', '169.254.169.254'],
  ])('is reached on %s from %s', (address, registeredFrom) => {
    expect(reaches(address, registeredFrom)).toBe(true);
  });

  test.each([
    ['169.254.7.7', '169.254.7.8'], ['169.254.169.254', '127.0.0.1'], ['fe80::1', 'fe80::2'], ['fd00:ec2::254', '::1'],
    ['64:ff9b::7f00:1', '127.0.0.1'], ['2002:7f00:1::', '127.0.0.1'], ['0.0.0.0', '0.0.0.0'],
    ['224.0.0.1', '224.0.0.1'], ['::ffff:127.0.0.1', '127.0.0.1'],
  ])('is not reached on %s from %s', (address, registeredFrom) => {
    expect(reaches(address, registeredFrom)).toBe(false);
  });
});

test('an address that the instance did not register is not reached', () => {
  const instance = { addresses: ['192.0.2.1'], registeredFrom: null };
  const refusal = refusalToReach({ address: '192.0.2.2', port: 80 }, instance, []);
  expect(refusal).toMatch(/no address of the instance/);
});

test('the API of this server is reached at none of its addresses', () => {
  expect(reaches('127.0.0.1', '127.0.0.1', 8054)).toBe(false);
  expect(reaches('127.0.0.2', '127.0.0.1', 8054)).toBe(false);
  expect(reaches('127.0.0.1', '127.0.0.1', 8055)).toBe(true);
  expect(reaches('192.0.2.1', '192.0.2.1', 8054)).toBe(true);
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  for (const { address } of own) expect(reaches(address, address, 8054)).toBe(false);
});
