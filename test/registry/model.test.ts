import { expect, test } from 'vitest';
import { MemoryStore } from '../../src/storage/memory.ts';
import { runModel, type Tally } from './model.ts';

/** `scripts/soak.js` sets how many days of fake time pass. */
const soakDays = process.env['SIGNPOST_SOAK_DAYS'];

function run(seed: number, days: number): Promise<Tally> {
  const store = new MemoryStore();
  return runModel({
    seed,
    owners: 40,
    duration: days * 86_400_000,
    openStore: () => Promise.resolve(store),
    kill: () => Promise.resolve(),
  });
}

test('no live instance is lost and no dead one is kept, whatever happens', async () => {
  const tally = await run(1, 0.25);
  expect(Math.min(...Object.values(tally))).toBeGreaterThan(0);
});

test('nor with other chances than last time', { timeout: 7_200_000 }, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const tally = await run(seed, Number(soakDays ?? 0.05));
  if (soakDays !== undefined) console.log(JSON.stringify({ seed, days: soakDays, ...tally }));
  expect(tally.registrations).toBeGreaterThan(0);
});
