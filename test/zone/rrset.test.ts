import { describe, expect, it } from 'vitest';
import type { Octets } from '../../src/wire/octets.ts';
import { StoredRRset } from '../../src/zone/rrset.ts';

function rrsetOf(...records: string[]): StoredRRset {
  const [first, ...others] = records as Octets[];
  const rrset = new StoredRRset(16, 5, first!);
  for (const rdata of others) rrset.add(rdata);
  return rrset;
}

function recordsOf(rrset: StoredRRset): string[] {
  return Array.from({ length: rrset.size }, (_, index) => rrset.rdata(index)).sort();
}

describe('a stored rrset', () => {
  it('has a record once that was added twice', () => {
    expect(recordsOf(rrsetOf('a', 'b', 'a'))).toEqual(['a', 'b']);
  });

  it('keeps a record until it was removed as often as it was added', () => {
    const rrset = rrsetOf('a', 'a', 'b');
    rrset.remove('a' as Octets);
    expect(recordsOf(rrset)).toEqual(['a', 'b']);
    rrset.remove('a' as Octets);
    expect(recordsOf(rrset)).toEqual(['b']);
  });

  it('is empty after its only record was removed', () => {
    const rrset = rrsetOf('a');
    rrset.remove('a' as Octets);
    expect(rrset.size).toBe(0);
  });

  it('does not mind the removal of a record that is not there', () => {
    const lone = rrsetOf('a');
    lone.remove('x' as Octets);
    expect(recordsOf(lone)).toEqual(['a']);
    const pair = rrsetOf('a', 'b');
    pair.remove('x' as Octets);
    expect(recordsOf(pair)).toEqual(['a', 'b']);
  });

  it('finds the right record among many, in any order of removals', () => {
    const records = Array.from({ length: 10_000 }, (_, index) => `record ${index}`);
    const rrset = rrsetOf(...records, 'record 5000');
    for (let index = 0; index < 10_000; index += 2) rrset.remove(`record ${(index * 7) % 10_000}` as Octets);
    expect(recordsOf(rrset)).toEqual([...records.filter((_, index) => index % 2 === 1), 'record 5000'].sort());
  });

  it('finds records after they were rewritten', () => {
    const rrset = rrsetOf(...Array.from({ length: 100 }, (_, index) => String(index)));
    rrset.rewrite((rdata) => `new ${rdata}` as Octets);
    rrset.remove('new 42' as Octets);
    expect(rrset.size).toBe(99);
    expect(recordsOf(rrset)).not.toContain('new 42');
  });
});
