/** LOC (RFC 1876): size, two precisions, latitude, longitude and altitude, all as one field of 16 octets. */
import { PresentationError, WireError } from '../error.ts';
import { type Octets, uint32At, uint32Octets, uint8Octets } from '../octets.ts';
import type { Tokens } from '../tokens.ts';
import { endAfter, type Field } from './field.ts';

const equator = 2 ** 31;
/** Altitudes count from 100,000 m below the reference spheroid, in centimetres. */
const lowestAltitude = 10_000_000;
/** Centimetres: 1 m, 10,000 m, 10 m (RFC 1876 section 3). */
const defaults = [100, 1_000_000, 1_000];

export const location: Field = {
  parse(tokens) {
    const latitude = parseAngle(tokens, 90, 'N', 'S');
    const longitude = parseAngle(tokens, 180, 'E', 'W');
    const { text } = tokens.next('an altitude in metres');
    const altitude = parseMetres(text, -lowestAltitude, 0xffffffff - lowestAltitude) + lowestAltitude;
    let precisions = '';
    for (const centimetres of defaults) {
      const value = tokens.done ? centimetres : parseMetres(tokens.next('').text, 0, 9_000_000_000);
      precisions += precisionOctet(value);
    }
    return ['\0', precisions, ...[latitude, longitude, altitude].map(uint32Octets)].join('') as Octets;
  },
  end(rdata, offset) {
    const end = endAfter(rdata, offset, 16);
    if (rdata.charCodeAt(offset) !== 0) throw new WireError('bad-rdata', offset, 'a version of LOC other than 0');
    for (let at = offset + 1; at < offset + 4; at++) {
      const octet = rdata.charCodeAt(at);
      if (octet >> 4 > 9 || (octet & 0xf) > 9) throw new WireError('bad-rdata', at, 'a precision of LOC');
    }
    for (const [at, degrees] of [[offset + 4, 90], [offset + 8, 180]] as const) {
      if (Math.abs(uint32At(rdata, at) - equator) > degrees * 3_600_000) {
        throw new WireError('bad-rdata', at, 'an angle of LOC');
      }
    }
    return end;
  },
  print(field) {
    const precisions = [1, 2, 3].map((at) => printMetres(precisionOf(field.charCodeAt(at))));
    const latitude = printAngle(uint32At(field, 4), 'N', 'S');
    const longitude = printAngle(uint32At(field, 8), 'E', 'W');
    return [latitude, longitude, printMetres(uint32At(field, 12) - lowestAltitude), ...precisions].join(' ');
  },
};

/** Degrees, then minutes and seconds where they are given, then the direction; thousandths of a second from 2^31. */
function parseAngle(tokens: Tokens, maxDegrees: number, positive: string, negative: string): number {
  const wanted = `an angle of at most ${maxDegrees} degrees as in 42 21 54.5 ${positive}`;
  const numbers: number[] = [];
  for (;;) {
    const { text } = tokens.next(wanted);
    const direction = text.toUpperCase();
    if (numbers.length > 0 && (direction === positive || direction === negative)) {
      const [degrees = 0, minutes = 0, seconds = 0] = numbers;
      const thousandths = degrees * 3_600_000 + minutes * 60_000 + Math.round(seconds * 1_000);
      if (thousandths > maxDegrees * 3_600_000 || minutes > 59 || seconds >= 60) {
        throw new PresentationError(numbers.join(' '), wanted);
      }
      return direction === positive ? equator + thousandths : equator - thousandths;
    }
    const form = numbers.length < 2 ? /^\d{1,3}$/ : /^\d{1,2}(?:\.\d{1,3})?$/;
    if (numbers.length === 3 || !form.test(text)) throw new PresentationError(text, wanted);
    numbers.push(Number(text));
  }
}

function printAngle(value: number, positive: string, negative: string): string {
  const thousandths = Math.abs(value - equator);
  const degrees = Math.floor(thousandths / 3_600_000);
  const minutes = Math.floor(thousandths / 60_000) % 60;
  const seconds = ((thousandths % 60_000) / 1_000).toFixed(3);
  return `${degrees} ${minutes} ${seconds} ${value >= equator ? positive : negative}`;
}

/** Centimetres. */
function parseMetres(text: string, min: number, max: number): number {
  const centimetres = /^-?\d{1,8}(?:\.\d{0,2})?m?$/i.test(text) ? Math.round(parseFloat(text) * 100) : NaN;
  if (!(centimetres >= min && centimetres <= max)) {
    throw new PresentationError(text, `metres from ${min / 100} to ${max / 100}`);
  }
  return centimetres;
}

function printMetres(centimetres: number): string {
  return `${(centimetres / 100).toFixed(2)}m`;
}

/** Centimetres as one digit and a power of ten; further digits are lost. */
function precisionOctet(centimetres: number): Octets {
  const power = centimetres === 0 ? 0 : Math.floor(Math.log10(centimetres));
  return uint8Octets((Math.floor(centimetres / 10 ** power) << 4) | power);
}

function precisionOf(octet: number): number {
  return (octet >> 4) * 10 ** (octet & 0xf);
}
