import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readNumbers, resolverNumbers, serviceNumbers } from '../../src/client/options.ts';

const documented = readFileSync(new URL('../../docs/client.md', import.meta.url), 'utf8');
const all: Readonly<Record<string, readonly [number, number, number]>> = { ...resolverNumbers, ...serviceNumbers };

describe.each(Object.entries(all))('option %s', (name, [standard, least, most]) => {
  it('stands in docs/client.md with its default and its range', () => {
    expect(documented).toContain(`| \`${name}\` | ${standard} | ${least} to ${most} |`);
  });

  it('is refused outside of its range, with what was found and wanted', () => {
    expect(readNumbers(all, {})[name]).toBe(standard);
    for (const value of [least, most]) expect(readNumbers(all, { [name]: value })[name]).toBe(value);
    for (const value of [least - 1, most + 1, NaN]) {
      expect(() => readNumbers(all, { [name]: value })).toThrow(`${name} is ${value}, wanted ${least} to ${most}`);
    }
  });
});
