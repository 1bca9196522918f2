/**
 * Labels that users choose: service, instance id, tag, port name, selector. 1 to 63 octets of `[a-z0-9]` and inner `-`
 * (the LDH rule of RFC 1123 section 2.1), upper case folded from ASCII only. What the server makes itself starts with
 * `_`.
 */
import { RegistryError } from './error.ts';
import { distinct } from './range.ts';

/**
 * Returns the folded label, or throws `invalid` with the place `path`. Any other character is judged before it is
 * folded: U+212A (Kelvin sign) must not become `k`. The label is a copy of its own: it is kept for long, and a slice of
 * the request would keep all of that.
 */
export function parseLabel(text: string, path: string): string {
  if (text.length === 0 || text.length > 63) {
    throw new RegistryError('invalid', `${path} has ${text.length} characters, wanted 1 to 63`, path);
  }
  const stray = /[^A-Za-z0-9-]/u.exec(text);
  if (stray !== null) {
    const found = JSON.stringify(stray[0]);
    throw new RegistryError(
      'invalid',
      `${path} contains ${found}, wanted letters a to z, digits and inner hyphens`,
      path,
    );
  }
  if (text.startsWith('-') || text.endsWith('-')) {
    throw new RegistryError('invalid', `${path} is ${JSON.stringify(text)}, wanted no hyphen at either end`, path);
  }
  return Buffer.from(foldAscii(text), 'latin1').toString('latin1');
}

/** As `parseLabel` for each; two that are equal when folded are refused. */
export function parseLabels(texts: readonly string[], path: string): readonly string[] {
  const labels = texts.map((text, index) => parseLabel(text, `${path}.${index}`));
  distinct(labels, path);
  return labels;
}

/** The service whose instances are the servers themselves: no label, so that no user can register it. */
export const serverService = '_signpost';

/** The name of a service that is asked for: a label, or that of the servers' own. Throws `invalid`. */
export function parseServiceName(text: string): string {
  return foldAscii(text) === serverService ? serverService : parseLabel(text, 'service');
}

/**
 * As `parseLabel`, for the name of a service, which stands right below the zone where clients look for well-known
 * names.
 */
export function parseServiceLabel(text: string): string {
  const label = parseLabel(text, 'service');
  // ns*: names that delegations to the zone and its secondaries use.
  // signpost: `_signpost._tcp.Z` is the servers' own.
  if (wellKnown.has(label) || label.startsWith('ns') || `_${label}` === serverService) throw reserved(label, 'service');
  return label;
}

/** As `parseLabel`, for the id of an instance. */
export function parseInstanceLabel(text: string): string {
  const label = parseLabel(text, 'id');
  if (wellKnown.has(label)) throw reserved(label, 'id');
  return label;
}

/** The text with A to Z in lower case and every other character as it is. */
export function foldAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : text;
}

/**
 * Throws `invalid` where a name, written without escapes and final dot, takes more than 255 octets on the wire (RFC
 * 1035 2.3.4).
 */
export function refuseLongName(name: string, path: string): void {
  // A length octet stands before each label and for the root, where the text has dots only between labels.
  const octets = name.length + 2;
  if (octets > 255) {
    throw new RegistryError('invalid', `${path} makes a name of ${octets} octets, wanted at most 255`, path);
  }
}

/** Clients give these a meaning of their own wherever a search list takes them: proxy discovery, tunnels, this host. */
const wellKnown: ReadonlySet<string> = new Set(['wpad', 'isatap', 'localhost']);

function reserved(label: string, path: string): RegistryError {
  return new RegistryError('invalid', `${path} ${JSON.stringify(label)} is reserved`, path);
}
