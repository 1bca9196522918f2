/** Name servers of others on free ports of 127.0.0.1: NSD with a zone of the test, unbound in front of a server. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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

/** Starts NSD, authoritative for `apex` (without the final dot) with the records of `zone` in presentation form. */
export function startNsd(apex: string, zone: string): Promise<NameServer> {
  return startProgram('nsd', apex, (directory, port) => ({
    'zone.db': zone,
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
remote-control:
  control-enable: no
zone:
  name: "${apex}"
  zonefile: "zone.db"
`,
  }));
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

async function startProgram(
  program: 'nsd' | 'unbound',
  apex: string,
  files: (directory: string, port: number) => Readonly<Record<string, string>>,
): Promise<NameServer> {
  const directory = await mkdtemp(join(tmpdir(), `signpost-${program}-`));
  const port = await freePort();
  for (const [name, text] of Object.entries(files(directory, port))) await writeFile(join(directory, name), text);
  const child = spawn(findTool(program)!, ['-d', '-c', join(directory, `${program}.conf`)], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let printed = '';
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) break;
    const answered = query(port, apex, 'SOA').then((reply) => reply.rcode, () => null);
    const rcode = await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 50))]);
    if (rcode === 'NOERROR') return { server: `127.0.0.1:${port}`, port, [Symbol.asyncDispose]: stop };
  }
  await stop();
  throw new Error(`${program} did not start:\n${printed}`);
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
