/** Clients that are slow on purpose, as many as there are connections: the others must not notice. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { openLog } from '../../src/runtime/log.ts';
import { defaultTcpLimits } from '../../src/transport/tcp-limits.ts';
import type * as Source from '../../src/workers/workers.ts';
import { baseSettings, load } from '../support/dns.ts';
import { encodeQuery, frame, query } from '../support/query.ts';

const built = new URL('../../dist/workers/workers.js', import.meta.url).href;
const { DnsWorkers } = (await import(built)) as typeof Source;

const dripping = 1024;
const neverReading = 64;
/** Connections of one address; no more are allowed. */
const perAddress = 32;

const large = Array.from({ length: 240 }, (_, number) => `large 60 TXT "${String(number).padStart(250, '.')}"`);
const zone = load('test.', ['@ 60 SOA ns hostmaster 1 3600 600 86400 60', '@ 60 NS ns', 'ns 60 A 127.0.0.1', ...large].join('\n'));

it.each(['batched', 'portable'] as const)(
  '1,024 clients that drip octets and 64 that never read keep nobody from an answer, %s',
  async (io) => {
    const workers = new DnsWorkers(
      { listen: [{ host: '127.0.0.1', port: 0 }], workers: 1, io, tcp: defaultTcpLimits, responder: baseSettings },
      { clock: systemClock, log: openLog('silent', false), replay: () => [zone] },
    );
    onTestFinished(() => workers.close());
    await workers.start(false);
    const port = Number(workers.addresses[0]!.split(':').at(-1));

    const drip = await openClients(dripping, port, '127.0.1');
    const octets = frame(encodeQuery('ns.test', 'A'));
    let sent = 0;
    const dripOnce = (): void => {
      for (const socket of drip) socket.write(octets.subarray(sent, sent + 1));
      sent += 1;
    };
    dripOnce();
    const timer = setInterval(dripOnce, 1000);
    onTestFinished(() => {
      clearInterval(timer);
    });
    for (const socket of await openClients(neverReading, port, '127.0.2')) {
      socket.pause();
      socket.write(Buffer.concat(Array.from({ length: 50 }, () => frame(encodeQuery('large.test', 'TXT')))));
    }

    for (let round = 0; round < 20; round++) {
      for (const transport of ['udp', 'tcp'] as const) {
        expect((await query(port, 'ns.test', 'A', { transport })).answers).toHaveLength(1);
      }
    }
    expect(workers.counters().transport.connectionsOpened).toBeGreaterThanOrEqual(dripping + neverReading + 20);
  },
);

/** Opens connections from as many addresses, `NETWORK.1` and so on, as they need. */
async function openClients(count: number, port: number, network: string): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, (_, number) =>
    connect({ port, host: '127.0.0.1', localAddress: `${network}.${1 + Math.floor(number / perAddress)}` }),
  );
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (const socket of sockets) socket.on('error', () => undefined); // the server may close it at any time
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return sockets;
}
