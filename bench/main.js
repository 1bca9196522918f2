/**
 * npm run bench -- [PART...] [--workloads a,b] [--contestants a,b] [--rounds N] [--seconds N] [--instances N]
 * Runs the named parts, or all of them. Every figure is a ratio within one run; absolute times say little on a machine
 * that others use too.
 */
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { benchChanges } from './changes.js';
import { benchCluster } from './cluster.js';
import { benchPicks } from './picks.js';
import { benchRegistry } from './registry.js';
import { benchScale } from './scale.js';
import { benchUdp } from './udp.js';

const parts = {
  udp: benchUdp, changes: benchChanges, registry: benchRegistry, cluster: benchCluster, scale: benchScale, picks: benchPicks,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    workloads: { type: 'string' },
    contestants: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    instances: { type: 'string' },
  },
});
const options = {
  ...(values.workloads && { workloads: values.workloads.split(',') }),
  ...(values.contestants && { contestants: values.contestants.split(',') }),
  ...(values.rounds && { rounds: Number(values.rounds) }),
  ...(values.seconds && { seconds: Number(values.seconds) }),
  ...(values.instances && { instances: Number(values.instances) }),
};

console.log(`${cpus().length} x ${cpus()[0].model}, Linux ${release()}, Node ${process.version}`);
for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) {
  if (!parts[name]) throw new Error(`part: found ${name}, wanted one of ${Object.keys(parts).join(', ')}`);
  await parts[name](options);
}
