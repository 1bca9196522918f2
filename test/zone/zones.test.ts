import { describe, expect, it } from 'vitest';
import { RRType } from '../../src/wire/codes.ts';
import { FoldedName } from '../../src/wire/folded-name.ts';
import { parseName, printName } from '../../src/wire/name.ts';
import { Zones } from '../../src/zone/zones.ts';
import { load, update } from '../support/dns.ts';

const soa = '@ 300 SOA ns1 host 1 3600 600 86400 60';

function zonesOf(...apexes: string[]): Zones {
  const zones = new Zones();
  for (const apex of apexes) zones.apply(load(apex, soa), 0);
  return zones;
}

function apexFor(zones: Zones, name: string, type: number = RRType.A): string | null {
  const zone = zones.find(FoldedName.of(parseName(name)), type);
  return zone === null ? null : printName(zone.apex);
}

describe('the zone that answers', () => {
  it.each([
    ['www.example.', 'example.'],
    ['example.', 'example.'],
    ['a.b.example.', 'b.example.'],
    ['b.example.', 'b.example.'],
    ['x.a.b.example.', 'b.example.'],
    ['org.', null],
    ['bexample.', null],
    ['.', null],
  ])('for %s is %s', (name, apex) => {
    expect(apexFor(zonesOf('example.', 'b.example.', 'deep.in.nothing.test.'), name)).toBe(apex);
  });

  it('is the parent for DS at an apex, where there is one (RFC 4035 3.1.4.1)', () => {
    expect(apexFor(zonesOf('example.', 'b.example.'), 'b.example.', RRType.DS)).toBe('example.');
    expect(apexFor(zonesOf('example.', 'b.example.'), 'x.b.example.', RRType.DS)).toBe('b.example.');
    expect(apexFor(zonesOf('b.example.'), 'b.example.', RRType.DS)).toBe('b.example.');
  });

  it('may be the root', () => {
    expect(apexFor(zonesOf('.', 'example.'), 'org.')).toBe('.');
    expect(apexFor(zonesOf('.', 'example.'), 'www.example.')).toBe('example.');
  });

  it('is none after the zone was dropped', () => {
    const zones = zonesOf('example.');
    zones.apply({ ...update('example.', 2, '', ''), kind: 'drop' }, 0);
    expect(apexFor(zones, 'www.example.')).toBeNull();
  });

  it('is loaded before it is updated', () => {
    expect(() => new Zones().apply(update('example.', 2, '', ''), 0)).toThrow(RangeError);
  });
});
