/** `signpost migrate`: copies everything from one store into another. */
import { storeDirectory } from '../config/data.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../runtime/clock.ts';
import { openLog } from '../runtime/log.ts';
import type { Place } from '../storage/migrate.ts';
import { defineCommand } from './command.ts';
import { exitCodes, UsageError } from './failure.ts';

export const migrate = defineCommand({
  name: 'migrate',
  usage: '--from PLACE --to PLACE',
  summary: 'Copy everything from one store into another that is empty; stop the servers of both first.',
  options: {
    from: { value: 'PLACE', meaning: 'level:DIR (a data directory), etcd:URL[,URL]..., or backup:FILE.' },
    to: { value: 'PLACE', meaning: 'level:DIR or etcd:URL[,URL]...' },
    config: { value: 'FILE', meaning: 'Configuration file with store.prefix, user, password and tls (SIGNPOST_CONFIG).' },
  },
  example: 'signpost migrate --from level:./data --to etcd:http://127.0.0.1:2379',
  positionals: [0, 0],
  async run({ values }, { env, stdout }) {
    const { store } = await loadConfig({ file: values.config, variables: env, flags: {} });
    const from = placeOf('--from', values.from, store);
    const to = placeOf('--to', values.to, store);
    if (to.kind === 'backup') throw new UsageError('--to wants level: or etcd:; signpost backup makes backups');
    // Loaded only here: other commands do without the libraries of the stores.
    const { migrate: copy } = await import('../storage/migrate.ts');
    const instances = await copy(from, to, systemClock, openLog('silent', false));
    stdout.write(`${values.to!} holds everything that ${values.from!} held: ${instances} instances\n`);
    return exitCodes.success;
  },
});

function placeOf(option: string, text: string | undefined, store: Config['store']): Place {
  const [, kind, where] = /^(level|etcd|backup):(.+)$/.exec(text ?? '') ?? [];
  if (kind === 'level') return { kind, directory: storeDirectory(where!) };
  if (kind === 'backup') return { kind, file: where! };
  if (kind === 'etcd') return { kind, settings: { ...store, endpoints: where!.split(',') } };
  const found = text === undefined ? 'nothing' : text;
  throw new UsageError(`${option} wants level:DIR, etcd:URL or backup:FILE, found ${found}`);
}
