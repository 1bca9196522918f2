/** Fields that are numbers: plain, periods of time, times, and numbers that have mnemonics. */
import { parseType, printType } from '../codes.ts';
import { PresentationError } from '../error.ts';
import { parseNumber, parsePeriod } from '../number.ts';
import { type Octets, uint16At, uint16Octets, uint32At, uint32Octets, uint8Octets } from '../octets.ts';
import { type Field, fixedField } from './field.ts';

export const uint8 = number(1);
export const uint16 = number(2);
export const uint32 = number(4);

/** 32 bits of seconds, which may be written with units: the timers of SOA. */
export const period = fixedField(
  4,
  (text) => {
    const seconds = parsePeriod(text);
    if (seconds === null || seconds > 0xffffffff) {
      throw new PresentationError(text, 'a period: seconds, or as in 1h30m');
    }
    return uint32Octets(seconds);
  },
  (field) => uint32At(field, 0).toString(),
  'a period',
);

/** A type by its mnemonic (RRSIG, DSYNC). */
export const typeCode = fixedField(
  2,
  (text) => {
    const type = parseType(text);
    if (type === null) throw new PresentationError(text, 'a record type');
    return uint16Octets(type);
  },
  (field) => printType(uint16At(field, 0)),
  'a record type',
);

/** Seconds since 1970 as YYYYMMDDHHmmSS, UTC, or as a plain number (RFC 4034 section 3.2). */
export const timestamp = fixedField(4, (text) => uint32Octets(parseTime(text)), printTime, 'a time as YYYYMMDDHHmmSS');

/** DNSSEC algorithm numbers (RFC 8624); mnemonics are read, numbers printed. */
export const dnssecAlgorithm = mnemonicNumber(1, 'a DNSSEC algorithm', {
  DELETE: 0, RSAMD5: 1, DH: 2, DSA: 3, RSASHA1: 5, DSANSEC3SHA1: 6, 'DSA-NSEC3-SHA1': 6, NSEC3RSASHA1: 7,
  'RSASHA1-NSEC3-SHA1': 7, RSASHA256: 8, RSASHA512: 10, ECCGOST: 12, 'ECC-GOST': 12, ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14, ED25519: 15, ED448: 16, INDIRECT: 252, PRIVATEDNS: 253, PRIVATEOID: 254,
});

/** Certificate types (RFC 4398 section 2.1). */
export const certificateType = mnemonicNumber(2, 'a certificate type', {
  PKIX: 1, SPKI: 2, PGP: 3, IPKIX: 4, ISPKI: 5, IPGP: 6, ACPKIX: 7, IACPKIX: 8, URI: 253, OID: 254,
});

function number(size: 1 | 2 | 4): Field {
  const max = 2 ** (8 * size) - 1;
  const parse = (text: string): Octets => numberOctets(parseNumber(text, max), size);
  return fixedField(size, parse, numberText, `a number from 0 to ${max}`);
}

function mnemonicNumber(size: 1 | 2, wanted: string, table: Readonly<Record<string, number>>): Field {
  const numbers = new Map(Object.entries(table));
  const max = 2 ** (8 * size) - 1;
  const parse = (text: string): Octets => {
    const known = numbers.get(text.toUpperCase());
    if (known === undefined && !/^\d+$/.test(text)) {
      throw new PresentationError(text, `${wanted}, as a number from 0 to ${max} or by name`);
    }
    return numberOctets(known ?? parseNumber(text, max), size);
  };
  return fixedField(size, parse, numberText, wanted);
}

function numberOctets(value: number, size: 1 | 2 | 4): Octets {
  return size === 1 ? uint8Octets(value) : size === 2 ? uint16Octets(value) : uint32Octets(value);
}

function numberText(field: Octets): string {
  let value = 0;
  for (let i = 0; i < field.length; i++) value = value * 256 + field.charCodeAt(i);
  return value.toString();
}

function parseTime(text: string): number {
  if (text.length !== 14) return parseNumber(text, 0xffffffff);
  const iso = text.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6Z');
  const seconds = Date.parse(iso) / 1000;
  if (!(seconds >= 0) || printTime(uint32Octets(seconds % 2 ** 32)) !== text) {
    throw new PresentationError(text, 'a time from 1970 to 2106 as YYYYMMDDHHmmSS, or seconds since 1970');
  }
  return seconds;
}

function printTime(field: Octets): string {
  return new Date(uint32At(field, 0) * 1000).toISOString().replace(/[-T:]|\..*/g, '');
}
