/** Processes of a campaign, and waiting. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Resolves when the process has ended. */
export async function ended(child) {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** Waits until `isSo` gives true; what it throws means no. Rejects after `patience` milliseconds. */
export async function until(isSo, patience = 60_000) {
  for (const end = Date.now() + patience; ; await pause(20)) {
    if (await Promise.resolve().then(isSo).catch(() => false)) return;
    if (Date.now() > end) throw new Error(`not so after ${patience} ms: ${isSo}`);
  }
}

/** Free on loopback, for UDP and TCP, and none that the system gives to connections, so that they stay free. */
export async function freePorts(count) {
  const found = new Set();
  while (found.size < count) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

async function isFree(port) {
  const [tcp, udp] = [createServer(), createSocket('udp4')];
  try {
    tcp.listen(port, '127.0.0.1');
    udp.bind(port, '127.0.0.1');
    await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
    return true;
  } catch {
    return false;
  } finally {
    tcp.close();
    udp.close();
  }
}
