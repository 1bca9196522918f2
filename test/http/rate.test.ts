import { describe, expect, it } from 'vitest';
import { RateLimit } from '../../src/http/rate.ts';
import { FakeClock } from '../support/clock.ts';

describe('a rate limit', () => {
  it('lets a burst pass, then one at a time', async () => {
    const clock = new FakeClock();
    const rate = new RateLimit(2, 4, clock);
    expect([1, 2, 3, 4, 5].map(() => rate.take('a'))).toEqual([0, 0, 0, 0, 1]);
    await clock.pass(500);
    expect([rate.take('a'), rate.take('a')]).toEqual([0, 1]);
    await clock.pass(60_000);
    expect([1, 2, 3, 4, 5].map(() => rate.take('a'))).toEqual([0, 0, 0, 0, 1]);
  });

  it('says how long to wait when a second is too short', () => {
    const rate = new RateLimit(0.1, 1, new FakeClock());
    expect([rate.take('a'), rate.take('a')]).toEqual([0, 10]);
  });

  it('counts each key by itself, and forgets those unused for long', () => {
    const rate = new RateLimit(1, 1, new FakeClock());
    expect([rate.take('a'), rate.take('a'), rate.take('b')]).toEqual([0, 1, 0]);
    for (let n = 0; n < 20_000; n++) rate.take(`key ${n}`);
    expect(rate.take('a')).toBe(0);
  });

  it('of 0 is none', () => {
    const rate = new RateLimit(0, 0, new FakeClock());
    expect(Array.from({ length: 1000 }, () => rate.take('a')).every((wait) => wait === 0)).toBe(true);
  });
});
