/** Numbers within bounds, refused with what was found and what was wanted. */
import { RegistryError } from './error.ts';

/** The whole number `value` where `low` to `high` holds it; throws `invalid` otherwise. */
export function wholeNumber(value: number, low: number, high: number, path: string): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new RegistryError('invalid', `${path} is ${value}, wanted a whole number from ${low} to ${high}`, path);
}

/** As `wholeNumber`, fractions allowed. */
export function numberWithin(value: number, low: number, high: number, path: string): number {
  if (value >= low && value <= high) return value;
  throw new RegistryError('invalid', `${path} is ${value}, wanted ${low} to ${high}`, path);
}

/** Throws `invalid` where a list is longer than `most`. */
export function atMost(count: number, most: number, path: string): void {
  if (count > most) throw new RegistryError('invalid', `${path} has ${count} entries, wanted at most ${most}`, path);
}

/** Throws `invalid` where two of the values are equal. */
export function distinct(values: readonly string[], path: string): void {
  if (values.length < 2) return;
  const seen = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) throw new RegistryError('invalid', `${path} has ${JSON.stringify(value)} twice`, path);
    seen.add(value);
  }
}
