/** Zones as text, for tests. */
import { parseName, type Name } from '../../src/wire/name.ts';
import { printRecord, type ResourceRecord } from '../../src/wire/record.ts';
import { ZoneFileError } from '../../src/zonefile/error.ts';
import { type ParseOptions, parseZone, type ZoneRecord } from '../../src/zonefile/parse.ts';

export const apex: Name = parseName('example.');

export function parse(text: string, options: Partial<ParseOptions> = {}): ZoneRecord[] {
  return parseZone(text, { file: 'zones/example.zone', apex, ...options });
}

/** The records as lines of text, without the IN that all have. */
export function lines(records: readonly ResourceRecord[]): string[] {
  return records.map((record) => printRecord(record).replace(' IN ', ' '));
}

/** The problems that `action` throws as `line:column: message`. */
export function problemsOf(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof ZoneFileError) {
      return error.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
    }
    throw error;
  }
  return [];
}
