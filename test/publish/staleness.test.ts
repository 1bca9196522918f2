import { expect, test } from 'vitest';
import { watchStaleness } from '../../src/publish/staleness.ts';
import { openLog } from '../../src/runtime/log.ts';
import { FakeClock } from '../support/clock.ts';

test('answers say that they may be stale beyond the bound, until what is registered is known again', async () => {
  const clock = new FakeClock();
  const said: boolean[] = [];
  let stale = 0;
  const publisher = {
    setStale: (isStale: boolean) => {
      said.push(isStale);
      return Promise.resolve({ heldFor: 0 });
    },
  };
  const end = watchStaleness({ clock, log: openLog('silent', false), publisher, stale: () => stale, bound: 30 });
  await clock.pass(5000);
  stale = 30;
  await clock.pass(5000);
  expect(said).toEqual([]);
  stale = 31;
  await clock.pass(5000);
  expect(said).toEqual([true]);
  stale = 0;
  await clock.pass(5000);
  expect(said).toEqual([true, false]);
  end();
  stale = 31;
  await clock.pass(5000);
  expect(said).toEqual([true, false]);
  expect(clock.pending).toBe(0);
});
