/** PublishedZone: a zone as the control plane knows it, from zone files, registrations or both, or from somebody else. */
import type { Name } from '../wire/name.ts';
import type { RRset } from '../wire/record.ts';
import type { Mark, ZoneChange } from '../zone/change.ts';
import { type Difference, noDifference, ZoneDelta } from './delta.ts';
import { meaningOf, serviceTypesName } from './names.ts';
import { Pointers } from './pointers.ts';
import type { PublishedService } from './service.ts';
import { differingOwners, jointMark, jointRRsets, noStatics, type StaticRecords } from './static.ts';

/** The records of a zone that somebody else makes. Names are folded. */
export interface ExternalRecords {
  /** All, SOA and NS among them. */
  rrsets(): Iterable<RRset>;
  rrsetsAt(owner: Name): readonly RRset[];
  /** Any owner that makes `name` exist; null where there is none. */
  ownerAtOrBelow(name: Name): Name | null;
}

export class PublishedZone {
  /** Folded. */
  readonly apex: Name;
  /**
   * `services`: instances are registered in it; `reverse`: their addresses are; `static`: a zone file has all that it
   * holds; `external`: somebody else makes its records.
   */
  readonly kind: 'services' | 'reverse' | 'static' | 'external';
  statics: StaticRecords;
  /** True where the static records of a zone that registrations fill are those of a zone file. */
  hasFile = false;
  /** True while its records may be out of date. */
  stale = false;
  /** By name; empty but in a zone of services. */
  readonly services = new Map<string, PublishedService>();
  /** Empty but in a reverse zone. */
  readonly pointers = new Pointers();
  /** Null but in an external zone. */
  readonly external: ExternalRecords | null;
  // A revision, or the serial of a zone file.
  #serial = 0;

  constructor(
    apex: Name, kind: PublishedZone['kind'], statics: StaticRecords, external: ExternalRecords | null = null,
  ) {
    this.apex = apex;
    this.kind = kind;
    this.statics = statics;
    this.external = external;
  }

  /** True where registrations fill it, so that its serial is a revision. */
  get isRegistered(): boolean {
    return this.kind === 'services' || this.kind === 'reverse';
  }

  /** SOA serial, 0 to 2^32-1. */
  get serial(): number {
    return this.#serial % 2 ** 32;
  }

  /**
   * The serial of a static zone is what its file says; that of the others is the latest revision that changed it.
   * Returns whether it moved.
   */
  moveSerial(to: number): boolean {
    const from = this.#serial;
    this.#serial = this.kind === 'static' ? to : Math.max(from, to);
    return this.#serial !== from;
  }

  /** Gives it other static records; returns what differs beside those that are registered. */
  replaceStatics(statics: StaticRecords): Difference {
    const delta = new ZoneDelta();
    for (const owner of differingOwners(this.statics, statics)) {
      const registered = this.registeredAt(owner);
      for (const rrset of jointRRsets(owner, registered, this.statics)) delta.remove(rrset);
      for (const rrset of jointRRsets(owner, registered, statics)) delta.add(rrset);
      const mark = this.markAt(owner);
      if (mark !== null) delta.mark(owner, jointMark(mark, owner, statics));
    }
    this.statics = statics;
    return delta.beside(noStatics);
  }

  /** The change with which DNS workers begin to serve it, with `added`: all that it holds. */
  load(added: readonly RRset[]): ZoneChange {
    return { zone: this.apex, serial: this.serial, stale: this.stale, kind: 'load', removed: [], added, marks: [] };
  }

  update(difference: Difference): ZoneChange {
    return { zone: this.apex, serial: this.serial, stale: this.stale, kind: 'update', ...difference };
  }

  /** The change with which DNS workers serve it no more. */
  drop(): ZoneChange {
    return { zone: this.apex, serial: this.serial, kind: 'drop', ...noDifference };
  }

  /** The registered or external rrsets at a folded name in the zone, before static records have their say. */
  registeredAt(owner: Name): readonly RRset[] {
    if (this.kind === 'static') return [];
    if (this.external !== null) return this.external.rrsetsAt(owner);
    if (this.kind === 'reverse') return [this.pointers.rrset(owner)].filter((rrset) => rrset !== null);
    if (owner !== serviceTypesName(this.apex)) return this.serviceAt(owner)?.rrsetsAt(owner) ?? [];
    const parts = [...this.services.values()]
      .map((service) => service.advertisement())
      .filter((part) => part.rdata.length > 0);
    return parts.slice(0, 1).map((part) => ({ ...part, rdata: parts.flatMap(({ rdata }) => rdata) }));
  }

  markAt(owner: Name): Mark | null {
    return this.serviceAt(owner)?.markAt(owner) ?? null;
  }

  /** The service that a folded name belongs to; null where it belongs to none, or to one that is not there. */
  serviceAt(owner: Name): PublishedService | null {
    if (this.kind !== 'services') return null;
    const meaning = meaningOf(owner, this.apex);
    return ('service' in meaning && meaning.service !== null ? this.services.get(meaning.service) : null) ?? null;
  }
}
