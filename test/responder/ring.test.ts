/** The ring of records behind the answer cache. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ring, ownWords } from '../../src/responder/ring.ts';

interface Standing {
  readonly position: number;
  readonly length: number;
}

describe('a ring of records', () => {
  // The larger one comes round before its end when it is mostly holes.
  it.each([
    ['small', 1],
    ['large', 2000],
  ])('that is %s never gives memory of a record that has not ended', (_, scale) => {
    const act = fc.oneof(
      fc.record({ add: fc.integer({ min: ownWords, max: 40 }) }),
      fc.record({ remove: fc.nat({ max: 20 }) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 300 }), fc.integer({ min: 320, max: 700 }), (acts, size) => {
        const words = scale * size;
        const standing = new Map<number, Standing>();
        const ring = new Ring(4 * words, (owner) => {
          expect(standing.delete(owner)).toBe(true);
        });
        let owner = 0;
        for (const step of acts) {
          if ('add' in step) {
            const length = scale * step.add;
            const position = ring.add(length, ++owner);
            expect(position).toBeGreaterThan(0);
            const end = position + length;
            expect(end).toBeLessThanOrEqual(words);
            for (const other of standing.values()) {
              expect(end <= other.position || position >= other.position + other.length).toBe(true);
            }
            standing.set(owner, { position, length });
            ring.words.fill(-1, position + ownWords, end);
          } else {
            const [leaving] = [...standing].slice(step.remove);
            if (leaving === undefined) continue;
            ring.remove(leaving[1].position);
            standing.delete(leaving[0]);
          }
        }
      }),
    );
  });

  it('keeps a record until the ring has come round', () => {
    const ended: number[] = [];
    const ring = new Ring(4 * 101, (owner) => ended.push(owner));
    for (let owner = 0; owner < 10; owner++) ring.add(10, owner);
    expect(ended).toEqual([]);
    ring.add(12, 10);
    expect(ended).toEqual([0, 1]);
  });

  it('comes round early where it is mostly holes', () => {
    const ring = new Ring(4 * 2 ** 21, () => undefined);
    let furthest = 0;
    for (let owner = 0; owner < 20_000; owner++) {
      const position = ring.add(200, owner);
      furthest = Math.max(furthest, position);
      ring.remove(position);
    }
    expect(furthest).toBeLessThan(2 ** 18);
  });

  it.each([[0], [4], [4 * 79]])('of %i octets has no place for a record longer than an eighth of it', (octets) => {
    expect(new Ring(octets, () => undefined).add(10, 0)).toBe(0);
  });
});
