/**
 * Breaks a registry of three servers on three members of etcd, under load, and says what was lost. After `npm run
 * build`; wants etcd in the PATH, and for real partitions the right to make network namespaces.
 *
 *     node scripts/cluster.js 50             kills servers, members and leaders, in 50 rounds
 *     node scripts/cluster.js 24 --faults    makes all faults in turn
 *     node scripts/cluster.js --outage 600   stops all of etcd for 10 minutes
 */
import { parseArgs } from 'node:util';
import { runCampaign } from './cluster/campaign.js';
import { faults, kills, outage } from './cluster/faults.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { faults: { type: 'boolean', default: false }, outage: { type: 'string' } },
});
const rounds = positionals[0] === undefined ? {} : { rounds: Number(positionals[0]) };
const started = performance.now();
const result = await runCampaign(
  values.outage === undefined
    ? { faults: values.faults ? faults : kills, ...rounds, log: console.log }
    : { faults: [outage], seconds: Number(values.outage), log: console.log },
);
console.log(JSON.stringify({ ...result, seconds: Math.round((performance.now() - started) / 1000) }, null, 2));
process.exitCode = result.faults.length === 0 ? 0 : 1;
