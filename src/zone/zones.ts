/**
 * All zones of a server; the one that answers for a name is that with the deepest apex (RFC 1034 section 4.3.2 step 2).
 */
import { RRType } from '../wire/codes.ts';
import { type Name, labelsOf } from '../wire/name.ts';
import type { Octets } from '../wire/octets.ts';
import type { ZoneChange } from './change.ts';
import { Zone, type ZoneEffect } from './zone.ts';

export class Zones {
  readonly #root = new Apex();

  /**
   * The zone that answers for the folded `name` and the type; null when none has it. `labels` are those of the name,
   * where they are at hand.
   */
  find(name: Name, type: number, labels: readonly Octets[] = labelsOf(name)): Zone | null {
    let apex = this.#root;
    let deepest = apex.zone;
    for (let unmatched = labels.length; unmatched > 0; unmatched--) {
      const child = apex.children.get(labels[unmatched - 1]!);
      if (child === undefined) break;
      apex = child;
      // RFC 4035 section 3.1.4.1: DS at an apex is asked of the parent zone, where that is served too.
      if (apex.zone !== null && !(type === RRType.DS && unmatched === 1 && deepest !== null)) deepest = apex.zone;
    }
    return deepest;
  }

  /**
   * Applies a change at `now`, in seconds of the responder's clock. Throws RangeError, before anything changes, on one
   * that does not fit.
   */
  apply(change: ZoneChange, now: number): ZoneEffect {
    switch (change.kind) {
      case 'load':
        return this.#load(change, now);
      case 'update':
        return this.#update(change, now);
      case 'drop':
        return this.#drop(change.zone, now);
    }
  }

  #load(change: ZoneChange, now: number): ZoneEffect {
    const replaced = this.#apexOf(change.zone)?.zone ?? null;
    const zone = new Zone(change, replaced);
    this.#makeApex(change.zone).zone = zone;
    return { heldFor: heldFor(replaced, now), recut: true };
  }

  #update(change: ZoneChange, now: number): ZoneEffect {
    const zone = this.#apexOf(change.zone)?.zone ?? null;
    if (zone === null) throw new RangeError('found an update of a zone that was never loaded, wanted its load first');
    return zone.update(change, now);
  }

  #drop(name: Name, now: number): ZoneEffect {
    const apex = this.#apexOf(name);
    const dropped = apex?.zone ?? null;
    if (apex !== null) apex.zone = null;
    return { heldFor: heldFor(dropped, now), recut: true };
  }

  #apexOf(name: Name): Apex | null {
    let apex: Apex | undefined = this.#root;
    for (const label of labelsOf(name).reverse()) apex = apex?.children.get(label);
    return apex ?? null;
  }

  #makeApex(name: Name): Apex {
    let apex = this.#root;
    for (const label of labelsOf(name).reverse()) {
      let child = apex.children.get(label);
      if (child === undefined) apex.children.set(label, (child = new Apex()));
      apex = child;
    }
    return apex;
  }
}

/** A name that is the apex of a zone or leads to one. Few are made: operators name them all. */
class Apex {
  zone: Zone | null = null;
  readonly children = new Map<Octets, Apex>();
}

function heldFor(zone: Zone | null, now: number): number {
  return zone === null ? 0 : Math.max(0, zone.heldUntil() - now);
}
