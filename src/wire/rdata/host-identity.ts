/** HIP (RFC 8005 section 5): algorithm, host identity tag, public key, and the names of rendezvous servers. */
import { PresentationError, WireError } from '../error.ts';
import { parseName, printName } from '../name.ts';
import { parseNumber } from '../number.ts';
import { type Octets, uint16At, uint16Octets, uint8Octets } from '../octets.ts';
import { parseBase64, parseHex, printBase64, printHex } from './binary.ts';
import { endAfter, type Field } from './field.ts';
import { nameEnd } from './names.ts';

/** Length of the tag, algorithm, length of the key. */
const fixedLength = 4;

export const hostIdentity: Field = {
  parse(tokens) {
    const algorithm = parseNumber(tokens.next('a public key algorithm').text, 255);
    const text = tokens.next('a host identity tag in hexadecimal').text;
    const tag = parseHex(text);
    if (tag.length > 255) throw new PresentationError(text, 'a host identity tag of at most 255 octets');
    const key = parseBase64(tokens.next('a public key in base64').text);
    let octets = uint8Octets(tag.length) + uint8Octets(algorithm) + uint16Octets(key.length) + tag + key;
    while (!tokens.done) octets += parseName(tokens.next('').text, tokens.origin);
    return octets as Octets;
  },

  end(rdata, offset) {
    const start = endAfter(rdata, offset, fixedLength);
    const [tagLength, keyLength] = [rdata.charCodeAt(offset), uint16At(rdata, offset + 2)];
    if (tagLength === 0 || keyLength === 0) throw new WireError('bad-rdata', offset, 'HIP without tag or key');
    let at = endAfter(rdata, start, tagLength + keyLength);
    while (at < rdata.length) at = nameEnd(rdata, at);
    return at;
  },

  print(field) {
    const keyStart = fixedLength + field.charCodeAt(0);
    const keyEnd = keyStart + uint16At(field, 2);
    const tag = printHex(field.slice(fixedLength, keyStart) as Octets);
    const words = [`${field.charCodeAt(1)} ${tag} ${printBase64(field.slice(keyStart, keyEnd) as Octets)}`];
    for (let at = keyEnd; at < field.length; ) {
      const end = nameEnd(field, at);
      words.push(printName(field.slice(at, end) as Octets));
      at = end;
    }
    return words.join(' ');
  },
};
