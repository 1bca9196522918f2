/** The short form of scripts/cluster.js: each fault once, under load; its figures are in docs/campaigns.md. */
import { describe, expect, test } from 'vitest';
import { runCampaign } from '../../scripts/cluster/campaign.js';
import { faults, outage } from '../../scripts/cluster/faults.js';

describe.concurrent('three servers on three members of etcd, under load', () => {
  test('through every fault no acknowledged write is lost, no answer is wrong, no live instance leaves', async () => {
    const result = await runCampaign({ faults: faults.filter((fault) => fault !== outage) });
    expect(result).toMatchObject({ faults: [] });
    expect(result.answers).toBeGreaterThan(500);
    expect(result.registered).toBeGreaterThan(50);
  }, 240_000);

  test('a minute without etcd changes no answer, and all is as before when it is back', async () => {
    const result = await runCampaign({ faults: [outage], seconds: 60 });
    expect(result).toMatchObject({ faults: [] });
    expect(result.answers).toBeGreaterThan(1000);
  }, 180_000);
});
