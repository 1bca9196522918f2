/**
 * Registers so many instances a second, each when its time has come whether the last is acknowledged or not, and prints
 * how long the acknowledgements took as JSON: an acknowledged instance is answered by DNS, so this is also the time to
 * be visible. Every registration gives a known instance another weight than it had: the answers that are asked for change.
 *
 * usage: node registrar.js URL PER_SECOND SECONDS
 */
import { Agent, request } from 'node:http';
import { quantile } from './rounds.js';
import { instances } from './workload.js';

const [url, perSecond, seconds] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 128 });
const known = [...instances()];
// Another one in each run, and by turns: the same registration again would change nothing.
const firstWeight = Math.floor(Date.now() / 1000) % 60_000;
const took = [];
const underWay = new Set();

const begin = performance.now();
const count = Number(perSecond) * Number(seconds);
for (let number = 0; number < count; ) {
  const due = Math.min(count, ((performance.now() - begin) / 1000) * Number(perSecond));
  for (; number < due; number++) {
    const registering = register(known[(number * 7919) % known.length], 1 + firstWeight + Math.floor(number / known.length)).finally(() => underWay.delete(registering));
    underWay.add(registering);
  }
  await new Promise((resolve) => setTimeout(resolve, 1));
}
await Promise.all(underWay);
agent.destroy();
const milliseconds = (q) => Number(quantile(took, q).toFixed(2));
console.log(JSON.stringify({ registrations: took.length, p50: milliseconds(0.5), p99: milliseconds(0.99), longest: milliseconds(1) }));

function register({ service, id, address, port }, weight) {
  const sent = performance.now();
  const body = JSON.stringify({ address, port, weight, permanent: true });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const call = request(`${url}/v1/services/${service}/instances/${id}`, { method: 'PUT', agent, headers }, (reply) => {
      reply.resume();
      reply.on('end', () => {
        if (reply.statusCode !== 200) reject(new Error(`${service}/${id}: found ${reply.statusCode}, wanted 200`));
        took.push(performance.now() - sent);
        resolve();
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
