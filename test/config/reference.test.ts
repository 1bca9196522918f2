import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { printReference } from '../../src/config/reference.ts';
import { options } from '../../src/config/schema.ts';
import { type OptionTable, variablesOf } from '../../src/config/option.ts';

const table: OptionTable = options;

describe('the table of options', () => {
  it('stands in docs/configuration.md as the program prints it', () => {
    expect(readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')).toContain(printReference());
  });

  it('prints one row an option', () => {
    const rows = printReference().trim().split('\n').slice(2);
    expect(rows.map((row) => /^\| `([^`]+)`/.exec(row)?.[1])).toEqual(Object.keys(table));
    expect(rows.map((row) => row.split(' | ').length)).toEqual(rows.map(() => 5));
  });

  it('gives no variable to two options', () => {
    const variables = Object.entries(table).flatMap(([path, option]) => variablesOf(path, option));
    expect(new Set(variables).size).toBe(variables.length);
    expect(variables.every((name) => /^SIGNPOST(_[A-Z0-9]+)+$/.test(name))).toBe(true);
  });

  it.each(Object.entries(table))('has a default for %s that is allowed', (_, { kind, fallback }) => {
    const file = fallback === null ? null : JSON.parse(JSON.stringify(fallback, printed));
    expect(file === null ? fallback : kind.read(file)).toEqual(fallback);
  });
});

/** An endpoint as it stands in a file. */
function printed(_: string, value: unknown): unknown {
  const isEndpoint = typeof value === 'object' && value !== null && 'host' in value && 'port' in value;
  return isEndpoint ? `${String(value.host)}:${String(value.port)}` : value;
}
