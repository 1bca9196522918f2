/** Kinds of option values: what is wanted, how a value is judged, and how the text of a flag or variable is read. */
import { isIP, isIPv4 } from 'node:net';
import type { Endpoint } from '../runtime/endpoint.ts';

export interface Kind<T> {
  /** What is wanted, to stand in a message and in the reference: `a whole number from 1 to 64`. */
  readonly wanted: string;
  /** The value that `found` stands for; undefined when it is not of this kind. */
  readonly read: (found: unknown) => T | undefined;
  /** Turns the text of a flag or variable into what a file would hold; `read` judges it. */
  readonly fromText: (text: string) => unknown;
  /** True for what must not be repeated in messages and logs. */
  readonly secret?: true;
  /** The kind of a list's elements, so that a message can point at the wrong one. */
  readonly each?: Kind<unknown>;
}

const asIs = (text: string): unknown => text;
const asNumber = (text: string): unknown => (/^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : text);

export function wholeNumber(min: number, max: number): Kind<number> {
  const read = (found: unknown): number | undefined => (Number.isInteger(found) ? inRange(found, min, max) : undefined);
  return { wanted: `a whole number from ${min} to ${max}`, read, fromText: asNumber };
}

/** A duration in seconds; fractions allowed. */
export function seconds(min: number, max: number): Kind<number> {
  return { wanted: `${min} to ${max} seconds`, read: (found) => inRange(found, min, max), fromText: asNumber };
}

/** A duration in whole seconds, as DNS wants its TTLs. */
export function wholeSeconds(min: number, max: number): Kind<number> {
  return { ...wholeNumber(min, max), wanted: `${min} to ${max} whole seconds` };
}

export const boolean: Kind<boolean> = {
  wanted: 'true or false',
  read: (found) => (typeof found === 'boolean' ? found : undefined),
  fromText: (text) => (text === 'true' ? true : text === 'false' ? false : text),
};

export function oneOf<const T extends string>(...words: readonly T[]): Kind<T> {
  const read = (found: unknown): T | undefined => words.find((word) => word === found);
  return { wanted: `one of ${words.join(', ')}`, read, fromText: asIs };
}

/** Text that is not empty; `what` names it in messages: `a path`. */
export function text(what: string, most = 4096): Kind<string> {
  const read = (found: unknown): string | undefined =>
    typeof found === 'string' && found !== '' && found.length <= most ? found : undefined;
  return { wanted: what, read, fromText: asIs };
}

/** Text that is never shown. */
export function secretText(what: string): Kind<string> {
  return { ...text(what), secret: true };
}

/** `octets` octets in hexadecimal, as a secret. */
export function secretHex(octets: number): Kind<string> {
  const form = new RegExp(`^[0-9a-f]{${2 * octets}}$`, 'i');
  const read = (found: unknown): string | undefined =>
    typeof found === 'string' && form.test(found) ? found.toLowerCase() : undefined;
  return { wanted: `${2 * octets} hexadecimal digits`, read, fromText: asIs, secret: true };
}

/** `127.0.0.1:8053`, `[::1]:8053`, or `localhost:8053` for the first. */
export const endpoint: Kind<Endpoint> = {
  wanted: 'an address and a port, such as 127.0.0.1:8053 or [::1]:8053',
  read(found) {
    const parts = typeof found === 'string' ? /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(found) : null;
    if (parts === null) return undefined;
    const [, v6, v4] = parts;
    const port = Number(parts[3]);
    const host = v6 ?? (v4 === 'localhost' ? '127.0.0.1' : v4!);
    if (port > 65535 || isIP(host) !== (v6 === undefined ? 4 : 6)) return undefined;
    return { host, port };
  },
  fromText: asIs,
};

/** An IPv4 or IPv6 address, without a zone index, which means something on one host only. */
export const address: Kind<string> = {
  wanted: 'an address, such as 192.0.2.1 or 2001:db8::1',
  read: (found) => (typeof found === 'string' && isIP(found) !== 0 && !found.includes('%') ? found : undefined),
  fromText: asIs,
};

/** A network in CIDR form, or one address; always given as `address/length`. */
export const network: Kind<string> = {
  wanted: 'a network, such as 10.0.0.0/8 or fd00::/8',
  read(found) {
    const parts = typeof found === 'string' ? /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(found) : null;
    if (parts === null || isIP(parts[1]!) === 0) return undefined;
    const longest = isIPv4(parts[1]!) ? 32 : 128;
    const length = parts[2] === undefined ? longest : Number(parts[2]);
    return length <= longest ? `${parts[1]!}/${length}` : undefined;
  },
  fromText: asIs,
};

/** A zone's apex, folded, without the final dot; short enough to leave room for every name we make below it. */
export const zoneName: Kind<string> = {
  wanted: 'a zone name of at most 113 characters, such as svc.internal',
  read(found) {
    if (typeof found !== 'string') return undefined;
    const name = found.replace(/\.$/, '').replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
    return name.length <= 113 && name.split('.').every((part) => label.test(part)) ? name : undefined;
  },
  fromText: asIs,
};

export const webAddress: Kind<string> = {
  wanted: 'an address such as https://host:port/path',
  read(found) {
    if (typeof found !== 'string' || !URL.canParse(found)) return undefined;
    return /^https?:$/.test(new URL(found).protocol) ? found : undefined;
  },
  fromText: asIs,
};

/** A list; one value alone stands for a list of one, and commas part the values in a flag or variable. */
export function listOf<T>(kind: Kind<T>): Kind<readonly T[]> {
  return {
    wanted: `a list, each ${kind.wanted}`,
    read(found) {
      const values = (Array.isArray(found) ? found : [found]).map(kind.read);
      return values.every((value) => value !== undefined) ? values : undefined;
    },
    fromText: (text) => text.split(',').map((part) => kind.fromText(part.trim())),
    each: kind,
  };
}

/** A list of at least one. */
export function someOf<T>(kind: Kind<T>): Kind<readonly T[]> {
  const list = listOf(kind);
  const read = (found: unknown): readonly T[] | undefined => {
    const values = list.read(found);
    return values?.length === 0 ? undefined : values;
  };
  return { ...list, wanted: `at least one, each ${kind.wanted}`, read };
}

function inRange(found: unknown, min: number, max: number): number | undefined {
  return typeof found === 'number' && found >= min && found <= max ? found : undefined;
}
