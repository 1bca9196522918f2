/**
 * The DNS worker: the file that runs in a thread of its own. It has zones, a responder and sockets, knows nothing of
 * registrations or files, and hears from the main thread only what stands in `protocol.ts`. Whatever goes wrong here ends
 * the thread; the main thread starts another one with the same zones.
 */
import { pino } from 'pino';
import { parentPort, workerData } from 'node:worker_threads';
import { Counters } from '../responder/counters.ts';
import { createResponder } from '../responder/responder.ts';
import { systemClock as clock } from '../runtime/clock.ts';
import type { Endpoint } from '../runtime/endpoint.ts';
import { Agenda } from '../transport/agenda.ts';
import { TransportCounters } from '../transport/counters.ts';
import { listenTogether } from '../transport/listener.ts';
import { openUdp } from '../transport/open-udp.ts';
import { TcpTransport } from '../transport/tcp.ts';
import { decodeChanges, type FromWorker, type ToWorker, type WorkerSettings } from './protocol.ts';

/** Milliseconds of work on messages before queries have their turn. */
const longestTurn = 1;
/** Milliseconds until changes are compiled, since more of the same are likely to come, and how long that may take at once. */
const compileDelay = 250;
const longestCompilation = 0.25;

const settings = workerData as WorkerSettings;
const main = parentPort!;
const tell = (message: FromWorker): void => main.postMessage(message);

const log = pino({ level: settings.logLevel, base: null, timestamp: false }, { write: (line) => tell({ kind: 'log', line }) });
const agenda = new Agenda();
const counters = new TransportCounters(settings.counters.transport);
const responder = createResponder(settings.responder, { clock, log, counters: new Counters(settings.counters.responder) });
const { udp, whyPortable = null } = await openUdp(settings.io, { responder, counters, clock, agenda, shared: settings.shared });
const tcp = settings.tcp && new TcpTransport({ responder, counters, clock, agenda, limits: settings.tcp });

const waiting: ToWorker[] = [];
let isCompiling = false;
main.on('message', (message: ToWorker) => {
  if (waiting.push(message) === 1) agenda.putOff(work);
});
tell({ kind: 'ready', io: udp.io, whyPortable });

/** Does what the main thread has said, in its order, and lets queries between. */
function work(): void {
  const end = clock.now() + longestTurn;
  do {
    follow(waiting.shift()!);
  } while (waiting.length > 0 && clock.now() < end);
  if (waiting.length > 0) agenda.putOff(work);
}

/** Compiles changes, a little at a time and never while there are more to apply. */
function compile(): void {
  if (waiting.length > 0) compileLater();
  else if (!responder.compile(longestCompilation)) agenda.putOff(compile);
  else isCompiling = false;
}

function compileLater(): void {
  clock.after(compileDelay, compile);
}

function follow(message: ToWorker): void {
  switch (message.kind) {
    case 'changes':
      tell({ kind: 'applied', heldFor: apply(message.changes) });
      break;
    case 'serve':
      void serve(message.endpoints);
      break;
    case 'close':
      void close(message.grace);
      break;
  }
}

function apply(changes: Uint8Array): number {
  let longest = 0;
  for (const change of decodeChanges(changes)) longest = Math.max(longest, responder.apply(change).heldFor);
  if (!isCompiling) compileLater();
  isCompiling = true;
  return longest;
}

async function serve(wanted: readonly Endpoint[]): Promise<void> {
  try {
    const endpoints: Endpoint[] = [];
    for (const endpoint of wanted) endpoints.push(await listenTogether(tcp ? [tcp, udp] : [udp], endpoint));
    tell({ kind: 'serving', endpoints, descriptors: udp.descriptors });
  } catch (error) {
    await udp.close();
    await tcp?.close(0);
    const { code = '', message } = error as NodeJS.ErrnoException;
    tell({ kind: 'failed', code, message });
  }
}

async function close(grace: number): Promise<void> {
  await tcp?.close(grace);
  tell({ kind: 'closing' });
  await udp.close();
  main.close();
}
