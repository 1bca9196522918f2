/**
 * Replay: everything published, as it was at one moment, for a DNS worker that starts with nothing. It is read in
 * pieces while changes go on. A service that is about to change is copied first, so that what was published after that
 * moment can be applied after the replay.
 */
import type { RRset } from '../wire/record.ts';
import type { NameMark, ZoneChange } from '../zone/change.ts';
import type { ReverseRecords } from './reverse-records.ts';
import type { PublishedService } from './service.ts';
import { isWithheld, jointMark, jointTtl, type StaticRecords } from './static.ts';
import type { PublishedZone } from './zone.ts';

interface Moment {
  readonly serial: number;
  readonly stale: boolean;
  readonly statics: StaticRecords;
  readonly external: readonly RRset[];
}

export class Replay {
  readonly #moments: ReadonlyMap<PublishedZone, Moment>;
  readonly #pending = new Map<PublishedService, PublishedZone>();
  readonly #copies: ZoneChange[] = [];
  readonly #reverseRecords: ReverseRecords;

  constructor(zones: Iterable<PublishedZone>, reverseRecords: ReverseRecords) {
    this.#moments = new Map([...zones].map((zone) => [zone, momentOf(zone)]));
    for (const zone of this.#moments.keys()) {
      for (const service of zone.services.values()) this.#pending.set(service, zone);
    }
    this.#reverseRecords = reverseRecords;
  }

  /** To be called before `service` changes. */
  preserve(service: PublishedService): void {
    const zone = this.#pending.get(service);
    if (zone === undefined) return;
    this.#pending.delete(service);
    const piece = new Piece();
    this.#write(service, zone, piece);
    this.#copies.push(...piece.take(this.#moments));
  }

  /** A `load` of each zone with its static or external records, then `update`s with the registered ones. */
  *changes(): Generator<ZoneChange> {
    for (const [zone, { serial, stale, statics, external }] of this.#moments) {
      const added = [...[...statics.values()].flat(), ...external];
      yield { zone: zone.apex, serial, stale, kind: 'load', removed: [], added, marks: [] };
    }
    const piece = new Piece();
    for (const [service, zone] of this.#pending) {
      this.#pending.delete(service);
      this.#write(service, zone, piece);
      if (piece.size >= pieceSize) yield* piece.take(this.#moments);
    }
    yield* piece.take(this.#moments);
    for (let copy = this.#copies.pop(); copy !== undefined; copy = this.#copies.pop()) yield copy;
  }

  #write(service: PublishedService, zone: PublishedZone, piece: Piece): void {
    const { statics } = this.#moments.get(zone)!;
    const put = ({ owner, type, ttl, rdata }: RRset, into: PublishedZone, beside: StaticRecords) => {
      if (rdata.length > 0 && !isWithheld(owner, beside)) {
        piece.add(into, { owner, type, ttl: jointTtl(ttl, owner, type, beside)!, rdata });
      }
    };
    for (const rrset of service.rrsets()) put(rrset, zone, statics);
    put(service.advertisement(), zone, statics);
    for (const { owner, mark } of service.marks()) piece.mark(zone, { owner, mark: jointMark(mark, owner, statics) });
    for (const reverse of this.#reverseRecords.of(service)) {
      put(reverse.rrset, reverse.zone, this.#moments.get(reverse.zone)!.statics);
    }
  }
}

function momentOf({ serial, stale, statics, external }: PublishedZone): Moment {
  return { serial, stale, statics, external: external === null ? [] : [...external.rrsets()] };
}

/**
 * Rrsets in one piece; a service is never split. With some thousands, V8 takes the strings for long-lived and stops
 * collecting them early.
 */
const pieceSize = 512;

class Piece {
  size = 0;
  #zones = new Map<PublishedZone, { added: RRset[]; marks: NameMark[] }>();

  add(zone: PublishedZone, rrset: RRset): void {
    this.#of(zone).added.push(rrset);
    this.size += 1;
  }

  mark(zone: PublishedZone, mark: NameMark): void {
    this.#of(zone).marks.push(mark);
  }

  take(moments: ReadonlyMap<PublishedZone, Moment>): ZoneChange[] {
    const changes = [...this.#zones].map(([zone, { added, marks }]): ZoneChange => ({
      zone: zone.apex,
      serial: moments.get(zone)!.serial,
      stale: moments.get(zone)!.stale,
      kind: 'update',
      removed: [],
      added,
      marks,
    }));
    this.#zones = new Map();
    this.size = 0;
    return changes;
  }

  #of(zone: PublishedZone) {
    let part = this.#zones.get(zone);
    if (part === undefined) this.#zones.set(zone, (part = { added: [], marks: [] }));
    return part;
  }
}
