/** What many instances cost: time from start to serving, memory, and whether one more registration gets dearer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadHttp, quantileOf } from './http-load.js';
import { residentOctets } from './process.js';
import { serve } from './signpost.js';
import { fillStore, serviceName } from './store-filler.js';

const sizes = [
  { instances: 1_000, services: 50 },
  { instances: 100_000, services: 5_000 },
  { instances: 1_000_000, services: 50_000 },
];

/**
 * Prints a row for each size up to `instances`.
 * @param {{ instances?: number }} options
 */
export async function benchScale({ instances: most = 1_000_000 }) {
  const rows = [];
  for (const size of sizes.filter(({ instances }) => instances <= most)) rows.push(await measure(size));
  console.log('\nstart, memory, and one more registration, alone and at 16 clients');
  console.table(rows);
  console.log('one more instance in a service that has 10, 1,000 and 10,000');
  console.table(await measureLargeServices());
}

async function measure(size) {
  const directory = mkdtempSync(join(tmpdir(), 'signpost-bench-'));
  const data = join(directory, 'data');
  await fillStore(data, size);
  const server = await serve(data);
  try {
    const resident = residentOctets(server.pid);
    const alone = await registerInto(server.url, 1, 1000, (index) => serviceName(index % size.services));
    const together = await registerInto(server.url, 16, 10_000, (index) => serviceName(index % size.services));
    return {
      instances: size.instances,
      services: size.services,
      'start s': round(server.startSeconds),
      'resident MiB': Math.round(resident / 2 ** 20),
      'p50 ms': round(quantileOf(alone.times, 0.5)),
      'registrations/s': Math.round(together.perSecond),
    };
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true });
  }
}

async function measureLargeServices() {
  const directory = mkdtempSync(join(tmpdir(), 'signpost-bench-'));
  const server = await serve(join(directory, 'data'));
  const rows = [];
  try {
    let held = 0;
    for (const instances of [10, 1000, 10_000]) {
      await registerInto(server.url, 64, instances - held, () => 'large', held);
      held = instances;
      const { times } = await registerInto(server.url, 1, 1000, () => 'large', 1_000_000);
      rows.push({ 'in the service': instances, 'p50 ms': round(quantileOf(times, 0.5)), 'p99 ms': round(quantileOf(times, 0.99)) });
    }
    return rows;
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true });
  }
}

/** Registers new instances (or, from the same `first`, changes them: the port moves on). */
let port = 1024;
function registerInto(url, clients, total, serviceOf, first = 2_000_000) {
  port++;
  return loadHttp(url, {
    clients,
    total,
    request: (index) => ({
      method: 'PUT',
      path: `/v1/services/${serviceOf(index)}/instances/n${first + index}`,
      body: { address: '10.1.2.3', port, lease: 3600 },
    }),
  });
}

function round(value) {
  return Math.round(value * 100) / 100;
}
