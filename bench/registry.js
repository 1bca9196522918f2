/** What registering costs: durable registrations a second, renewals in batches, and the time until an answer has them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { openAsker } from './asker.js';
import { loadHttp, quantileOf } from './http-load.js';
import { serve } from './signpost.js';

/** Prints registrations a second at 1, 16 and 128 clients, renewals a second, and register-to-visible times. */
export async function benchRegistry() {
  const directory = mkdtempSync(join(tmpdir(), 'signpost-bench-'));
  const server = await serve(join(directory, 'data'));
  try {
    await benchRegistrations(server);
    await benchRenewals(server);
    await benchVisibility(server);
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true });
  }
}

async function benchRegistrations({ url }) {
  const rows = [];
  for (const [clients, total] of [[1, 3000], [16, 20_000], [128, 60_000]]) {
    const { perSecond, times } = await loadHttp(url, {
      clients,
      total,
      request: (index) => registration(`c${clients}-${index % 500}`, `i${index}`),
    });
    rows.push({ clients, 'registrations/s': Math.round(perSecond), 'p50 ms': round(quantileOf(times, 0.5)), 'p99 ms': round(quantileOf(times, 0.99)) });
  }
  console.log('\ndurable registrations, each acknowledged when it is on disk and in DNS');
  console.table(rows);
}

/** Batches of 1,000 leases of the instances that the largest round of registrations made. */
async function benchRenewals({ url }) {
  const leases = [];
  for (let service = 0; leases.length < 50_000; service++) {
    const reply = await fetch(`${url}/v1/services/c128-${service}/instances`);
    for (const { service: name, id, generation } of (await reply.json()).instances) leases.push({ service: name, id, generation });
  }
  const { perSecond } = await loadHttp(url, {
    clients: 4,
    total: 500,
    request: (index) => {
      const start = (index * 1000) % 50_000;
      return { method: 'POST', path: '/v1/renew', body: { leases: leases.slice(start, start + 1000) } };
    },
  });
  console.log(`\nrenewals in batches of 1,000: ${Math.round(perSecond * 1000)} a second`);
}

/**
 * Registers 1,000 times a second, and from the moment of sending asks until the answer is there. The first seconds only
 * warm both sides up.
 */
async function benchVisibility({ url, port }) {
  const [total, warmUp] = [12_000, 4_000];
  const times = [];
  const asker = await openAsker(port);
  const pool = new Pool(url, { connections: 64 });
  const visible = async (index) => {
    const time = await asker.untilAnswered(`_v${index}._tcp.svc.internal SRV`);
    if (index >= warmUp) times.push(time);
  };
  const register = async (index) => {
    const { method, path, body } = registration(`v${index}`, 'one');
    const headers = { 'content-type': 'application/json' };
    const reply = await pool.request({ method, path, body: JSON.stringify(body), headers });
    await reply.body.dump();
  };
  const pending = [];
  const start = performance.now();
  for (let index = 0; index < total; index++) {
    const due = start + index;
    if (performance.now() < due) await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
    pending.push(visible(index), register(index));
  }
  await Promise.all(pending);
  asker.close();
  await pool.close();
  times.sort((a, b) => a - b);
  console.log(`\nregister-to-visible at 1,000/s: p50 ${round(quantileOf(times, 0.5))} ms, p99 ${round(quantileOf(times, 0.99))} ms, from before the request is sent`);
}

function registration(service, id) {
  return { method: 'PUT', path: `/v1/services/${service}/instances/${id}`, body: { address: '10.1.2.3', port: 8080, lease: 3600 } };
}

function round(milliseconds) {
  return Math.round(milliseconds * 100) / 100;
}
