/** SvcParams of SVCB and HTTPS (RFC 9460 section 2): key, length, value, in ascending order of keys, each key once. */
import { PresentationError, WireError } from '../error.ts';
import { quoteText, unescapeText } from '../escape.ts';
import { type Octets, uint16At, uint16Octets } from '../octets.ts';
import type { Tokens } from '../tokens.ts';
import { endAfter, type Field } from './field.ts';
import { ParameterKey, parseKey, printKey, valueForm } from './service-parameter-values.ts';

export const serviceParameters: Field = {
  parse(tokens) {
    const values = new Map<number, Octets>();
    while (!tokens.done) {
      const [key, value] = parseParameter(tokens);
      if (values.has(key)) throw new PresentationError(printKey(key), 'each service parameter once');
      values.set(key, value);
    }
    const problem = contradiction(values);
    if (problem !== null) throw new PresentationError(problem.found, problem.wanted);
    let octets = '';
    for (const [key, value] of [...values].sort(([a], [b]) => a - b)) {
      octets += uint16Octets(key) + uint16Octets(value.length) + value;
    }
    return octets as Octets;
  },

  end(rdata, offset) {
    const values = new Map<number, Octets>();
    let previous = -1;
    for (let at = offset; at < rdata.length; ) {
      const start = endAfter(rdata, at, 4);
      const key = uint16At(rdata, at);
      // RFC 9460 section 2.2: strictly ascending, or the whole RR is malformed.
      if (key <= previous) throw new WireError('bad-rdata', at, 'service parameters out of order');
      const end = endAfter(rdata, start, uint16At(rdata, at + 2));
      const value = rdata.slice(start, end) as Octets;
      if (!valueForm(key).isValid(value)) {
        throw new WireError('bad-rdata', start, `the value of service parameter ${printKey(key)}`);
      }
      values.set(key, value);
      previous = key;
      at = end;
    }
    const problem = contradiction(values);
    if (problem !== null) throw new WireError('bad-rdata', offset, `${problem.found} without ${problem.wanted}`);
    return rdata.length;
  },

  print(field) {
    const parameters: string[] = [];
    for (let at = 0; at < field.length; at += 4 + uint16At(field, at + 2)) {
      const key = uint16At(field, at);
      const value = field.slice(at + 4, at + 4 + uint16At(field, at + 2)) as Octets;
      parameters.push(value === '' ? printKey(key) : `${printKey(key)}=${quoteText(valueForm(key).print(value))}`);
    }
    return parameters.join(' ');
  },
};

/** `key`, `key=value` or `key="value"`; the value is a character string of any length (RFC 9460 section 2.1). */
function parseParameter(tokens: Tokens): [key: number, value: Octets] {
  const { text } = tokens.next('a service parameter');
  const [, name = '', quoted, plain = ''] = /^([^=]*)(?:=(?:"(.*)"|(.*)))?$/s.exec(text) ?? [];
  const key = parseKey(name);
  if (key === null) {
    throw new PresentationError(name, 'a service parameter: alpn, port, ipv4hint and so on, or key0 to key65534');
  }
  const octets = unescapeText(quoted ?? plain);
  const form = valueForm(key);
  // In its generic form a key takes the octets of its value as they go on the wire (RFC 9460 section 2.1).
  const value = name.startsWith('key') ? octets : form.parse(octets);
  if (value === null || !form.isValid(value)) throw new PresentationError(text, `${printKey(key)} with ${form.wanted}`);
  return [key, value];
}

/**
 * What the parameters demand of each other: all that is mandatory is there (section 8), alpn beside no-default-alpn
 * (section 7.1.1).
 */
function contradiction(values: ReadonlyMap<number, Octets>): { found: string; wanted: string } | null {
  const mandatory = values.get(ParameterKey.mandatory) ?? ('' as Octets);
  for (let at = 0; at < mandatory.length; at += 2) {
    const key = uint16At(mandatory, at);
    if (!values.has(key)) return { found: `mandatory=${printKey(key)}`, wanted: `parameter ${printKey(key)}` };
  }
  if (values.has(ParameterKey.noDefaultAlpn) && !values.has(ParameterKey.alpn)) {
    return { found: 'no-default-alpn', wanted: 'parameter alpn' };
  }
  return null;
}
