/**
 * The gateway of IPSECKEY (RFC 4025) and the relay of AMTRELAY (RFC 8777): a kind octet says what address or name
 * follows.
 */
import { parseIpv4, parseIpv6, printIpv4, printIpv6 } from '../address.ts';
import { PresentationError, WireError } from '../error.ts';
import { parseName, printName } from '../name.ts';
import { parseNumber } from '../number.ts';
import { type Octets, uint8Octets } from '../octets.ts';
import type { Tokens } from '../tokens.ts';
import { endAfter, type Field } from './field.ts';
import { nameEnd } from './names.ts';

/** Kind, algorithm and gateway. */
export const ipsecGateway: Field = {
  parse(tokens) {
    const kind = parseNumber(tokens.next('a gateway type').text, 3);
    const algorithm = parseNumber(tokens.next('an algorithm').text, 255);
    return (uint8Octets(kind) + uint8Octets(algorithm) + parseGateway(kind, tokens)) as Octets;
  },
  end: (rdata, offset) => gatewayEnd(rdata.charCodeAt(offset), rdata, endAfter(rdata, offset, 2)),
  print(field) {
    const kind = field.charCodeAt(0);
    return `${kind} ${field.charCodeAt(1)} ${printGateway(kind, field.slice(2) as Octets)}`;
  },
};

/** The discovery bit and the kind in one octet, then the relay. */
export const amtRelay: Field = {
  parse(tokens) {
    const discovery = parseNumber(tokens.next('a discovery bit').text, 1);
    const kind = parseNumber(tokens.next('a relay type').text, 3);
    return (uint8Octets((discovery << 7) | kind) + parseGateway(kind, tokens)) as Octets;
  },
  end: (rdata, offset) => gatewayEnd(rdata.charCodeAt(offset) & 0x7f, rdata, endAfter(rdata, offset, 1)),
  print(field) {
    const kind = field.charCodeAt(0) & 0x7f;
    return `${field.charCodeAt(0) >> 7} ${kind} ${printGateway(kind, field.slice(1) as Octets)}`;
  },
};

const none = 0, overIpv4 = 1, overIpv6 = 2, named = 3;
const gatewayForms = ['. for no gateway', 'an IPv4 address', 'an IPv6 address'];

function parseGateway(kind: number, tokens: Tokens): Octets {
  const { text } = tokens.next('a gateway');
  if (kind === named) return parseName(text, tokens.origin);
  if (kind === none && text === '.') return '' as Octets;
  const address = kind === overIpv4 ? parseIpv4(text) : kind === overIpv6 ? parseIpv6(text) : null;
  if (address === null) throw new PresentationError(text, gatewayForms[kind]!);
  return address;
}

function gatewayEnd(kind: number, rdata: Octets, offset: number): number {
  switch (kind) {
    case none: return offset;
    case overIpv4: return endAfter(rdata, offset, 4);
    case overIpv6: return endAfter(rdata, offset, 16);
    case named: return nameEnd(rdata, offset);
    default: throw new WireError('bad-rdata', offset, `gateway type ${kind}`);
  }
}

function printGateway(kind: number, gateway: Octets): string {
  switch (kind) {
    case none: return '.';
    case overIpv4: return printIpv4(gateway);
    case overIpv6: return printIpv6(gateway);
    default: return printName(gateway);
  }
}
