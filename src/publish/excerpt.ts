/**
 * Excerpt: of a published zone just as much as decides on the answer for one name, as a zone that the workers' own
 * lookup can be run on. The main thread keeps no zones to look up in; this takes their place for explain.
 */
import { isAtOrBelow, type Name, parentOf } from '../wire/name.ts';
import type { RRset } from '../wire/record.ts';
import type { NameMark } from '../zone/change.ts';
import { Zone } from '../zone/zone.ts';
import { serviceTypesName } from './names.ts';
import type { PublishedService } from './service.ts';
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
  return new Zone({ zone: zone.apex, serial: zone.serial, stale: zone.stale, kind: 'load', removed: [], added, marks }, null);
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
  for (const ancestor of zone.external === null ? [] : pathTo(name, zone)) {
    const owner = zone.external!.ownerAtOrBelow(ancestor);
    if (owner !== null) yield owner;
  }
  if (zone.kind !== 'services') return;
  const near = new Set([...pathTo(name, zone)].map((ancestor) => zone.serviceAt(ancestor)));
  for (const service of near) if (service !== null) yield* ownersOf(service);
  // Any service will do as the witness for `_tcp.Z`, if its names are not denied.
  for (const service of zone.services.values()) {
    yield* ownersOf(service);
    if (service.roster.decision.mode !== 'nxdomain') break;
  }
  yield serviceTypesName(zone.apex)!;
}

/** Names that exist: those that instances share, by their marks, but where these deny them those with records. */
function* ownersOf(service: PublishedService): Generator<Name> {
  const denied = service.roster.decision.mode === 'nxdomain';
  for (const { owner } of denied ? service.rrsets() : service.marks()) yield owner;
}

const asterisk = '\u0001*';
