/**
 * Escapes of the presentation form (RFC 1035 section 5.1): `\X` is X itself, `\DDD` the octet of that decimal number.
 */
import { PresentationError } from './error.ts';
import type { Octets } from './octets.ts';

/** The octets that `text` stands for. Throws PresentationError. */
export function unescapeText(text: string): Octets {
  const octets = /["\\]/.test(text) ? text.replace(/"|\\(\d{3}|\D|\d|$)/g, escapedOctet) : text;
  for (let i = 0; i < octets.length; i++) {
    if (octets.charCodeAt(i) > 255) {
      throw new PresentationError(octets.charAt(i), 'octets: write other characters in UTF-8');
    }
  }
  return octets as Octets;
}

function escapedOctet(escape: string, escaped: string | undefined): string {
  if (escaped === undefined) {
    throw new PresentationError(escape, '\\" for a quote inside of a word, or quotes around all of it');
  }
  if (/^\D/.test(escaped)) return escaped;
  const code = escaped.length === 3 ? Number(escaped) : NaN;
  if (!(code <= 255)) {
    throw new PresentationError(escape, 'an escape: \\000 to \\255, or \\ and a character that is no digit');
  }
  return String.fromCharCode(code);
}

/** One character string in quotes (RFC 1035 section 5.1); what is not printable ASCII comes out as `\DDD`. */
export function quoteText(octets: Octets): string {
  return `"${octets.replace(/[^\x20-\x7e]|["\\]/g, escapeOctet)}"`;
}

/** The presentation of one octet that may not stand for itself. */
export function escapeOctet(octet: string): string {
  const code = octet.charCodeAt(0);
  return code > 0x20 && code < 0x7f ? `\\${octet}` : `\\${code.toString().padStart(3, '0')}`;
}
