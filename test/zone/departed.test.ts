/** What a zone remembers of names that have left it. */
import { describe, expect, it } from 'vitest';
import { parseName } from '../../src/wire/name.ts';
import { Departed } from '../../src/zone/departed.ts';

const a = parseName('a.z.');
const b = parseName('b.z.');

describe('a name that has left', () => {
  it('is known until it comes back', () => {
    const departed = new Departed(0);
    departed.leave(a, 50, 20);
    expect([departed.comeBack(b), departed.comeBack(a), departed.comeBack(a)]).toEqual([0, 50, 0]);
  });

  it('of which no answer is held any more is nothing to know', () => {
    const departed = new Departed(0);
    departed.leave(a, 20, 20);
    expect([departed.latest(), departed.comeBack(a)]).toEqual([0, 0]);
  });

  it('is held no shorter than what is older than the zone', () => {
    const departed = new Departed(40);
    departed.leave(a, 30, 20);
    departed.leave(b, 50, 20);
    expect(departed.latest()).toBe(50);
    expect([departed.comeBack(a), departed.comeBack(b), departed.latest()]).toEqual([40, 50, 40]);
  });

  it('shares its time with all where too many have left', () => {
    const departed = new Departed(0);
    departed.leave(a, 50, 20);
    for (let i = 0; i < 9_999; i++) departed.leave(parseName(`n${i}.z.`), 30, 20);
    expect(departed.comeBack(b)).toBe(0);
    departed.leave(parseName('last.z.'), 30, 20);
    expect([departed.comeBack(b), departed.comeBack(a)]).toEqual([50, 50]);
  });

  it('makes room for others once no answer of it is held', () => {
    const departed = new Departed(0);
    for (let i = 0; i < 10_000; i++) departed.leave(parseName(`n${i}.z.`), 30, 20);
    departed.leave(a, 90, 40);
    departed.leave(b, 95, 40);
    // All that is left of the others is a time that has passed.
    expect(departed.comeBack(parseName('n9.z.'))).toBe(30);
    expect(departed.comeBack(a)).toBe(90);
  });
});
