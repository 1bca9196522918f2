/** Fields that are a digest in hexadecimal behind the octet of its type. Digests of a known type have its length. */
import { PresentationError, WireError } from '../error.ts';
import { parseNumber } from '../number.ts';
import { type Octets, uint8Octets } from '../octets.ts';
import { hexadecimal, parseHex, printHex } from './binary.ts';
import type { Field } from './field.ts';

/** SHA-1, SHA-256, GOST, SHA-384 (RFC 3658, RFC 4509, RFC 5933, RFC 6605). */
export const dsDigest = digest({ 1: 20, 2: 32, 3: 32, 4: 48 });
/** SHA-1, SHA-256 (RFC 4255, RFC 6594). */
export const sshFingerprint = digest({ 1: 20, 2: 32 });
/** SHA-384, SHA-512 (RFC 8976 section 2.2.3). */
export const zoneDigest = digest({ 1: 48, 2: 64 });

function digest(lengths: Readonly<Record<number, number>>): Field {
  return {
    parse(tokens) {
      const kind = parseNumber(tokens.next('a digest type').text, 255);
      const text = tokens.rest();
      const octets = parseHex(text);
      const length = lengths[kind] ?? octets.length;
      if (octets.length !== length) {
        throw new PresentationError(text, `the ${length} octets of a digest of type ${kind}, in hexadecimal`);
      }
      return (uint8Octets(kind) + octets) as Octets;
    },
    end(rdata, offset) {
      const end = hexadecimal.end(rdata, offset + 1);
      const length = lengths[rdata.charCodeAt(offset)];
      if (length !== undefined && end !== offset + 1 + length) {
        throw new WireError('bad-rdata', end, 'a digest of the wrong length');
      }
      return end;
    },
    print: (field) => `${field.charCodeAt(0)} ${printHex(field.slice(1) as Octets)}`,
  };
}
