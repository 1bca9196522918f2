/**
 * What a name server must answer, computed in the plainest way: every question goes through all records one by one.
 * Slow, and right by inspection; the oracle for trees, counters and caches.
 */
import { RRType, parseType } from '../../src/wire/codes.ts';
import {
  type Name,
  foldName,
  isAtOrBelow,
  labelCount,
  maxNameLength,
  parentOf,
  rootName,
} from '../../src/wire/name.ts';
import { type Octets, uint32At } from '../../src/wire/octets.ts';
import { targetOf } from '../../src/wire/rdata/layout.ts';
import { type ResourceRecord, printRecord } from '../../src/wire/record.ts';
import type { Mark, ZoneChange } from '../../src/zone/change.ts';

interface Held extends ResourceRecord {
  readonly copies: number;
}

interface ReferenceZone {
  readonly apex: Name;
  records: readonly Held[];
  marks: ReadonlyMap<Name, Mark>;
}

export interface ReferenceReply {
  rcode: 'NOERROR' | 'NXDOMAIN' | 'REFUSED' | 'YXDOMAIN' | 'SERVFAIL';
  flags: 'AA' | '';
  answer: string[];
  authority: string[];
  additional: string[];
}

export class Reference {
  #zones: ReferenceZone[] = [];

  apply(change: ZoneChange): void {
    const before = this.#zones.find(({ apex }) => apex === change.zone);
    this.#zones = this.#zones.filter((zone) => zone !== before);
    if (change.kind === 'drop') return;
    let records = change.kind === 'update' ? [...before!.records] : [];
    for (const { owner, type, rdata } of change.removed) {
      for (const each of rdata)
        records = withCopies(records, { owner: foldName(owner), type, ttl: 0, rdata: each }, -1);
    }
    for (const { owner, type, ttl, rdata } of change.added) {
      const key = foldName(owner);
      for (const each of rdata) records = withCopies(records, { owner: key, type, ttl, rdata: each }, 1);
      records = records.map((held) => (held.owner === key && held.type === type ? { ...held, ttl } : held));
    }
    const serial = Buffer.alloc(4);
    serial.writeUInt32BE(change.serial);
    records = records.map((held) =>
      held.type === RRType.SOA ? { ...held, rdata: withSerial(held.rdata, serial.latin1Slice()) } : held,
    );
    const marks = new Map(change.kind === 'update' ? before!.marks : []);
    for (const { owner, mark } of change.marks) {
      if (mark === null) marks.delete(foldName(owner));
      else marks.set(foldName(owner), mark);
    }
    this.#zones.push({ apex: change.zone, records, marks });
  }

  answer(qname: Name, qtype: string): ReferenceReply {
    const type = parseType(qtype)!;
    const reply: ReferenceReply = { rcode: 'NOERROR', flags: 'AA', answer: [], authority: [], additional: [] };
    const seen: Name[] = [];
    let name = qname;
    for (;;) {
      const zone = this.#zoneOf(foldName(name), type);
      if (zone === undefined) {
        if (seen.length === 0) Object.assign(reply, { rcode: 'REFUSED', flags: '' });
        break;
      }
      if (seen.includes(foldName(name)) || seen.length > 16) break;
      seen.push(foldName(name));
      const found = find(zone, foldName(name), type);
      const put = (section: string[], owner: Name, records: readonly ResourceRecord[]): void => {
        for (const record of records) section.push(printRecord({ ...record, owner }));
      };
      if (found.outcome === 'delegation') {
        if (seen.length === 1) reply.flags = '';
        put(reply.authority, found.owner, found.records);
        for (const { rdata } of found.records) this.#putAddresses(reply, rdata, zone, true);
        break;
      }
      if (found.outcome === 'dname') {
        const target = (name.slice(0, name.length - found.owner.length) + found.records[0]!.rdata) as Name;
        const lines = found.records.map((record) => printRecord({ ...record, owner: found.owner }));
        if (!reply.answer.includes(lines[0]!)) reply.answer.push(...lines);
        if (target.length > maxNameLength) {
          reply.rcode = 'YXDOMAIN';
          break;
        }
        put(reply.answer, name, [{ owner: name, type: RRType.CNAME, ttl: found.records[0]!.ttl, rdata: target }]);
        const endless = isAtOrBelow(foldName(found.records[0]!.rdata), found.owner);
        if (endless || type === RRType.CNAME || type === RRType.ANY) break;
        name = target;
        continue;
      }
      if (found.outcome === 'negative') {
        const soa = zone.records.find((record) => record.type === RRType.SOA)!;
        const ttl = Math.min(soa.ttl, uint32At(soa.rdata, soa.rdata.length - 4));
        if (!found.exists) reply.rcode = 'NXDOMAIN';
        put(reply.authority, zone.apex, [{ ...soa, ttl }]);
        break;
      }
      put(reply.answer, name, found.records);
      if (found.outcome === 'cname') {
        name = found.records[0]!.rdata;
        continue;
      }
      for (const record of found.records) {
        if (![RRType.NS, RRType.MX, RRType.SRV].includes(record.type as 2)) continue;
        const target = targetOf(record.type, record.rdata)!;
        if (target !== rootName) this.#putAddresses(reply, target, zone, false);
      }
      break;
    }
    for (const section of [reply.answer, reply.authority, reply.additional]) section.sort();
    return reply;
  }

  /** Addresses that `zone` has for the target; `withGlue`: also such as it has only as glue. */
  #putAddresses(reply: ReferenceReply, target: Name, zone: ReferenceZone, withGlue: boolean): void {
    const name = foldName(target);
    if (!isAtOrBelow(name, zone.apex)) return;
    const lines: string[] = [];
    const put = (records: readonly ResourceRecord[]): void => {
      lines.push(...records.map((record) => printRecord({ ...record, owner: target })));
    };
    const found = find(zone, name, RRType.A);
    if (found.outcome === 'answer' || found.outcome === 'cname' || (found.outcome === 'negative' && found.exists)) {
      for (const type of [RRType.A, RRType.AAAA]) {
        const addresses = find(zone, name, type);
        if (addresses.outcome === 'answer') put(addresses.records);
      }
    } else if (withGlue) {
      put(zone.records.filter((held) => held.owner === name && (held.type === RRType.A || held.type === RRType.AAAA)));
    }
    reply.additional.push(...lines.filter((line) => !reply.additional.includes(line)));
  }

  #zoneOf(name: Name, type: number): ReferenceZone | undefined {
    const zones = this.#zones.filter(({ apex }) => isAtOrBelow(name, apex));
    zones.sort((a, b) => labelCount(b.apex) - labelCount(a.apex));
    return type === RRType.DS && zones[0]?.apex === name && zones.length > 1 ? zones[1] : zones[0];
  }
}

type Found =
  | {
      readonly outcome: 'answer' | 'cname' | 'dname' | 'delegation';
      readonly owner: Name;
      readonly records: readonly ResourceRecord[];
    }
  | { readonly outcome: 'negative'; readonly exists: boolean };

function find(zone: ReferenceZone, name: Name, type: number): Found {
  const at = (owner: Name, wanted: number): Held[] =>
    zone.records.filter((held) => held.owner === owner && held.type === wanted);
  const exists = (owner: Name): boolean =>
    zone.records.some((held) => isAtOrBelow(held.owner, owner)) ||
    [...zone.marks].some(([marked, mark]) => mark.existence === 'exists' && isAtOrBelow(marked, owner));
  const match = (owner: Name): Found => {
    const ofAny = zone.records.filter((held) => held.owner === owner).map((held) => held.type);
    const wanted = type === RRType.ANY ? Math.min(...ofAny) : type;
    const records = at(owner, wanted);
    if (records.length > 0) return { outcome: 'answer', owner, records };
    const cname = at(owner, RRType.CNAME);
    return cname.length > 0 ? { outcome: 'cname', owner, records: cname } : { outcome: 'negative', exists: true };
  };
  const ancestors: Name[] = [];
  for (let owner = name; owner !== zone.apex;) ancestors.unshift((owner = parentOf(owner)));
  for (const owner of ancestors) {
    if (owner !== zone.apex && at(owner, RRType.NS).length > 0)
      return { outcome: 'delegation', owner, records: at(owner, RRType.NS) };
    if (at(owner, RRType.DNAME).length > 0) return { outcome: 'dname', owner, records: at(owner, RRType.DNAME) };
  }
  if (zone.marks.get(name)?.existence === 'denied') return { outcome: 'negative', exists: false };
  if (exists(name)) {
    const isCut = name !== zone.apex && type !== RRType.DS && at(name, RRType.NS).length > 0;
    return isCut ? { outcome: 'delegation', owner: name, records: at(name, RRType.NS) } : match(name);
  }
  const encloser = ancestors.reverse().find((owner) => owner === zone.apex || exists(owner))!;
  const source = `\x01*${encloser}` as Name;
  return exists(source) ? match(source) : { outcome: 'negative', exists: false };
}

function withCopies(records: readonly Held[], record: ResourceRecord, step: 1 | -1): Held[] {
  const same = (held: Held): boolean =>
    held.owner === record.owner &&
    held.type === record.type &&
    (held.rdata === record.rdata ||
      (record.type === RRType.SOA && withSerial(held.rdata, '') === withSerial(record.rdata, '')));
  if (!records.some(same)) return step === 1 ? [...records, { ...record, copies: 1 }] : [...records];
  return records
    .map((held) => (same(held) ? { ...held, copies: held.copies + step } : held))
    .filter(({ copies }) => copies > 0);
}

function withSerial(rdata: Octets, serial: string): Octets {
  return (rdata.slice(0, -20) + serial + rdata.slice(-16)) as Octets;
}
