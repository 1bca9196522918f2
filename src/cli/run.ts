/** `signpost run`: runs any program, registered for as long as it is well. The engine is `agent/run.ts`. */
import { once } from 'node:events';
import { type AddressInfo, createServer, isIP } from 'node:net';
import { constants } from 'node:os';
import type { RegisterOptions } from '../agent/options.ts';
import { type Probe, readProbe, runProbe } from '../agent/probe.ts';
import { startProgram } from '../agent/program.ts';
import { register } from '../agent/register.ts';
import type { Registration } from '../agent/registration.ts';
import { type ProgramOptions, runProgram, type World } from '../agent/run.ts';
import { systemClock } from '../runtime/clock.ts';
import { defineCommand, type Option, readNumber, readWholeNumber, type Terminal, type Values } from './command.ts';
import { UnreachableError, UsageError } from './failure.ts';
import { type Api, openApi, serverOption, zoneOption } from './http-client.ts';
import { readPair } from './register.ts';

const probeTimeoutMs = 2000;
/** Milliseconds between looks at whether a server answers. */
const readyEveryMs = 250;

const options = {
  port: { value: 'N', meaning: 'The port it listens on, handed to it as PORT; 0 picks a free one.' },
  ready: {
    value: 'P',
    meaning: 'When it is ready: tcp (its port takes connections, the default), http:/PATH (answers 2xx or 3xx), none.',
  },
  'ready-timeout': {
    value: 'S',
    meaning: 'Seconds in which it must be ready, or it is stopped with exit code 1; 30 when left out.',
  },
  check: {
    value: 'P',
    meaning:
      'What tells whether it is well: tcp or http:/PATH; two failures in a row take it out of DNS until it passes.',
  },
  'check-interval': { value: 'S', meaning: 'Seconds between checks; 5 when left out.' },
  address: {
    value: 'A',
    repeat: true,
    meaning: 'Its IPv4 or IPv6 address; that of this machine, as the server sees it, when left out.',
  },
  id: { value: 'I', meaning: 'Its id within the service; made of host name, port and random digits when left out.' },
  protocol: { value: 'P', meaning: 'tcp or udp; tcp when left out.' },
  tag: { value: 'T', repeat: true, meaning: 'A tag.' },
  meta: { value: 'K=V', repeat: true, meaning: 'A key and its value.' },
  weight: { value: 'N', meaning: 'Share among instances of one priority, 0 to 65535; 100 when left out.' },
  priority: { value: 'N', meaning: 'Lower is preferred, 0 to 65535; 10 when left out.' },
  ttl: { value: 'N', meaning: 'TTL of its answers in seconds, 1 to 86400.' },
  lease: { value: 'N', meaning: 'Seconds after which it is gone unless renewed, 2 to 86400.' },
  'kill-signal': { value: 'SIG', meaning: 'The signal that asks it to stop; SIGTERM when left out.' },
  grace: { value: 'S', meaning: 'Seconds that it gets to stop before it is killed; 10 when left out.' },
  'max-drain': {
    value: 'S',
    meaning: 'Seconds to wait at most until no resolver holds it any more, before it is stopped; 15 when left out.',
  },
  require: {
    meaning:
      'Do not start it while no server answers: exit with 69 after --require-timeout. Otherwise it runs in any case.',
  },
  'require-timeout': { value: 'S', meaning: 'Seconds to wait for a server with --require; 10 when left out.' },
  ...zoneOption,
  ...serverOption,
} as const satisfies Readonly<Record<string, Option>>;

type RunValues = Values<typeof options>;

export const run = defineCommand({
  name: 'run',
  usage:
    'NAME --port N [--ready tcp|http:/PATH|none] [--check tcp|http:/PATH] [--address A]... [--id I] [--tag T]... ' +
    '[--meta K=V]... [--weight N] [--priority N] [--ttl N] [--lease N] [--require] -- COMMAND [ARGS...]',
  summary: 'Run COMMAND, registered as the service NAME from when it is ready until it stops.',
  options,
  example: 'signpost run web --port 0 --ready http:/ -- sh -c \'python3 -m http.server "$PORT"\'',
  positionals: [1, 1],
  takesCommand: true,
  async run({ values, positionals: [service], rest: [command, ...args] }, terminal) {
    if (values.port === undefined) throw new UsageError('wanted --port N, or --port 0 for a free one');
    if (command === undefined) throw new UsageError('wanted a command after "--"');
    const program = readProgramOptions(values);
    const registration = readRegistration(service!, values, terminal);
    const port = readWholeNumber('--port', values.port, 0, 65_535) || (await freePort());
    const api = openApi(values.server, terminal);
    if (values.require) await waitForServer(api, readSeconds(values, 'require-timeout', 10), terminal);
    const tell = (line: string): void => void terminal.stderr.write(`signpost run: ${line}\n`);
    process.stderr.on('error', () => undefined); // whoever reads our lines may leave before the program does
    return runProgram(program, {
      start: () => startProgram(command, args, { ...terminal.env, PORT: String(port) }),
      probe: (probe) => runProbe(probe, values.address?.[0] ?? 'localhost', port, probeTimeoutMs),
      register: async () => report(await register({ ...registration, port }), tell),
      onSignal,
      tell,
      clock: systemClock,
    });
  },
});

function readProgramOptions(values: RunValues): ProgramOptions {
  return {
    ready: values.ready === 'none' ? null : readProbeOption('--ready', values.ready ?? 'tcp'),
    readyTimeoutMs: readSeconds(values, 'ready-timeout', 30),
    check: values.check === undefined ? null : readProbeOption('--check', values.check),
    checkIntervalMs: readSeconds(values, 'check-interval', 5),
    killSignal: readSignal(values['kill-signal'] ?? 'SIGTERM'),
    graceMs: readSeconds(values, 'grace', 10),
    maxDrainMs: readSeconds(values, 'max-drain', 15),
  };
}

function readRegistration(service: string, values: RunValues, { env, fetch }: Terminal): RegisterOptions {
  const { address, protocol } = values;
  const wrong = address?.find((text) => isIP(text) === 0);
  if (wrong !== undefined) throw new UsageError(`--address wants an IPv4 or IPv6 address, found ${wrong}`);
  if (protocol !== undefined && protocol !== 'tcp' && protocol !== 'udp')
    throw new UsageError(`--protocol wants tcp or udp, found ${protocol}`);
  const whole = (name: 'priority' | 'weight'): number | undefined => {
    const text = values[name];
    return text === undefined ? undefined : readWholeNumber(`--${name}`, text, 0, 65_535);
  };
  return {
    service,
    fetch,
    ...given({
      id: values.id,
      addresses: address,
      protocol,
      priority: whole('priority'),
      weight: whole('weight'),
      tags: values.tag,
      meta: values.meta && Object.fromEntries(values.meta.map(readPair)),
      ttlMs: values.ttl === undefined ? undefined : 1000 * readWholeNumber('--ttl', values.ttl, 1, 86_400),
      leaseMs: values.lease === undefined ? undefined : 1000 * readNumber('--lease', values.lease, 2, 86_400),
      zone: values.zone,
      server: values.server ?? env['SIGNPOST_URL'],
      token: env['SIGNPOST_TOKEN'],
    }),
  };
}

/** What of `options` is not undefined. */
function given<Options extends object>(
  options: Options,
): { [Name in keyof Options]?: Exclude<Options[Name], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

type SecondsOption = 'ready-timeout' | 'check-interval' | 'grace' | 'max-drain' | 'require-timeout';

/** The milliseconds that an option in seconds stands for. */
function readSeconds(values: RunValues, name: SecondsOption, standard: number): number {
  const text = values[name];
  return 1000 * (text === undefined ? standard : readNumber(`--${name}`, text, 0, 86_400));
}

/** Tells what becomes of the registration. */
function report(registration: Registration, tell: (line: string) => void): Registration {
  const { service, id } = registration;
  const tellRegistered = (names: readonly string[]): void => tell(`registered ${id} of ${service}: ${names.join(' ')}`);
  registration.on('registered', ({ names, warnings }) => {
    tellRegistered(names);
    for (const warning of warnings) tell(`warning: ${warning}`);
  });
  registration.on('suspect', ({ error }) => tell(`the registry does not answer, and is asked again: ${error.message}`));
  registration.on('conflict', ({ detail }) => tell(`another process holds the id, so it is not in DNS: ${detail}`));
  registration.on('denied', ({ status, detail }) => tell(`the registry refuses (${status}): ${detail}`));
  if (registration.state === 'registered') tellRegistered(registration.names);
  else tell(`not registered yet: ${registration.lastError?.message ?? 'the registry has not answered'}`);
  return registration;
}

const watchedSignals: readonly NodeJS.Signals[] = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGUSR2',
  'SIGWINCH',
  'SIGQUIT',
  'SIGCONT',
];

const onSignal: World['onSignal'] = (listener) => {
  for (const signal of watchedSignals) process.on(signal, listener);
  return () => watchedSignals.forEach((signal) => process.off(signal, listener));
};

async function waitForServer(api: Api, timeoutMs: number, { pause }: Terminal): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      await api.request('GET', '/readyz', { seconds: Math.max(deadline - performance.now(), 100) / 1000 });
      return;
    } catch (error) {
      if (performance.now() >= deadline) throw new UnreachableError((error as Error).message, { cause: error });
      await pause(readyEveryMs);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function readProbeOption(option: string, text: string): Probe {
  const probe = readProbe(text);
  if (probe === null) throw new UsageError(`${option} wants tcp or http:/PATH, found ${text}`);
  return probe;
}

function readSignal(text: string): NodeJS.Signals {
  const name = text.startsWith('SIG') ? text : `SIG${text}`;
  if (!Object.hasOwn(constants.signals, name))
    throw new UsageError(`--kill-signal wants the name of a signal such as SIGTERM, found ${text}`);
  return name as NodeJS.Signals;
}
