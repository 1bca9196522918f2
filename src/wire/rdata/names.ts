/** Fields that are domain names. They differ only in whether compression touches them. */
import { WireError } from '../error.ts';
import { maxLabelLength, maxNameLength, parseName, printName } from '../name.ts';
import type { Octets } from '../octets.ts';
import type { Field, NameUse } from './field.ts';

/** A name in the types of RFC 1035. */
export const compressedName = nameField('written');
/** A name that old software compressed: RP, AFSDB, RT, SIG, PX, NXT, NAPTR, SRV (RFC 3597 section 4). */
export const decompressedName = nameField('read');
export const plainName = nameField('never');

function nameField(use: NameUse): Field {
  return {
    name: use,
    parse: (tokens) => parseName(tokens.next('a domain name').text, tokens.origin),
    end: nameEnd,
    print: printName,
  };
}

/** The offset after the uncompressed name at `offset`. */
export function nameEnd(rdata: Octets, offset: number): number {
  for (let at = offset; at < rdata.length; ) {
    const length = rdata.charCodeAt(at);
    if (length > maxLabelLength) {
      throw new WireError(length >= 0xc0 ? 'bad-pointer' : 'bad-label', at, 'a label in rdata');
    }
    at += length + 1;
    if (at - offset > maxNameLength) throw new WireError('name-too-long', offset);
    if (length === 0) return at;
  }
  throw new WireError('bad-rdata', rdata.length, 'rdata ends inside a name');
}
