/**
 * What is asked, and the zone it is asked of: 1,000 services with 3 instances each, the same names and records for every
 * contestant. Signpost gets them as registrations over HTTP, the peers as a zone file.
 */
import { writeFileSync } from 'node:fs';

export const apex = 'svc.internal.';
/** As many as fit into the processor's caches together; what more cost is seen with others. */
export const services = Number(process.env.SERVICES ?? 1000);
export const instancesPerService = 3;

/** Every instance: its service, its id and its address. */
export function* instances() {
  for (let service = 0; service < services; service++) {
    for (let instance = 0; instance < instancesPerService; instance++) {
      const address = `10.${service >> 8}.${service & 255}.${instance + 1}`;
      yield { service: `svc${service}`, id: `i${instance}`, address, port: 8080 };
    }
  }
}

/** The zone as a master file, with the records that Signpost publishes for these registrations. */
export function zoneText() {
  const lines = [
    `$ORIGIN ${apex}`,
    '@ 5 SOA ns hostmaster 1 3600 600 86400 5',
    '@ 5 NS ns',
    'ns 5 A 127.0.0.1',
  ];
  for (const { service, id, address, port } of instances()) {
    lines.push(`_${service}._tcp 5 SRV 10 100 ${port} ${id}.${service}`);
    lines.push(`${service} 5 A ${address}`, `${service} 5 SRV 10 100 ${port} ${id}.${service}`);
    lines.push(`${id}.${service} 30 A ${address}`, `${id}.${service} 30 SRV 10 100 ${port} ${id}.${service}`);
  }
  return `${lines.join('\n')}\n`;
}

/**
 * The kinds of load. `questions` are lines of the load generator's file, asked round and round; `options` go to the
 * generator; `expect` is what every reply must show; `contestants` are those that a workload is for, otherwise all.
 */
export const workloads = {
  hits: { questions: () => hits(60_000), options: [], expect: { rcode: 0, answers: instancesPerService } },
  'hits-edns': { questions: () => hits(60_000), options: ['-e'], expect: { rcode: 0, answers: instancesPerService } },
  'hits-cookie': {
    questions: () => hits(60_000),
    options: ['-e', '-E', '10:0102030405060708'],
    expect: { rcode: 0, answers: instancesPerService },
  },
  misses: {
    questions: () => hits(60_000),
    options: [],
    expect: { rcode: 0, answers: instancesPerService },
    contestants: ['floor', 'node-floor', 'signpost-uncached', 'nsd', 'knot', 'powerdns', 'bind', 'coredns'],
  },
  'misses-address': {
    questions: () => hits(60_000).map((line, n) => `i${n % 3}.svc${/svc(\d+)/.exec(line)[1]}.${apex} A`),
    options: [],
    expect: { rcode: 0, answers: 1 },
    contestants: ['floor', 'node-floor', 'signpost-uncached', 'nsd', 'knot', 'powerdns', 'bind', 'coredns'],
  },
  // No name twice before all were asked: with SERVICES=20000 no cache of the processor holds them.
  distinct: {
    questions: () => shuffled(numbered(services, (n) => [`_svc${n}._tcp.${apex} SRV`, `svc${n}.${apex} A`, `svc${n}.${apex} SRV`]).flat()),
    options: [],
    expect: { rcode: 0, answers: instancesPerService },
  },
  // A million names that do not exist: no cache of answers holds them.
  nxdomain: {
    questions: () => numbered(1_000_000, (n) => `absent${n}.svc${n % services}.${apex} A`),
    options: [],
    expect: { rcode: 3, answers: 0 },
  },
};

/** Writes a workload's questions where the load generator reads them. */
export function writeQuestions(workload, path) {
  writeFileSync(path, `${workload.questions().join('\n')}\n`);
}

/** Two in three questions ask for SRV, in an order without pattern that is the same in every run. */
function hits(count) {
  const random = randomNumbers();
  return numbered(count, (n) => {
    const service = random() % services;
    return n % 3 < 2 ? `_svc${service}._tcp.${apex} SRV` : `svc${service}.${apex} A`;
  });
}

/** The list in an order without pattern that is the same in every run. */
function shuffled(list) {
  const random = randomNumbers();
  for (let i = list.length - 1; i > 0; i--) {
    const other = random() % (i + 1);
    [list[i], list[other]] = [list[other], list[i]];
  }
  return list;
}

/** Numbers of 24 bits. */
function randomNumbers() {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 8;
  };
}

function numbered(count, line) {
  return Array.from({ length: count }, (_, n) => line(n));
}
