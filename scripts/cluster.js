/**
 * Breaks a registry of three servers on three members of etcd, under load, and says what was lost. After `npm run
 * build`; wants etcd in the PATH, and for real partitions the right to make network namespaces.
 *
 *     node scripts/cluster.js 50                        kills servers, members and leaders, in 50 rounds
 *     node scripts/cluster.js 36 --faults               makes all faults in turn
 *     node scripts/cluster.js 5 --faults 'is cut off'   makes those with such a name
 *     node scripts/cluster.js --outage 600              stops all of etcd for 10 minutes
 *
 * --seconds says how long each fault lasts; each has its own time otherwise.
 */
import { parseArgs } from 'node:util';
import { runCampaign } from './cluster/campaign.js';
import { faults, kills, outage } from './cluster/faults.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { faults: { type: 'boolean', default: false }, outage: { type: 'string' }, seconds: { type: 'string' } },
});
const named = positionals.find((word) => Number.isNaN(Number(word))) ?? '';
const rounds = positionals.find((word) => word !== named);
const seconds = values.outage ?? values.seconds;
const chosen = values.outage !== undefined ? [outage] : values.faults ? faults : kills;
const started = performance.now();
const result = await runCampaign({
  faults: chosen.filter(({ name }) => name.includes(named)),
  ...(rounds !== undefined && { rounds: Number(rounds) }),
  ...(seconds !== undefined && { seconds: Number(seconds) }),
  log: console.log,
  interrupted: new Promise((_, reject) => process.once('SIGINT', () => reject(new Error('interrupted')))),
});
console.log(JSON.stringify({ ...result, seconds: Math.round((performance.now() - started) / 1000) }, null, 2));
process.exitCode = result.faults.length === 0 ? 0 : 1;
