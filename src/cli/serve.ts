/** `signpost serve`: runs the server until it is told to stop. */
import { constants } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import type { App } from '../app.ts';
import { differingOptions } from '../config/compare.ts';
import { ConfigError } from '../config/error.ts';
import { type ConfigSources, loadConfig } from '../config/load.ts';
import { flagNameOf, type OptionTable as ConfigTable } from '../config/option.ts';
import { type Config, options as configTable } from '../config/schema.ts';
import { type Logger, openLog } from '../runtime/log.ts';
import { defineCommand, type Option } from './command.ts';
import { exitCodes } from './failure.ts';

/** `--config`, and the flags of the table of options. */
const options: Readonly<Record<string, Option & { readonly value: string }>> = {
  config: { value: 'FILE', meaning: 'Configuration file, YAML or JSON (SIGNPOST_CONFIG).' },
  ...Object.fromEntries(
    Object.values<ConfigTable[string]>(configTable).flatMap(({ flag, meaning }) => {
      if (flag === undefined) return [];
      return [[flagNameOf(flag), { value: flag.slice(flag.indexOf(' ') + 1), meaning }]];
    }),
  ),
};

export const serve = defineCommand({
  name: 'serve',
  usage: '[--config FILE] [--zone Z] [--dns H:P] [--http H:P] [--data DIR] [--zones DIR] [--log-level L]',
  summary: 'Run the server. SIGTERM stops it gracefully; SIGHUP makes it read zone files and configuration again.',
  options,
  example: 'signpost serve --dns 127.0.0.1:8053 --http 127.0.0.1:8054 --data ./data --zones ./zones',
  positionals: [0, 0],
  async run({ values }, { env, stdout }) {
    // A registration lives long, and V8 makes room for what lives on in steps: with small ones a sixth of all time goes there.
    setFlagsFromString('--semi-space-growth-factor=4');
    const sources: ConfigSources = { file: values['config'], variables: env, flags: values };
    const config = await loadConfig(sources);
    const log = openLog(config.log.level, stdout.isTTY === true);
    process.on('uncaughtException', (error) => log.error({ err: error }, 'a fault of ours; the server goes on'));
    // Timers of the parts keep nothing alive; while a start waits for a store, this does.
    const alive = setInterval(() => undefined, 60_000);
    const stopped = toldToStop(log);
    // Loaded only here: the other commands do without the libraries of the server.
    const { startApp } = await import('../app.ts');
    const starting = startApp(config, log);
    process.on('SIGHUP', () => void reload(starting, config, sources, log));
    const app = await starting.catch((error: unknown) => {
      clearInterval(alive);
      return translate(error);
    });
    const { dns, http } = app.addresses;
    log.info({ dns, http, zones: app.zones }, 'ready');
    await stopped;
    await app.close();
    clearInterval(alive);
    log.info('stopped');
    return exitCodes.success;
  },
});

/** Zone files take effect; options that differ from those of the start are only named, since they take a restart. */
async function reload(starting: Promise<App>, config: Config, sources: ConfigSources, log: Logger): Promise<void> {
  try {
    const app = await starting;
    const options = differingOptions(config, await loadConfig(sources));
    if (options.length > 0) log.warn({ options }, 'these options take effect with the next start');
    await app.reload();
    log.info('reloaded');
  } catch (error) {
    log.error({ err: error }, 'not reloaded');
  }
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function toldToStop(log: Logger): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (told) process.exit(128 + constants.signals[signal]);
        told = true;
        log.info({ signal }, 'stopping');
        resolve();
      });
    }
  });
}

/** What keeps a server from starting, with what to do about it. */
function translate(error: unknown): never {
  if (!(error instanceof Error)) throw error;
  const { name, message } = error;
  const code = 'code' in error ? error.code : null;
  const endpoint = /\S+:\d+$/.exec(message)?.[0] ?? message;
  const another = 'choose another with --dns or --http';
  if (code === 'EADDRINUSE') throw new Error(`${endpoint} is in use; stop what listens there, or ${another}`);
  if (code === 'EADDRNOTAVAIL') throw new Error(`${endpoint} is no address of this machine; ${another}`);
  if (code === 'EACCES') throw new Error(`${message}; ports below 1024 take a privilege (CAP_NET_BIND_SERVICE)`);
  if (code === 'in-use') throw new Error(`${message}; stop that one, or choose another directory with --data`);
  if (name === 'OpenServerError' || name === 'GrantsError') throw new ConfigError([{ path: '', where: null, message }]);
  throw error;
}
