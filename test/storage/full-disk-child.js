// Fills a small file system with a store until it is full, makes room again, and looks whether anything is amiss.
// Argument: a directory on a file system of 48 MiB. Prints what came of it as JSON.
import { rmSync, writeFileSync } from 'node:fs';
import { LevelStore } from '../../dist/storage/level.js';

const directory = process.argv[2];
let now = 0;
const clock = { now: () => now, wall: () => Date.now(), after: () => ({ cancel: () => undefined }) };

const instance = (id) => ({
  zone: 'svc.internal',
  service: 'web',
  id,
  generation: 0,
  revision: 0,
  addresses: ['10.0.0.7'],
  port: 1,
  protocol: 'tcp',
  ports: [],
  priority: 10,
  weight: 100,
  tags: [],
  meta: { noise: Array.from({ length: 30 }, () => Math.random().toString(36).slice(2)).join('') },
  ttl: null,
  lease: null,
  declared: 'passing',
  checks: [],
  observed: null,
  late: false,
  registeredFrom: null,
  registeredBy: null,
  registeredAt: 0,
});

async function idsIn(store) {
  const ids = new Set();
  for await (const { instances } of (await store.snapshot()).batches) for (const { id } of instances) ids.add(id);
  return ids;
}

// LevelDB needs as much room to begin again as its log has taken: up to 16 MiB.
const ballast = `${directory}/ballast`;
writeFileSync(ballast, Buffer.alloc(24 << 20));
const store = await LevelStore.open(`${directory}/store`, clock);
const acknowledged = new Set();
const report = { full: null, fullAgain: null };
for (let next = 0; report.full === null; next += 20) {
  const ids = Array.from({ length: 20 }, (_, index) => `i${next + index}`);
  try {
    await store.commit(ids.map((id) => ({ kind: 'instance', value: instance(id), expect: 0 })));
    for (const id of ids) acknowledged.add(id);
  } catch (error) {
    report.full = error.code;
  }
}
const afterwards = await idsIn(store);
now += 2000;
report.fullAgain = await store.commit([{ kind: 'revision' }]).then(() => null, (error) => error.code);
rmSync(ballast);
now += 2000;
await store.commit([{ kind: 'instance', value: instance('last'), expect: 0 }]);
acknowledged.add('last');
await store.close();
const reopened = await idsIn(await LevelStore.open(`${directory}/store`, clock));
console.log(JSON.stringify({
  ...report,
  acknowledged: acknowledged.size,
  readable: afterwards.size,
  lost: [...acknowledged].filter((id) => !reopened.has(id)).length,
  unacknowledged: [...reopened].filter((id) => !acknowledged.has(id)).length,
}));
