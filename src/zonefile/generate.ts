/** The templates of $GENERATE, BIND's directive for runs of similar records: `$` and `${offset,width,base}`. */
import { PresentationError } from '../wire/error.ts';
import { parseNumber } from '../wire/number.ts';

/** More records than these from one directive are a mistake, or an attack on memory. */
export const maxGenerated = 65_536;

export interface Range {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
}

/** `1-10` or `1-10/2`, numbers up to 2^31-1. Throws PresentationError. */
export function parseRange(text: string): Range {
  const [, from = '', to = '', by = '1'] = /^(\d+)-(\d+)(?:\/(\d+))?$/.exec(text) ?? [];
  if (to === '') throw new PresentationError(text, 'a range: start-stop or start-stop/step');
  const [start, stop, step] = [parseNumber(from, maxValue), parseNumber(to, maxValue), parseNumber(by, maxValue, 1)];
  if (stop < start) throw new PresentationError(text, 'a range whose stop is not below its start');
  if ((stop - start) / step >= maxGenerated) {
    throw new PresentationError(text, `a range of at most ${maxGenerated} records`);
  }
  return { start, stop, step };
}

/** Puts `value` where `template` has `$`; `\$` and `$$` stay one dollar sign. Throws PresentationError. */
export function fillTemplate(template: string, value: number): string {
  return template.replace(/\\[^]|\$\$|\$\{([^}]*)\}|\$/g, (found, modifier: string | undefined) => {
    if (found.startsWith('\\')) return found;
    if (found === '$$') return '\\$';
    return modifier === undefined ? value.toString() : modified(modifier, value);
  });
}

const maxValue = 2 ** 31 - 1;
const maxWidth = 255;

function modified(modifier: string, value: number): string {
  const [, offset = '', width = '0', base = 'd'] = /^(-?\d{1,10})(?:,(\d{1,3})(?:,([doxXnN]))?)?$/.exec(modifier) ?? [];
  if (offset === '' || Number(width) > maxWidth) {
    const wanted = `\${offset,width,base}, width up to ${maxWidth}, base one of d o x X n N`;
    throw new PresentationError(`\${${modifier}}`, wanted);
  }
  return inBase(value + Number(offset), Number(width), base);
}

function inBase(number: number, width: number, base: string): string {
  const sign = number < 0 ? '-' : '';
  const magnitude = Math.abs(number);
  switch (base) {
    case 'o': return sign + magnitude.toString(8).padStart(width - sign.length, '0');
    case 'x': return sign + magnitude.toString(16).padStart(width - sign.length, '0');
    case 'X': return sign + magnitude.toString(16).toUpperCase().padStart(width - sign.length, '0');
    case 'n': return nibbles(number, width);
    case 'N': return nibbles(number, width).toUpperCase();
    default: return sign + magnitude.toString().padStart(width - sign.length, '0');
  }
}

/** Hexadecimal digits from the lowest up, each a label: for ip6.arpa. The width counts the dots too. */
function nibbles(number: number, width: number): string {
  let text = '';
  let rest = number >>> 0;
  do {
    text += (rest & 0xf).toString(16);
    rest >>>= 4;
    if (rest !== 0 || text.length < width) text += '.';
  } while (rest !== 0 || text.length < width);
  return text;
}
