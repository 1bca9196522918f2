/**
 * What a field of rdata can do. The rdata of a type is a list of fields (formats.ts); no field knows its neighbours.
 */
import { WireError } from '../error.ts';
import { type Octets } from '../octets.ts';
import type { Tokens } from '../tokens.ts';

export interface Field {
  /** The field's octets from the next token or tokens. Throws PresentationError. */
  parse(tokens: Tokens): Octets;
  /**
   * The offset after the field that begins at `offset` of whole rdata. Throws WireError where it ends early or breaks a
   * rule.
   */
  end(rdata: Octets, offset: number): number;
  /** The presentation form of the field's own octets, which `end` has accepted. */
  print(field: Octets): string;
  /** Octets it always takes; absent where that varies. */
  readonly size?: number;
  /** Set where the field is a domain name. */
  readonly name?: NameUse;
}

/**
 * Whether a name in rdata is compressed. `written`: we compress it, and read it compressed (types of RFC 1035 only: RFC
 * 3597 section 4). `read`: we understand it compressed, never write it so. `never`: a pointer in it is an error.
 */
export type NameUse = 'written' | 'read' | 'never';

/** A field of always the same size. */
export function fixedField(
  size: number,
  parse: (text: string) => Octets,
  print: (field: Octets) => string,
  wanted: string,
): Field {
  return {
    size,
    parse: (tokens) => parse(tokens.next(wanted).text),
    end: (rdata, offset) => endAfter(rdata, offset, size),
    print,
  };
}

/** The offset `size` octets on, if the rdata is that long. */
export function endAfter(rdata: Octets, offset: number, size: number): number {
  const end = offset + size;
  if (end > rdata.length) throw new WireError('bad-rdata', rdata.length, 'rdata ends inside a field');
  return end;
}
