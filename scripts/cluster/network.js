/**
 * The roads from the servers to etcd, which can be broken. Where the system lets us, etcd lives in a network namespace
 * of its own and the road of a server is a pair of virtual interfaces: cut, it swallows packets in both directions and
 * tells nobody, as a real partition does. Another kind of road leads through proxies on loopback, which can also be
 * slow, or keep connections open on which nothing comes any more. Nothing here leaves the machine.
 */
import { execFile } from 'node:child_process';
import { createServer, connect } from 'node:net';
import { promisify } from 'node:util';

/** Ports of the members inside the namespace, or where there is none, offsets from the first port. */
const firstPort = 2379;

/**
 * @typedef {object} Road
 * @property {readonly string[]} endpoints where the members of etcd are, seen from its server
 * @property {boolean} isReal packets are lost in the kernel, not in a proxy
 * @property {() => Promise<void>} cut from now on nothing comes through, and nobody is told
 * @property {() => Promise<void>} heal new connections work again; those that a proxy held stay dead
 * @property {(milliseconds: number) => void} delay makes all that comes through so much later in each direction; 0: not
 */

/**
 * @typedef {object} Network
 * @property {readonly string[]} command what a member of etcd is to be started with
 * @property {string} host where a member listens for clients
 * @property {readonly number[]} ports
 * @property {readonly number[]} peerPorts
 * @property {readonly string[]} endpoints where the members are, seen from the campaign itself; never cut
 * @property {readonly Road[]} roads one a server; the last leads through proxies
 * @property {() => Promise<void>} close
 */

/**
 * @param {{ members: number, servers: number, ports: readonly number[] }} size `ports`: free on loopback, two a member
 * @returns {Promise<Network>}
 */
export async function openNetwork({ members, servers, ports }) {
  const namespace = await openNamespace(servers);
  const inside = namespace !== null;
  const memberPorts = Array.from({ length: members }, (_, index) => (inside ? firstPort + index : ports[index]));
  const peerPorts = Array.from({ length: members }, (_, index) => (inside ? 12_380 + index : ports[members + index]));
  const endpointsAt = (host) => memberPorts.map((port) => `http://${host}:${port}`);
  const endpoints = endpointsAt(inside ? namespace.links[servers - 1].there : '127.0.0.1');
  const roads = await Promise.all(
    Array.from({ length: servers }, (_, index) => {
      if (!inside || index === servers - 1) return openProxies(endpoints);
      const link = namespace.links[index];
      return { endpoints: endpointsAt(link.there), isReal: true, cut: link.cut, heal: link.heal, delay: noDelay };
    }),
  );
  return {
    command: inside ? ['ip', 'netns', 'exec', namespace.name, 'etcd'] : ['etcd'],
    host: inside ? '0.0.0.0' : '127.0.0.1',
    ports: memberPorts,
    peerPorts,
    endpoints,
    roads,
    async close() {
      for (const road of roads) road.close?.();
      await namespace?.close();
    },
  };
}

function noDelay() {
  throw new Error('only a road through proxies can be slow');
}

/** A namespace with `links` ways into it; null, said aloud, where the system makes none for us. */
async function openNamespace(count) {
  const tag = Math.floor(Math.random() * 0x10000);
  const name = `signpost-${tag.toString(16)}`;
  try {
    await ip('netns', 'add', name);
  } catch (error) {
    console.warn(`no network namespaces here, partitions are made by proxies: ${String(error.message).trim()}`);
    return null;
  }
  const close = () => ip('netns', 'del', name);
  try {
    await ip('-n', name, 'link', 'set', 'lo', 'up');
    const links = [];
    for (let index = 0; index < count; index++) links.push(await openLink(name, tag, index));
    return { name, links, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Addresses are of the networks that RFC 2544 keeps for tests of devices. */
async function openLink(namespace, tag, index) {
  const network = `198.${18 + (tag >> 15)}.${(tag >> 7) & 0xff}`;
  const first = ((tag & 0x3) << 6) + 8 * index;
  const [here, there] = [`${network}.${first + 1}`, `${network}.${first + 2}`];
  const [hereName, thereName] = [`sp${tag.toString(16)}a${index}`, `sp${tag.toString(16)}b${index}`];
  const mac = (side) => `02:00:00:00:0${index}:0${side}`;
  await ip(
    'link', 'add', hereName, 'address', mac(1), 'type', 'veth',
    'peer', 'name', thereName, 'address', mac(2), 'netns', namespace,
  );
  await ip('addr', 'add', `${here}/30`, 'dev', hereName);
  await ip('-n', namespace, 'addr', 'add', `${there}/30`, 'dev', thereName);
  await ip('link', 'set', hereName, 'up');
  await ip('-n', namespace, 'link', 'set', thereName, 'up');
  /** Frames to an address that nobody has are dropped, and neither end sees its carrier go or a neighbour missing. */
  const point = async (to, from) => {
    const neighbour = ['neigh', 'replace'];
    await Promise.all([
      ip(...neighbour, there, 'lladdr', to, 'dev', hereName, 'nud', 'permanent'),
      ip('-n', namespace, ...neighbour, here, 'lladdr', from, 'dev', thereName, 'nud', 'permanent'),
    ]);
  };
  const heal = () => point(mac(2), mac(1));
  await heal();
  return { there, heal, cut: () => point('02:00:00:00:ff:ff', '02:00:00:00:ff:ff') };
}

async function ip(...args) {
  await promisify(execFile)('ip', args);
}

/** A road of one proxy a member. */
async function openProxies(endpoints) {
  const proxies = await Promise.all(endpoints.map((endpoint) => openProxy(new URL(endpoint))));
  const all = (act) => proxies.forEach(act);
  return {
    endpoints: proxies.map(({ port }) => `http://127.0.0.1:${port}`),
    isReal: false,
    cut: async () => all((proxy) => proxy.hold()),
    heal: async () => all((proxy) => proxy.pass()),
    delay: (milliseconds) => all((proxy) => proxy.delay(milliseconds)),
    close: () => all((proxy) => proxy.close()),
  };
}

/** Listens on loopback and hands on to `target`. A connection that was held once stays open and dead. */
async function openProxy(target) {
  const state = { isHolding: false, delay: 0 };
  const pairs = new Set();
  const server = createServer((client) => {
    const pair = { client, target: null, isDead: state.isHolding };
    pairs.add(pair);
    client.on('error', () => undefined);
    client.on('close', () => {
      pairs.delete(pair);
      pair.target?.destroy();
    });
    // A connection that is held is accepted, as by a host whose process hangs.
    if (pair.isDead) return void client.resume();
    pair.target = connect(Number(target.port), target.hostname);
    pair.target.on('error', () => undefined);
    pair.target.on('close', () => pair.isDead || client.destroy());
    carry(client, pair.target, pair, state);
    carry(pair.target, client, pair, state);
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: server.address().port,
    hold() {
      state.isHolding = true;
      for (const pair of pairs) pair.isDead = true;
    },
    pass: () => (state.isHolding = false),
    delay: (milliseconds) => (state.delay = milliseconds),
    close() {
      server.close();
      for (const { client } of pairs) client.destroy();
    },
  };
}

/** Hands on what comes, late and in order; what comes for a dead connection gets lost. */
function carry(from, to, pair, state) {
  let due = 0;
  from.on('data', (chunk) => {
    due = Math.max(due, performance.now() + state.delay);
    const hand = () => pair.isDead || to.destroyed || to.write(chunk);
    if (due <= performance.now()) hand();
    else setTimeout(hand, due - performance.now());
  });
}
