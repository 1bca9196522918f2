/**
 * Excerpt: of a published zone just as much as decides on the answer for one name, as a zone that the workers' own lookup can
 * be run on. The main thread keeps no zones to look up in; this takes their place for explain.
 */
import { isAtOrBelow, type Name, parentOf } from '../wire/name.ts';
import type { RRset } from '../wire/record.ts';
import type { NameMark } from '../zone/change.ts';
import { Zone } from '../zone/zone.ts';
import { serviceTypesName } from './names.ts';
import { jointMark, jointRRsets } from './static.ts';
import type { PublishedZone } from './zone.ts';

/** The folded `name` is in `zone`. */
export function excerptFor(name: Name, zone: PublishedZone): Zone {
  const added: RRset[] = [];
  const marks: NameMark[] = [];
  for (const owner of new Set([...pathTo(name, zone), ...witnesses(name, zone)])) {
    added.push(...jointRRsets(owner, zone.registeredAt(owner), zone.statics));
    const mark = jointMark(zone.markAt(owner), owner, zone.statics);
    if (mark !== null) marks.push({ owner, mark });
  }
  return new Zone({ zone: zone.apex, serial: zone.serial, kind: 'load', removed: [], added, marks }, null);
}

/** The name, its ancestors in the zone, and the wildcards below each (RFC 4592 section 3.3.1). */
function* pathTo(name: Name, { apex }: PublishedZone): Generator<Name> {
  for (let ancestor = name; ; ancestor = parentOf(ancestor)) {
    yield ancestor;
    yield (asterisk + ancestor) as Name;
    if (ancestor === apex) return;
  }
}

/** For the name and each ancestor one owner at or below it, if there is any, which makes it exist (RFC 8020). */
function* witnesses(name: Name, zone: PublishedZone): Generator<Name> {
  const unproven = new Set(pathTo(name, zone));
  for (const owner of ownersNear(name, zone)) {
    for (const ancestor of unproven) {
      if (!isAtOrBelow(owner, ancestor)) continue;
      unproven.delete(ancestor);
      yield owner;
    }
  }
}

/** All owners but those of services that the name has nothing to do with. */
function* ownersNear(name: Name, zone: PublishedZone): Generator<Name> {
  yield* zone.statics.keys();
  yield* zone.pointers.owners();
  // Any service will do as the witness for `_tcp.Z`.
  const [first] = zone.services.values();
  const services = new Set([first, ...[...pathTo(name, zone)].map((ancestor) => zone.serviceAt(ancestor))]);
  for (const service of services) for (const { owner } of service?.marks() ?? []) yield owner;
  if (zone.kind === 'services') yield serviceTypesName(zone.apex)!;
}

const asterisk = '\u0001*';
