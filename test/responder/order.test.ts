import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RRType } from '../../src/wire/codes.ts';
import { type Octets, uint16At, uint16Octets } from '../../src/wire/octets.ts';
import { StoredRRset } from '../../src/zone/rrset.ts';
import { RecordOrder } from '../../src/responder/order.ts';
import { DnsServer, load } from '../support/dns.ts';

/** SRV records [priority, weight], told apart by their port. */
function srvOf(records: readonly (readonly [number, number])[]): StoredRRset {
  const rdata = records.map(
    ([priority, weight], port) => (uint16Octets(priority) + uint16Octets(weight) + uint16Octets(port) + '\0') as Octets,
  );
  const rrset = new StoredRRset(RRType.SRV, 5, rdata[0]!);
  for (const each of rdata.slice(1)) rrset.add(each);
  return rrset;
}

function indexesOf(order: RecordOrder): number[] {
  return [...order.indexes.subarray(0, order.length)];
}

const records = fc.array(fc.tuple(fc.nat({ max: 3 }), fc.constantFrom(0, 1, 10, 65_535)), {
  minLength: 1,
  maxLength: 300,
});

describe('the order of records', () => {
  it('has each record once, priorities rising, weight 0 after all others of its priority', () => {
    fc.assert(
      fc.property(
        records,
        fc.nat({ max: 100 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (list, turn, phase) => {
          const rrset = srvOf(list);
          const order = new RecordOrder();
          order.spread(rrset, turn, phase);
          const indexes = indexesOf(order);
          expect([...indexes].sort((a, b) => a - b)).toEqual(list.map((_, index) => index));
          const rank = (index: number): number =>
            uint16At(rrset.rdata(index), 0) * 2 + (uint16At(rrset.rdata(index), 2) === 0 ? 1 : 0);
          expect(indexes.map(rank)).toEqual(indexes.map(rank).sort((a, b) => a - b));
        },
      ),
    );
  });

  it('puts each SRV record first as often as its weight says', () => {
    const weights = [50, 30, 15, 5, 0];
    const rrset = srvOf(weights.map((weight) => [1, weight]));
    const order = new RecordOrder();
    const firsts = weights.map(() => 0);
    for (let turn = 0; turn < 1000; turn++) {
      order.spread(rrset, turn, 0.25);
      firsts[order.indexes[0]!]! += 1;
    }
    weights.forEach((weight, index) => expect(Math.abs(firsts[index]! / 10 - weight)).toBeLessThan(1));
  });

  it('puts the records behind the first by weight as well', () => {
    const rrset = srvOf([
      [1, 90],
      [1, 9],
      [1, 1],
    ]);
    const order = new RecordOrder();
    let secondIsNext = 0;
    for (let turn = 0; turn < 2000; turn++) {
      order.spread(rrset, turn, 0.5);
      if (order.indexes[0] === 0 && order.indexes[1] === 1) secondIsNext += 1;
    }
    expect(secondIsNext / 1800).toBeGreaterThan(0.85);
    expect(secondIsNext / 1800).toBeLessThan(0.95);
  });

  it('turns addresses round, each first in its turn', () => {
    const rrset = new StoredRRset(RRType.A, 5, 'a' as Octets);
    for (const rdata of ['b', 'c']) rrset.add(rdata as Octets);
    const order = new RecordOrder();
    const orders = [0, 1, 2, 3].map((turn) => {
      order.spread(rrset, turn, 0);
      return indexesOf(order);
    });
    expect(orders).toEqual([
      [0, 1, 2],
      [1, 2, 0],
      [2, 0, 1],
      [0, 1, 2],
    ]);
  });

  it('draws the same records for the same seed, wherever they stand', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 4, maxLength: 4, unit: 'binary-ascii' }), {
          minLength: 2,
          maxLength: 200,
        }),
        fc.nat(),
        fc.nat({ max: 60 }),
        (list, seed, count) => {
          const drawn = (rdata: readonly string[]): string[] => {
            const rrset = new StoredRRset(RRType.A, 5, rdata[0] as Octets);
            for (const each of rdata.slice(1)) rrset.add(each as Octets);
            const order = new RecordOrder();
            order.draw(rrset, seed, 65_535, count);
            return indexesOf(order).map((index) => rrset.rdata(index));
          };
          expect(drawn(list)).toHaveLength(Math.min(count, list.length));
          expect(drawn([...list].reverse())).toEqual(drawn(list));
        },
      ),
    );
  });

  it('spreads clients that take the first record', () => {
    const zone = load(
      'z.',
      `
@         20 SOA ns host 1 2 3 4 10
@         20 NS  ns
web       5  A   10.0.0.1
web       5  A   10.0.0.2
web       5  A   10.0.0.3
_web._tcp 5  SRV 1 3 80 a
_web._tcp 5  SRV 1 1 80 b`,
    );
    const server = new DnsServer([zone]);
    const firsts = (qname: string, qtype: string): Map<string, number> => {
      const counts = new Map<string, number>();
      for (let i = 0; i < 3000; i++) {
        const { rdata } = server.ask(qname, qtype).answers[0]!;
        counts.set(rdata, (counts.get(rdata) ?? 0) + 1);
      }
      return counts;
    };
    expect([...firsts('web.z.', 'A').values()].every((count) => count > 900 && count < 1100)).toBe(true);
    const [heavy = 0] = [...firsts('_web._tcp.z.', 'SRV')]
      .filter(([rdata]) => uint16At(rdata as Octets, 2) === 3)
      .map(([, count]) => count);
    expect(heavy / 3000).toBeGreaterThan(0.7);
    expect(heavy / 3000).toBeLessThan(0.8);
  });
});
