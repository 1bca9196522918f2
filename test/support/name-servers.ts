/** Name servers of others on free ports of 127.0.0.1: NSD and Knot with zones of the test, unbound in front of a server. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { query } from './query.ts';
import { findTool } from './tools.ts';

export interface NameServer {
  /** `127.0.0.1:PORT`. */
  readonly server: string;
  readonly port: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Zones in presentation form by apex, without the final dot. */
export type ZoneTexts = Readonly<Record<string, string>>;

/** Starts NSD, authoritative for `zones`. */
export function startNsd(zones: ZoneTexts): Promise<NameServer> {
  return startProgram('nsd', Object.keys(zones)[0]!, (directory, port) => ({
    ...filesOf(zones),
    'nsd.conf': `server:
  ip-address: 127.0.0.1@${port}
  username: ""
  chroot: ""
  zonesdir: "${directory}"
  database: ""
  zonelistfile: "${directory}/zone.list"
  xfrdfile: "${directory}/xfrd.state"
  xfrdir: "${directory}"
  pidfile: "${directory}/nsd.pid"
  logfile: "${directory}/nsd.log"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
${Object.keys(zones).map((apex) => `zone:\n  name: "${apex}"\n  zonefile: "${apex}.zone"\n`).join('')}`,
  }));
}

/** Starts Knot, authoritative for `zones`. */
export function startKnot(zones: ZoneTexts): Promise<NameServer> {
  return startProgram('knotd', Object.keys(zones)[0]!, (directory, port) => ({
    ...filesOf(zones),
    'knotd.conf': `server:
  listen: 127.0.0.1@${port}
  rundir: "${directory}"
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "${directory}"
template:
  - id: default
    storage: "${directory}"
    zonefile-sync: -1
    journal-content: none
    semantic-checks: off
zone:
${Object.keys(zones).map((apex) => `  - domain: "${apex}."\n    file: "${apex}.zone"\n`).join('')}`,
  }));
}

function filesOf(zones: ZoneTexts): Record<string, string> {
  return Object.fromEntries(Object.entries(zones).map(([apex, text]) => [`${apex}.zone`, text]));
}

/** Starts unbound, which resolves names below `apex` through the server at `stubPort` and caches its answers. */
export function startUnbound(apex: string, stubPort: number): Promise<NameServer> {
  return startProgram('unbound', apex, (directory, port) => ({
    'unbound.conf': `server:
  interface: 127.0.0.1@${port}
  username: ""
  chroot: ""
  directory: "${directory}"
  pidfile: "${directory}/unbound.pid"
  use-syslog: no
  do-not-query-localhost: no
  local-zone: "${apex.split('.').at(-1)!}." nodefault
  domain-insecure: "${apex}"
  module-config: "iterator"
remote-control:
  control-enable: no
stub-zone:
  name: "${apex}"
  stub-addr: 127.0.0.1@${stubPort}
`,
  }));
}

type Program = 'nsd' | 'knotd' | 'unbound';
type Files = (directory: string, port: number) => Readonly<Record<string, string>>;

const portsToTry = 5;

/** Starts a program on a free port; on another one when somebody else was faster to take it. */
async function startProgram(program: Program, apex: string, files: Files): Promise<NameServer> {
  let printed = '';
  for (let tried = 0; tried < portsToTry; tried++) {
    const started = await startOn(await freePort(), program, apex, files);
    if (typeof started !== 'string') return started;
    printed += started;
  }
  throw new Error(`${program} did not start:\n${printed}`);
}

/** The running server, or what the program printed when it did not answer. */
async function startOn(port: number, program: Program, apex: string, files: Files): Promise<NameServer | string> {
  const directory = await mkdtemp(join(tmpdir(), `signpost-${program}-`));
  for (const [name, text] of Object.entries(files(directory, port))) await writeFile(join(directory, name), text);
  const inForeground = program === 'knotd' ? [] : ['-d'];
  const args = [...inForeground, '-c', join(directory, `${program}.conf`)];
  const child = spawn(findTool(program)!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let printed = '';
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  for (let tries = 0; tries < 200 && child.exitCode === null; tries++) {
    const answered = query(port, apex, 'SOA').then((reply) => reply.rcode, () => null);
    const rcode = await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 50))]);
    if (rcode === 'NOERROR') return { server: `127.0.0.1:${port}`, port, [Symbol.asyncDispose]: stop };
  }
  const log = await readFile(join(directory, `${program}.log`), 'utf8').catch(() => '');
  await stop();
  return `port ${port}, exit code ${String(child.exitCode)}\n${printed}${log}`;
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
