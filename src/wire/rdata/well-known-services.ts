/** The protocol and the ports of WKS (RFC 1035 section 3.4.2), long out of use (RFC 1123 section 2.2): a bit a port. */
import { PresentationError, WireError } from '../error.ts';
import { parseNumber } from '../number.ts';
import { type Octets, uint8Octets } from '../octets.ts';
import type { Field } from './field.ts';

const protocols = new Map([['ICMP', 1], ['TCP', 6], ['UDP', 17]]);
/** The names that RFC 1010, which RFC 1035 refers to, is used for; other services are given by their port. */
const services = new Map([
  ['ftp-data', 20], ['ftp', 21], ['ssh', 22], ['telnet', 23], ['smtp', 25], ['time', 37], ['domain', 53], ['tftp', 69],
  ['finger', 79], ['http', 80], ['pop3', 110], ['sunrpc', 111], ['nntp', 119], ['ntp', 123], ['imap', 143],
  ['https', 443],
]);
const maxOctets = 65_536 / 8;

export const wellKnownServices: Field = {
  parse(tokens) {
    const { text } = tokens.next('a protocol');
    const protocol = protocols.get(text.toUpperCase()) ?? parseNumber(text, 255);
    const bits = new Uint8Array(maxOctets);
    while (!tokens.done) {
      const port = parsePort(tokens.next('').text);
      bits[port >> 3]! |= 0x80 >> (port & 7);
    }
    const used = bits.subarray(0, bits.findLastIndex((octet) => octet !== 0) + 1);
    return (uint8Octets(protocol) + Buffer.from(used).toString('latin1')) as Octets;
  },

  end(rdata, offset) {
    if (offset >= rdata.length || rdata.length > offset + 1 + maxOctets) {
      throw new WireError('bad-rdata', offset, 'protocol and ports of WKS');
    }
    return rdata.length;
  },

  print(field) {
    const words = [field.charCodeAt(0).toString()];
    for (let port = 0; port < (field.length - 1) * 8; port++) {
      if (field.charCodeAt(1 + (port >> 3)) & (0x80 >> (port & 7))) words.push(port.toString());
    }
    return words.join(' ');
  },
};

function parsePort(text: string): number {
  const known = services.get(text.toLowerCase());
  if (known === undefined && !/^\d+$/.test(text)) {
    throw new PresentationError(text, 'a port from 0 to 65535, or the name of a well-known service');
  }
  return known ?? parseNumber(text, 65_535);
}
