/** Numbers in presentation form: plain decimal ones, and periods of time with units. */
import { PresentationError } from './error.ts';

/** A decimal number from `min` to `max`, digits only. Throws PresentationError. */
export function parseNumber(text: string, max: number, min = 0): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(number >= min && number <= max)) throw new PresentationError(text, `a number from ${min} to ${max}`);
  return number;
}

const secondsIn = { W: 604_800, D: 86_400, H: 3_600, M: 60, S: 1 };

/** Seconds, plain or as a sum with units as in `1h30m`; null when the text is neither. */
export function parsePeriod(text: string): number | null {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  if (!/^(?:\d{1,10}[WDHMS])+$/i.test(text)) return null;
  let seconds = 0;
  for (const [, number, unit] of text.matchAll(/(\d+)(.)/g)) {
    seconds += Number(number) * secondsIn[unit!.toUpperCase() as keyof typeof secondsIn];
  }
  return seconds;
}
