/** What is different between two configurations. */
import { isDeepStrictEqual } from 'node:util';
import { type Config, options } from './schema.ts';

/** Paths of the options whose values differ. */
export function differingOptions(before: Config, after: Config): readonly string[] {
  return Object.keys(options).filter((path) => !isDeepStrictEqual(valueAt(before, path), valueAt(after, path)));
}

function valueAt(config: Config, path: string): unknown {
  return path.split('.').reduce<unknown>((group, word) => (group as Record<string, unknown>)[word], config);
}
