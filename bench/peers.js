/** Name servers of others, each answering the workload's zone from a zone file on one core. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ask } from './ask.js';
import { startServer } from './process.js';
import { apex, instances, zoneText } from './workload.js';

/** By name: the program, its configuration for a directory and a port, and its arguments for the configuration's path. */
const peers = {
  nsd: {
    program: 'nsd',
    config: (directory, port) => `
server:
  ip-address: 127.0.0.1
  port: ${port}
  server-count: 1
  username: ""
  zonesdir: "${directory}"
  database: ""
  pidfile: "${directory}/pid"
  xfrdfile: "${directory}/xfrd.state"
  zonelistfile: "${directory}/zone.list"
  logfile: "${directory}/log"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: ${apex}
  zonefile: zone
`,
    args: (config) => ['-d', '-c', config],
  },
  knot: {
    program: 'knotd',
    config: (directory, port) => `
server:
  listen: 127.0.0.1@${port}
  rundir: ${directory}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: ${directory}
template:
  - id: default
    storage: ${directory}
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: ${apex}
    file: zone
`,
    args: (config) => ['-c', config],
  },
  powerdns: {
    program: 'pdns_server',
    config: (directory, port) => {
      writeFileSync(join(directory, 'named.conf'), `zone "${apex}" { type master; file "${directory}/zone"; };\n`);
      return `
launch=bind
bind-config=${directory}/named.conf
local-address=127.0.0.1
local-port=${port}
socket-dir=${directory}
receiver-threads=1
daemon=no
guardian=no
disable-syslog=yes
`;
    },
    // It wants the configuration's directory, and its file to be called pdns.conf.
    configName: 'pdns.conf',
    args: (config) => [`--config-dir=${config.slice(0, config.lastIndexOf('/'))}`],
  },
  bind: {
    program: 'named',
    config: (directory, port) => `
options {
  directory "${directory}";
  pid-file "${directory}/pid";
  session-keyfile "${directory}/session.key";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  recursion no;
  dnssec-validation no;
};
controls { };
zone "${apex}" { type primary; file "zone"; };
`,
    args: (config) => ['-f', '-n', '1', '-c', config],
  },
  coredns: {
    program: 'coredns',
    config: (directory, port) => `
${apex}:${port} {
  bind 127.0.0.1
  file ${directory}/zone
}
`,
    args: (config) => ['-conf', config],
  },
  dnsmasq: {
    program: 'dnsmasq',
    config: (directory, port) => `
port=${port}
listen-address=127.0.0.1
bind-interfaces
user=root
pid-file=${directory}/pid
no-resolv
no-hosts
local=/${apex.slice(0, -1)}/
local-ttl=5
host-record=ns.${apex.slice(0, -1)},127.0.0.1
${dnsmasqRecords()}
`,
    args: (config) => ['--keep-in-foreground', `--conf-file=${config}`],
  },
};

/** The peers as contestants. */
export const peerContestants = Object.fromEntries(
  Object.entries(peers).map(([name, peer]) => [name, { needs: [peer.program], start: (directory) => startPeer(peer, directory) }]),
);

async function startPeer({ program, config, configName = 'config', args }, directory) {
  const port = await freePort();
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'zone'), zoneText());
  const path = join(directory, configName);
  writeFileSync(path, config(directory, port));
  return { port, ...(await startServer({ command: program, args: args(path), probe: () => answering(port) })) };
}

function dnsmasqRecords() {
  const zone = apex.slice(0, -1);
  return [...instances()]
    .map(({ service, id, address, port }) => `host-record=${service}.${zone},${address}
host-record=${id}.${service}.${zone},${address}
srv-host=_${service}._tcp.${zone},${id}.${service}.${zone},${port},10,100`)
    .join('\n');
}

async function answering(port) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const reply = await ask(port, `ns.${apex} A`, 100);
    if (reply?.answers === 1) return;
  }
  throw new Error(`port ${port}: no answer for ns.${apex} A within 10 s`);
}

/** A port that is free for UDP and TCP at this moment. */
export async function freePort() {
  for (;;) {
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address();
    const udp = createSocket('udp4');
    udp.bind(port, '127.0.0.1');
    const isFree = await once(udp, 'listening').then(() => true, () => false);
    udp.close();
    tcp.close();
    if (isFree) return port;
  }
}
