// A process that writes to a registry on LevelDB until it is killed. It writes into a journal what it finds, what it
// begins and what was acknowledged, a JSON array a line. Arguments: directory, journal, number of writers, number of
// this round.
import { openSync, writeSync } from 'node:fs';
import { Registry } from '../../dist/registry/registry.js';
import { defaultRegistrySettings } from '../../dist/registry/settings.js';
import { systemClock } from '../../dist/runtime/clock.js';
import { openLog } from '../../dist/runtime/log.js';
import { LevelStore } from '../../dist/storage/level.js';

const [directory, journal] = process.argv.slice(2);
const [writers, round] = process.argv.slice(4).map(Number);
const output = openSync(journal, 'w');
const zone = 'svc.internal';
const caller = { address: '10.0.0.9', tokenId: null, mayTakeOver: false };
const say = (...words) => writeSync(output, `${JSON.stringify(words)}\n`);

const store = await LevelStore.open(directory, systemClock);
const registry = await Registry.open({
  store, clock: systemClock, log: openLog('silent', false), zones: [zone], settings: defaultRegistrySettings,
  publish: () => Promise.resolve({ heldFor: 0 }),
});
for (const { id, generation, weight } of registry.instances(zone, 'web')) say('found', id, generation, weight);
say('open', registry.revision);
console.log('open');

await Promise.all(Array.from({ length: writers }, async (_, writer) => {
  for (let turn = 0; ; turn++) {
    const ref = { zone, service: 'web', id: `w${writer}-${turn % 5}` };
    const weight = (round * 1000 + turn) % 65536;
    const known = registry.instance(zone, 'web', ref.id);
    if (known !== null && turn % 3 === 0) {
      say('removing', ref.id);
      await registry.deregister(ref, null, caller);
      say('removed', ref.id, registry.revision);
    } else {
      say('writing', ref.id, weight);
      const written = known === null || turn % 2 === 0
        ? (await registry.register({ ...ref, address: '10.0.0.7', port: 1, permanent: true, weight }, caller)).instance
        : await registry.patch(ref, { weight }, caller);
      say('written', ref.id, written.generation, weight, written.revision);
    }
  }
}));
