/** Zones of SkyDNS keys in presentation form. */
import { type Entry, makeEntry } from '../../src/skydns/entry.ts';
import { nameOfKey } from '../../src/skydns/key.ts';
import { readValue } from '../../src/skydns/value.ts';
import { type KeyChange, SkydnsZone } from '../../src/skydns/zone.ts';
import { parseName } from '../../src/wire/name.ts';
import type { Octets } from '../../src/wire/octets.ts';
import { lines } from '../publish/support.ts';

/** What a key says; an object stands for its JSON. */
export type Said = Readonly<Record<string, unknown>>;

export function entry(key: string, said: Said, isLeased = false): Entry {
  const octets = key as Octets;
  return makeEntry(octets, nameOfKey(octets, '/skydns/' as Octets), readValue(Buffer.from(JSON.stringify(said))), isLeased);
}

/** `{ '/skydns/test/a': { host: '10.0.0.1' } }` as changes; null removes. */
export function changes(keys: Readonly<Record<string, Said | null>>): KeyChange[] {
  return Object.entries(keys).map(([key, said]) => ({
    key: key as Octets,
    after: said === null ? null : entry(key, said),
  }));
}

export function zoneOf(keys: Readonly<Record<string, Said>>, apex = 'skydns.test.', mostLookedAt?: number): SkydnsZone {
  const zone = new SkydnsZone(parseName(apex), ['127.0.0.1'], mostLookedAt);
  zone.load(changes(keys));
  return zone;
}

/** The records of a name, sorted, without its owner: `300 IN A 10.0.0.1`; each once. */
export function recordsAt(zone: SkydnsZone, name: string): string[] {
  const records = lines(zone.rrsetsAt(parseName(name))).map((line) => line.slice(line.indexOf(' ') + 1));
  return [...new Set(records)].sort();
}
