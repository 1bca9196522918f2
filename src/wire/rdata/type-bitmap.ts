/** The type bitmap of NSEC, NSEC3 and CSYNC (RFC 4034 section 4.1.2): windows of 256 types, a bit a type. */
import { parseType, printType } from '../codes.ts';
import { PresentationError, WireError } from '../error.ts';
import { type Octets, uint8Octets } from '../octets.ts';
import { endAfter, type Field } from './field.ts';

export const typeBitmap: Field = {
  parse(tokens) {
    const windows = new Map<number, Uint8Array>();
    while (!tokens.done) {
      const { text } = tokens.next('');
      const type = parseType(text);
      if (type === null) throw new PresentationError(text, 'a record type');
      const bits = windows.get(type >> 8) ?? new Uint8Array(32);
      windows.set(type >> 8, bits);
      bits[(type & 0xff) >> 3]! |= 0x80 >> (type & 7);
    }
    let octets = '';
    for (const [window, bits] of [...windows].sort(([a], [b]) => a - b)) {
      const length = bits.findLastIndex((octet) => octet !== 0) + 1;
      octets += uint8Octets(window) + uint8Octets(length) + String.fromCharCode(...bits.subarray(0, length));
    }
    return octets as Octets;
  },
  end(rdata, offset) {
    let previous = -1;
    for (let at = offset; at < rdata.length; ) {
      const bits = endAfter(rdata, at, 2);
      const [window, length] = [rdata.charCodeAt(at), rdata.charCodeAt(at + 1)];
      if (window <= previous || length < 1 || length > 32) {
        throw new WireError('bad-rdata', at, 'a window of a type bitmap');
      }
      at = endAfter(rdata, bits, length);
      if (rdata.charCodeAt(at - 1) === 0) {
        throw new WireError('bad-rdata', at - 1, 'a zero octet at the end of a type bitmap');
      }
      previous = window;
    }
    return rdata.length;
  },
  print(field) {
    const types: string[] = [];
    for (let at = 0; at < field.length; at += 2 + field.charCodeAt(at + 1)) {
      const window = field.charCodeAt(at) << 8;
      for (let bit = 0; bit < field.charCodeAt(at + 1) * 8; bit++) {
        if (field.charCodeAt(at + 2 + (bit >> 3)) & (0x80 >> (bit & 7))) types.push(printType(window | bit));
      }
    }
    return types.join(' ');
  },
};
