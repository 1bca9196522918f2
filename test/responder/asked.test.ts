import { expect, it } from 'vitest';
import { AskedLately } from '../../src/responder/asked.ts';

it('remembers questions until many others were asked', () => {
  const asked = new AskedLately();
  expect([asked.again(7), asked.again(7), asked.again(8), asked.again(7)]).toEqual([false, true, false, true]);
  for (let hash = 1000; hash < 1_000_000; hash++) asked.again(hash);
  expect(asked.again(7)).toBe(false);
});
