/** Zones as text that reads back as the same zone. */
import { RRType } from '../wire/codes.ts';
import { foldName, type Name } from '../wire/name.ts';
import { printRecord, type ResourceRecord } from '../wire/record.ts';

/** One record a line, every name absolute; the SOA of `apex` first, the others in the order they come in. */
export function printZone(apex: Name, records: readonly ResourceRecord[]): string {
  const isSoa = ({ owner, type }: ResourceRecord): boolean => type === RRType.SOA && foldName(owner) === foldName(apex);
  const ordered = [...records.filter(isSoa), ...records.filter((record) => !isSoa(record))];
  return ordered.map((record) => `${printRecord(record)}\n`).join('');
}
