/**
 * All zones of a server; the one that answers for a name is that with the deepest apex (RFC 1034 section 4.3.2 step 2).
 */
import { RRType } from '../wire/codes.ts';
import { FoldedName } from '../wire/folded-name.ts';
import type { ZoneChange } from './change.ts';
import { NameTable } from './name-table.ts';
import { Zone, type ZoneEffect } from './zone.ts';

export class Zones {
  readonly #zones = new NameTable<Zone>();
  /** How many zones have so many labels in their apex, and these numbers of labels, the largest first. */
  readonly #zonesAt = new Map<number, number>();
  #depths: readonly number[] = [];

  /** The zone that answers for `name` and the type; null when none has it. */
  find(name: FoldedName, type: number): Zone | null {
    let atApex: Zone | null = null;
    for (const depth of this.#depths) {
      const label = name.labels - depth;
      if (label < 0) continue;
      const zone = this.#zones.find(name, label);
      if (zone === null) continue;
      // RFC 4035 section 3.1.4.1: DS at an apex is asked of the parent zone, where that is served too.
      if (type !== RRType.DS || label > 0) return zone;
      atApex = zone;
    }
    return atApex;
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
        return this.#drop(change, now);
    }
  }

  /** Compiles what has changed until `isTime`, a node at least; false when there may be more. */
  compile(isTime: () => boolean): boolean {
    for (const zone of this.#zones.values()) {
      while (zone.compiled.compileNext()) if (isTime()) return false;
    }
    return true;
  }

  #load(change: ZoneChange, now: number): ZoneEffect {
    const name = FoldedName.of(change.zone);
    const replaced = this.#zones.find(name, 0);
    const zone = new Zone(change, replaced);
    if (replaced !== null) this.#remove(name, replaced);
    this.#zones.add(name, 0, zone);
    this.#count(zone, 1);
    return { heldFor: heldFor(replaced, now), recut: true };
  }

  #update(change: ZoneChange, now: number): ZoneEffect {
    const zone = this.#zones.find(FoldedName.of(change.zone), 0);
    if (zone === null) throw new RangeError('found an update of a zone that was never loaded, wanted its load first');
    return zone.update(change, now);
  }

  #drop({ zone: apex }: ZoneChange, now: number): ZoneEffect {
    const name = FoldedName.of(apex);
    const dropped = this.#zones.find(name, 0);
    if (dropped !== null) this.#remove(name, dropped);
    return { heldFor: heldFor(dropped, now), recut: true };
  }

  #remove(name: FoldedName, zone: Zone): void {
    this.#zones.delete(name, 0);
    this.#count(zone, -1);
  }

  #count({ depth }: Zone, step: 1 | -1): void {
    const count = (this.#zonesAt.get(depth) ?? 0) + step;
    if (count > 0) this.#zonesAt.set(depth, count);
    else this.#zonesAt.delete(depth);
    this.#depths = [...this.#zonesAt.keys()].sort((a, b) => b - a);
  }
}

function heldFor(zone: Zone | null, now: number): number {
  return zone === null ? 0 : Math.max(0, zone.heldUntil() - now);
}
