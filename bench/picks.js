/**
 * Picks a second on one core: a service of 100 targets, each policy, every pick done at once. `node bench/picks.js`, or
 * `npm run bench -- picks`. The aim is 1,000,000 a second.
 */
import { pathToFileURL } from 'node:url';
import { createResolver } from '../dist/client/index.js';

const targets = 100;
const picks = 1_000_000;
const rounds = 5;

/** Prints the median and the range of each policy. */
export async function benchPicks() {
  console.log(`picks a second, ${targets} targets, median of ${rounds} rounds of ${picks}`);
  for (const policy of ['weighted', 'p2c', 'roundRobin', 'sticky']) {
    const resolver = createResolver({ ask: answer });
    const service = resolver.service('_web._tcp.example.test', { policy });
    await service.ready();
    const figures = Array.from({ length: rounds }, () => measure(service)).sort((left, right) => left - right);
    const shown = figures.map((figure) => `${(figure / 1e6).toFixed(2)} M`);
    console.log(`${policy.padEnd(10)} ${shown[rounds >> 1]}   (${shown[0]} to ${shown[rounds - 1]})`);
    resolver.close();
  }
}

function measure(service) {
  const start = performance.now();
  for (let pick = 0; pick < picks; pick++) service.pick(withKey).done();
  return picks / ((performance.now() - start) / 1000);
}

const withKey = { key: 'user 42' };

async function answer(owner) {
  const numbers = Array.from({ length: targets }, (_, index) => index);
  return {
    rcode: 'NOERROR',
    authoritative: true,
    negativeTtlMs: null,
    answers: numbers.map((index) => ({
      type: 'SRV',
      owner,
      ttlMs: 60_000,
      priority: 10,
      weight: 50 + index,
      port: 80,
      target: `h${index}.test`,
    })),
    additionals: numbers.map((index) => ({
      type: 'A',
      owner: `h${index}.test`,
      ttlMs: 60_000,
      address: `10.0.0.${index}`,
    })),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await benchPicks();
