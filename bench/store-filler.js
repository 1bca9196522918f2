/** A data directory that holds many instances, made without a server: a backup is written and restored. */
import { createHash } from 'node:crypto';
import { createWriteStream, rmSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { systemClock } from '../dist/runtime/clock.js';
import { restore } from '../dist/storage/migrate.js';

/** Names that the benches agree on. */
export const serviceName = (index) => `service-${index}`;
export const instanceId = (index) => `i${index}`;

/**
 * Fills `data` with `instances` instances, spread evenly over `services` services.
 * @param {string} data
 * @param {{ instances: number, services: number }} size
 */
export async function fillStore(data, { instances, services }) {
  const file = `${data}.backup`;
  const stream = createWriteStream(file);
  const hash = createHash('sha256');
  const write = async (text) => {
    hash.update(text);
    if (!stream.write(text)) await once(stream, 'drain');
  };
  await write(`${JSON.stringify({ backup: 'signpost', format: 1, revision: instances })}\n`);
  for (let index = 0; index < instances; index++) {
    await write(`${JSON.stringify({ instance: instanceAt(index, services) })}\n`);
  }
  stream.end(`${JSON.stringify({ entries: instances, sha256: hash.digest('hex') })}\n`);
  await once(stream, 'close');
  await restore(file, { kind: 'level', directory: join(data, 'store') }, systemClock);
  rmSync(file);
}

function instanceAt(index, services) {
  return {
    v: 1,
    zone: 'svc.internal',
    service: serviceName(index % services),
    id: instanceId(index),
    generation: index + 1,
    revision: index + 1,
    addresses: [`10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`],
    port: 8080,
    protocol: 'tcp',
    ports: [],
    priority: 10,
    weight: 100,
    tags: [],
    meta: {},
    ttl: null,
    lease: 3600,
    declared: 'passing',
    checks: [],
    observed: null,
    registeredFrom: '127.0.0.1',
    registeredBy: null,
    registeredAt: 1_767_225_600_000,
  };
}
