/**
 * Everything that a campaign does to a registry. Each fault is made, lasts, and is healed; what it keeps from etcd it
 * sets aside, so that nobody expects news of it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { bringBack, setAside, startServer, stopServer } from './servers.js';

/**
 * @typedef {object} World
 * @property {import('./etcd.js').Etcd} etcd
 * @property {readonly import('./servers.js').Server[]} servers
 *
 * @typedef {object} Fault
 * @property {string} name
 * @property {number} seconds how long it lasts at least, to show what it does; leases are 5 s
 * @property {(world: World, round: number) => Promise<unknown>} make resolves with what `heal` needs to know
 * @property {(world: World, made: any) => Promise<unknown>} heal
 */

/** @type {Fault} */
const killServer = {
  name: 'a server is killed',
  seconds: 1,
  async make({ servers }, round) {
    const server = servers[round % servers.length];
    await stopServer(server, 'SIGKILL');
    return server;
  },
  heal: (_, server) => startServer(server),
};

/** @type {Fault} */
const killMember = {
  name: 'a member of etcd is killed',
  seconds: 1,
  async make({ etcd }, round) {
    const member = etcd.members[round % etcd.members.length];
    await etcd.stop(member);
    return member;
  },
  heal: ({ etcd }, member) => etcd.start(member),
};

/** @type {Fault} */
const killOneOfEach = {
  name: 'a server and a member of etcd are killed',
  seconds: 1,
  make: (world, round) => Promise.all([killServer.make(world, round), killMember.make(world, round + 1)]),
  heal: (world, [server, member]) =>
    Promise.all([killServer.heal(world, server), killMember.heal(world, member)]),
};

/** @type {Fault} */
const killLeader = {
  name: 'the leader of etcd is killed',
  seconds: 2,
  async make({ etcd }) {
    const leader = await etcd.leader();
    await etcd.stop(leader);
    return leader;
  },
  heal: ({ etcd }, leader) => etcd.start(leader),
};

/** @type {Fault} */
const hangLeader = {
  name: 'the leader of etcd hangs',
  seconds: 5,
  async make({ etcd }) {
    const leader = await etcd.leader();
    etcd.hang(leader);
    return leader;
  },
  heal: async ({ etcd }, leader) => etcd.wake(leader),
};

/** @type {Fault} */
const partition = {
  name: 'a server is cut off from etcd',
  seconds: 7,
  make: ({ servers }, round) => cutOff(servers[round % (servers.length - 1)]),
  heal: reconnect,
};

/** The last road leads through proxies, whose connections stay open and dead. @type {Fault} */
const halfOpen = {
  name: 'connections of a server to etcd are half open',
  seconds: 7,
  make: ({ servers }) => cutOff(servers.at(-1)),
  heal: reconnect,
};

/** @type {Fault} */
const latency = {
  name: 'etcd answers a server 2 s late',
  seconds: 7,
  async make({ servers }) {
    const server = servers.at(-1);
    setAside([server]);
    server.road.delay(1000);
    return server;
  },
  async heal(_, server) {
    server.road.delay(0);
    bringBack([server]);
  },
};

/** @type {Fault} */
const compaction = {
  name: 'etcd is compacted',
  seconds: 0,
  make: ({ etcd }) => etcd.compact(),
  heal: async () => undefined,
};

/** What the server has missed then cannot be told any more. @type {Fault} */
const compactionMeanwhile = {
  name: 'etcd is compacted while a server is cut off',
  seconds: 3,
  async make(world, round) {
    const server = await partition.make(world, round);
    await pause(2000);
    await world.etcd.compact();
    return server;
  },
  heal: reconnect,
};

/** @type {Fault} */
const rollMembers = {
  name: 'all members of etcd are restarted, one by one',
  seconds: 0,
  async make({ etcd }) {
    for (const member of etcd.members) {
      await etcd.stop(member, 'SIGTERM');
      await etcd.start(member);
    }
  },
  heal: async () => undefined,
};

/** @type {Fault} */
const rollServers = {
  name: 'all servers are restarted, one by one',
  seconds: 0,
  async make({ servers }) {
    for (const server of servers) {
      await stopServer(server, 'SIGTERM');
      await startServer(server);
    }
  },
  heal: async () => undefined,
};

/** @type {Fault} */
export const outage = {
  name: 'all of etcd is stopped',
  seconds: 10,
  async make({ etcd, servers }) {
    setAside(servers);
    await Promise.all(etcd.members.map((member) => etcd.stop(member)));
  },
  async heal({ etcd, servers }) {
    await etcd.startAll();
    bringBack(servers);
  },
};

export const kills = [killServer, killMember, killOneOfEach, killLeader];

export const faults = [
  killServer, killMember, killLeader, killOneOfEach, hangLeader, partition, halfOpen, latency, compaction,
  compactionMeanwhile, rollMembers, rollServers, outage,
];

async function cutOff(server) {
  setAside([server]);
  await server.road.cut();
  return server;
}

async function reconnect(_, server) {
  await server.road.heal();
  bringBack([server]);
}
