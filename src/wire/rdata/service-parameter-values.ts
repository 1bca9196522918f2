/**
 * The values of service parameters, one line a key: RFC 9460 sections 7 and 8, RFC 9461 (dohpath), RFC 9540 (ohttp).
 */
import { parseIpv4, parseIpv6, printIpv4, printIpv6 } from '../address.ts';
import { type Octets, octetsOf, uint16At, uint16Octets, uint8Octets } from '../octets.ts';

/** A value between its text, already freed of the escapes of character strings, and its wire form. */
export interface ValueForm {
  /** The wire form; null where the text is wrong. */
  parse(text: Octets): Octets | null;
  isValid(value: Octets): boolean;
  print(value: Octets): Octets;
  /** Completes the sentence of an error. */
  readonly wanted: string;
}

export const ParameterKey = {
  mandatory: 0, alpn: 1, noDefaultAlpn: 2, port: 3, ipv4hint: 4, ech: 5, ipv6hint: 6, dohpath: 7, ohttp: 8,
} as const;

const opaque: ValueForm = { parse: (text) => text, isValid: () => true, print: (value) => value, wanted: 'a value' };

const nothing: ValueForm = { ...opaque, isValid: (value) => value === '', wanted: 'no value' };

const port: ValueForm = {
  parse: (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 0xffff ? uint16Octets(Number(text)) : null),
  isValid: (value) => value.length === 2,
  print: (value) => uint16At(value, 0).toString() as Octets,
  wanted: 'a port from 0 to 65535',
};

const ech: ValueForm = {
  parse(text) {
    const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0;
    return isBase64 ? octetsOf(Buffer.from(text, 'base64')) : null;
  },
  isValid: (value) => value !== '',
  print: (value) => Buffer.from(value, 'latin1').toString('base64') as Octets,
  wanted: 'base64',
};

/** RFC 9461 section 5: a relative URI template that holds the variable `dns`. */
const dohpath: ValueForm = {
  ...opaque,
  isValid: (value) => value.startsWith('/') && (value.match(/\{[^{}]*\}/g) ?? []).some((part) => /\bdns\b/.test(part)),
  wanted: 'a URI template as in /dns-query{?dns}',
};

/**
 * Strings with a length octet each; in text a comma divides them, `\,` and `\\` stand for themselves (RFC 9460 appendix
 * A.1).
 */
const alpn: ValueForm = {
  parse(text) {
    if (!/^(?:[^\\]|\\[\\,])*$/s.test(text)) return null;
    const escaped = [...text.matchAll(/(?:^|,)((?:[^,\\]|\\.)*)/gs)];
    const items = escaped.map(([, item = '']) => item.replace(/\\(.)/gs, '$1'));
    if (items.some((item) => item.length === 0 || item.length > 255)) return null;
    return items.map((item) => uint8Octets(item.length) + item).join('') as Octets;
  },
  isValid(value) {
    let at = 0;
    while (at < value.length && value.charCodeAt(at) > 0) at += 1 + value.charCodeAt(at);
    return at === value.length && at > 0;
  },
  print(value) {
    const items: string[] = [];
    for (let at = 0; at < value.length; at += 1 + value.charCodeAt(at)) {
      items.push(value.slice(at + 1, at + 1 + value.charCodeAt(at)).replace(/[\\,]/g, '\\$&'));
    }
    return items.join(',') as Octets;
  },
  wanted: 'protocols divided by commas',
};

/** Keys in ascending order, none twice, `mandatory` not among them (RFC 9460 section 8). */
const mandatory: ValueForm = {
  parse(text) {
    const keys = text.split(',').map(parseKey);
    if (new Set(keys).size < keys.length) return null;
    let value = '';
    for (const key of keys.sort((a, b) => (a ?? 0) - (b ?? 0))) {
      if (key === null) return null;
      value += uint16Octets(key);
    }
    return value as Octets;
  },
  isValid(value) {
    let previous: number = ParameterKey.mandatory;
    for (let at = 0; at < value.length; at += 2) {
      if (uint16At(value, at) <= previous) return false;
      previous = uint16At(value, at);
    }
    return value.length > 0 && value.length % 2 === 0;
  },
  print(value) {
    const list: string[] = [];
    for (let at = 0; at < value.length; at += 2) list.push(printKey(uint16At(value, at)));
    return list.join(',') as Octets;
  },
  wanted: 'other keys divided by commas, each once',
};

function addresses(
  size: 4 | 16,
  parse: (text: string) => Octets | null,
  print: (address: Octets) => string,
  wanted: string,
): ValueForm {
  return {
    parse(text) {
      const list = text.split(',').map(parse);
      return list.includes(null) ? null : (list.join('') as Octets);
    },
    isValid: (value) => value.length > 0 && value.length % size === 0,
    print(value) {
      const list: string[] = [];
      for (let at = 0; at < value.length; at += size) list.push(print(value.slice(at, at + size) as Octets));
      return list.join(',') as Octets;
    },
    wanted,
  };
}

const keys: readonly (readonly [name: string, form: ValueForm])[] = [
  ['mandatory', mandatory],
  ['alpn', alpn],
  ['no-default-alpn', nothing],
  ['port', port],
  ['ipv4hint', addresses(4, parseIpv4, printIpv4, 'IPv4 addresses divided by commas')],
  ['ech', ech],
  ['ipv6hint', addresses(16, parseIpv6, printIpv6, 'IPv6 addresses divided by commas')],
  ['dohpath', dohpath],
  ['ohttp', nothing],
];

export function valueForm(key: number): ValueForm {
  return keys[key]?.[1] ?? opaque;
}

/** `alpn`, `key667`. */
export function printKey(key: number): string {
  return keys[key]?.[0] ?? `key${key}`;
}

/**
 * The number of a key by name or as `key667`; null where it is neither. 65535 is reserved (RFC 9460 section 14.3.2).
 */
export function parseKey(name: string): number | null {
  const known = keys.findIndex(([key]) => key === name);
  if (known >= 0) return known;
  const number = Number(/^key(0|[1-9]\d{0,4})$/.exec(name)?.[1] ?? NaN);
  return number < 0xffff ? number : null;
}
