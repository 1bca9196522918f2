/** Which Host and Origin headers are answered. */
import { describe, expect, it } from 'vitest';
import { hostCheck } from '../../src/http/host.ts';

const check = hostCheck(['registry.example.net', 'Box.']);

describe('a request for', () => {
  it.each([
    'localhost',
    'localhost:8054',
    'LOCALHOST:8054',
    'localhost.',
    '127.0.0.1',
    '127.0.0.1:8054',
    '10.0.0.7:80',
    '[::1]',
    '[::1]:8054',
    '[fd00::7]',
    'registry.example.net',
    'Registry.Example.Net.:443',
    'box',
  ])('%s is answered', (host) => {
    expect(() => check({ host })).not.toThrow();
  });

  it.each([
    '',
    'evil.example',
    'evil.example:8054',
    'localhost.evil.example',
    'xlocalhost',
    '127.0.0.1.evil.example',
    '127.1',
    '0x7f.1',
    '2130706433',
    'registry.example.net.evil',
    '[::1',
    '::1',
    'localhost:8054:1',
    'localhost@evil.example',
    'localhost/',
    ' localhost',
  ])('%j is misdirected', (host) => {
    expect(() => check({ host })).toThrow(/wanted an IP address or one of: localhost, registry\.example\.net, box/);
  });

  it('nobody is misdirected', () => {
    expect(() => check({})).toThrow(/no Host header/);
  });
});

describe('a page of', () => {
  it.each([
    ['http://localhost:8054', 'localhost:8054'],
    ['https://registry.example.net', 'registry.example.net'],
    ['http://[::1]:8054', '[::1]:8054'],
  ])('%s may call %s', (origin, host) => {
    expect(() => check({ origin, host })).not.toThrow();
  });

  it.each([
    ['http://evil.example', 'localhost:8054'],
    ['http://localhost:3000', 'localhost:8054'],
    ['http://127.0.0.1:8054', 'localhost:8054'],
    ['null', 'localhost:8054'],
    ['file://', 'localhost:8054'],
  ])('%s may not call %s', (origin, host) => {
    expect(() => check({ origin, host })).toThrow(/may not call/);
  });
});
