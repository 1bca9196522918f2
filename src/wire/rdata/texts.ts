/** Fields that are text: character strings (RFC 1035 section 3.3), text that fills the rest of the rdata, CAA's tag. */
import { PresentationError, WireError } from '../error.ts';
import { quoteText, unescapeText } from '../escape.ts';
import { type Octets, uint8Octets } from '../octets.ts';
import type { Tokens } from '../tokens.ts';
import { endAfter, type Field } from './field.ts';

/** One character string: a length octet and up to 255 octets. */
export const characterString: Field = {
  parse: parseString,
  end: (rdata, offset) => endAfter(rdata, offset, 1 + (rdata.charCodeAt(offset) || 0)),
  print: (field) => quoteText(field.slice(1) as Octets),
};

/** All character strings to the end of the rdata, at least one (TXT). */
export const characterStrings: Field = {
  parse(tokens) {
    let octets = parseString(tokens);
    while (!tokens.done) octets = (octets + parseString(tokens)) as Octets;
    return octets;
  },
  end(rdata, offset) {
    let at = characterString.end(rdata, offset);
    while (at < rdata.length) at = characterString.end(rdata, at);
    return at;
  },
  print(field) {
    const strings: string[] = [];
    for (let at = 0; at < field.length; at += 1 + field.charCodeAt(at)) {
      strings.push(quoteText(field.slice(at + 1, at + 1 + field.charCodeAt(at)) as Octets));
    }
    return strings.join(' ');
  },
};

/** A second string that may be left out (ISDN). */
export const optionalString: Field = {
  parse: (tokens) => (tokens.done ? ('' as Octets) : parseString(tokens)),
  end: (rdata, offset) => (offset === rdata.length ? offset : characterString.end(rdata, offset)),
  print: (field) => (field === '' ? '' : characterString.print(field)),
};

/** Text without a length octet that fills the rest of the rdata (CAA value, URI target). */
export const remainingText: Field = {
  parse: (tokens) => unescapeText(tokens.next('text in quotes').text),
  end: (rdata) => rdata.length,
  print: quoteText,
};

/** Letters and digits with a length octet: the property tag of CAA (RFC 8659 section 4.1). */
export const propertyTag: Field = {
  parse(tokens) {
    const { text } = tokens.next('a property tag');
    if (!/^[a-z0-9]{1,255}$/i.test(text)) throw new PresentationError(text, 'a property tag of letters and digits');
    return (uint8Octets(text.length) + text) as Octets;
  },
  end(rdata, offset) {
    const end = characterString.end(rdata, offset);
    if (!/^[a-z0-9]+$/i.test(rdata.slice(offset + 1, end))) {
      throw new WireError('bad-rdata', offset, 'a property tag of CAA');
    }
    return end;
  },
  print: (field) => field.slice(1),
};

function parseString(tokens: Tokens): Octets {
  const { text } = tokens.next('a character string');
  const octets = unescapeText(text);
  if (octets.length > 255) {
    throw new PresentationError(text, `a character string of at most 255 octets; this has ${octets.length}`);
  }
  return (uint8Octets(octets.length) + octets) as Octets;
}
