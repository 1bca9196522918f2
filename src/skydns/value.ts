/**
 * The JSON that SkyDNS, CoreDNS and external-dns keep at a key. Read as they read it: fields in any case, null or
 * nothing for what is not said, unknown fields passed over.
 */
import { maxTtl } from '../wire/record.ts';
import { SkydnsError } from './error.ts';

export interface SkydnsValue {
  /** An address or a name; empty: none. */
  readonly host: string;
  /** 0: not said. -1: nothing listens, so there is no SRV record. */
  readonly port: number;
  /** Of SRV and MX. */
  readonly priority: number;
  /** Of SRV, in proportion to the others'. */
  readonly weight: number;
  /** Empty: none. */
  readonly text: string;
  /** True: also an MX record. */
  readonly mail: boolean;
  /** Seconds. */
  readonly ttl: number;
  /** Labels that SRV, MX and NS records leave out of the key's name, when it is their target. */
  readonly targetstrip: number;
  /** Empty: in no group. */
  readonly group: string;
}

/** Throws SkydnsError `size`, `json` or `field`. */
export function readValue(value: Buffer): SkydnsValue {
  if (value.length > mostOctets) {
    throw new SkydnsError('size', `found a value of ${value.length} octets, wanted at most ${mostOctets}`);
  }
  const fields = new Map(Object.entries(parseObject(value)).map(([name, found]) => [name.toLowerCase(), found]));
  return {
    host: textOf(fields, 'host'),
    port: numberOf(fields, 'port', -1, 0xffff),
    // What they take for not said, too.
    priority: numberOf(fields, 'priority', 0, 0xffff) || defaultPriority,
    // They count weights in percent of the sum, so that any is possible.
    weight: Math.min(numberOf(fields, 'weight', 0, Number.MAX_SAFE_INTEGER) || defaultWeight, 0xffff),
    text: textOf(fields, 'text'),
    mail: booleanOf(fields, 'mail'),
    // RFC 2181 section 8.
    ttl: Math.min(numberOf(fields, 'ttl', 0, 0xffffffff) || defaultTtl, maxTtl),
    targetstrip: Math.max(0, numberOf(fields, 'targetstrip', -mostStripped, mostStripped)),
    group: textOf(fields, 'group'),
  };
}

function parseObject(value: Buffer): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value.toString());
  } catch (error) {
    throw new SkydnsError('json', (error as Error).message, { cause: error });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new SkydnsError('json', `found ${shown(parsed)}, wanted an object`);
  }
  return parsed;
}

type Fields = ReadonlyMap<string, unknown>;

function textOf(fields: Fields, name: string): string {
  const found = fields.get(name) ?? '';
  if (typeof found === 'string') return found;
  throw new SkydnsError('field', `${name}: found ${shown(found)}, wanted a string`);
}

function booleanOf(fields: Fields, name: string): boolean {
  const found = fields.get(name) ?? false;
  if (typeof found === 'boolean') return found;
  throw new SkydnsError('field', `${name}: found ${shown(found)}, wanted true or false`);
}

function numberOf(fields: Fields, name: string, min: number, max: number): number {
  const found = fields.get(name) ?? 0;
  if (typeof found === 'number' && Number.isInteger(found) && found >= min && found <= max) return found;
  throw new SkydnsError('field', `${name}: found ${shown(found)}, wanted a whole number from ${min} to ${max}`);
}

/** Objects and lists not in full: they may be too deep to be printed. */
function shown(found: unknown): string {
  if (typeof found === 'object' && found !== null) return Array.isArray(found) ? 'a list' : 'an object';
  const json = JSON.stringify(found);
  return json.length <= 60 ? json : `${json.slice(0, 57)}...`;
}

const mostOctets = 16_384;
const defaultPriority = 10;
const defaultWeight = 100;
/** Seconds. */
const defaultTtl = 300;
/** More labels than any name has. */
const mostStripped = 1000;
