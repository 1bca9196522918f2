/** etcd as a process under measurement: a cluster of members on loopback, each with its own data on the same disk. */
import { join } from 'node:path';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { startServer } from './process.js';

/**
 * @param {number} size how many members
 * @param {string} directory for their data
 * @returns {Promise<{ pid: number, url: string, stop: () => Promise<void> }[]>}
 */
export async function startMembers(size, directory) {
  const ports = await freePorts(2 * size);
  const members = Array.from({ length: size }, (_, index) => ({
    name: `m${index}`,
    url: `http://127.0.0.1:${ports[2 * index]}`,
    peer: `http://127.0.0.1:${ports[2 * index + 1]}`,
  }));
  const cluster = members.map(({ name, peer }) => `${name}=${peer}`).join(',');
  return Promise.all(
    members.map(async ({ name, url, peer }) => {
      const args = [
        '--name', name, '--data-dir', join(directory, name), '--listen-client-urls', url, '--advertise-client-urls', url,
        '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', cluster,
        '--logger', 'zap', '--log-level', 'error',
      ];
      const server = await startServer({ command: 'etcd', args, probe: () => untilHealthy(url), pinned: false });
      return { ...server, url };
    }),
  );
}

async function untilHealthy(url) {
  for (;;) {
    const reply = await fetch(`${url}/health`).catch(() => null);
    if (reply !== null && (await reply.json()).health === 'true') return;
    await pause(50);
  }
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
