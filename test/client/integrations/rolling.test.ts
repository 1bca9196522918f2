/** The short form of scripts/rolling.js; the figures of the long one are in docs/client.md. */
import { describe, expect, it } from 'vitest';
import { killOne, replaceAll } from '../../../scripts/rolling.js';

describe('under load', () => {
  it('a rolling replacement of all instances fails no request through fetch, http agent and grpc-js', async () => {
    const { requests, failures } = await replaceAll({ instances: 2, rate: 200 });
    expect(failures).toEqual([]);
    for (const count of Object.values(requests)) expect(count).toBeGreaterThan(20);
  }, 60_000);

  it('one of three instances killed fails no run with one retry', async () => {
    const { calls, failures } = await killOne({ calls: 1500, rate: 500 });
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThanOrEqual(1500);
  }, 60_000);
});
