import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Octets } from '../../src/wire/octets.ts';
import type { Mark, ZoneChange } from '../../src/zone/change.ts';
import { decodeZoneChange, encodeZoneChange } from '../../src/zone/encode.ts';

const octets = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 300 })
  .map((codes) => String.fromCharCode(...codes) as Octets);
const shared = fc.oneof(fc.constantFrom('' as Octets, '\x01a\0' as Octets), octets);
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const rrset = fc.record({
  owner: shared,
  type: fc.integer({ min: 0, max: 0xffff }),
  ttl: uint32,
  rdata: fc.array(shared, { maxLength: 5 }),
});
const mark: fc.Arbitrary<Mark | null> = fc.option(
  fc.record(
    {
      existence: fc.constantFrom('exists' as const, 'denied' as const),
      limit: uint32,
      extendedError: fc.record({
        infoCode: fc.integer({ min: 0, max: 0xffff }),
        text: fc.string({ unit: 'grapheme' }),
      }),
    },
    { requiredKeys: [] },
  ),
);
const change: fc.Arbitrary<ZoneChange> = fc.record({
  zone: shared,
  serial: uint32,
  stale: fc.boolean(),
  kind: fc.constantFrom('load', 'update', 'drop'),
  removed: fc.array(rrset),
  added: fc.array(rrset),
  marks: fc.array(fc.record({ owner: shared, mark })),
});

describe('a ZoneChange as octets', () => {
  it('decodes to what it was', () => {
    fc.assert(
      fc.property(change, (value) => {
        expect(decodeZoneChange(encodeZoneChange(value))).toEqual(value);
      }),
    );
  });

  it('holds each string once', () => {
    const rdata = 'x'.repeat(200) as Octets;
    const rrsets = Array.from({ length: 100 }, () => ({ owner: rdata, type: 16, ttl: 5, rdata: [rdata, rdata] }));
    const value: ZoneChange = { zone: rdata, serial: 1, kind: 'load', removed: [], added: rrsets, marks: [] };
    expect(encodeZoneChange(value).length).toBeLessThan(1000);
  });

  it('is refused when it was cut off', () => {
    const value: ZoneChange = { zone: 'zone' as Octets, serial: 1, kind: 'load', removed: [], added: [], marks: [] };
    expect(() => decodeZoneChange(encodeZoneChange(value).subarray(0, 3))).toThrow(RangeError);
  });
});
