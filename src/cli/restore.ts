/** `signpost restore`: makes the store of a server that is not running out of a backup. */
import { storeDirectory } from '../config/data.ts';
import { loadConfig } from '../config/load.ts';
import { systemClock } from '../runtime/clock.ts';
import { defineCommand } from './command.ts';
import { dataOptions } from './data-directory.ts';
import { exitCodes } from './failure.ts';

export const restore = defineCommand({
  name: 'restore',
  usage: 'FILE [--data DIR] [--config FILE]',
  summary: 'Fill the empty store of servers that are not running, a data directory or etcd, with the backup in FILE.',
  options: dataOptions,
  example: 'signpost restore signpost.backup --data ./data',
  positionals: [1, 1],
  async run({ values, positionals: [file] }, { env, stdout }) {
    const { store, data } = await loadConfig({ file: values.config, variables: env, flags: { data: values.data } });
    // Loaded only here: other commands do without the libraries of the stores.
    const { restore: fill } = await import('../storage/migrate.ts');
    const isEtcd = store.type === 'etcd';
    const to = isEtcd
      ? ({ kind: 'etcd', settings: store } as const)
      : ({ kind: 'level', directory: storeDirectory(data) } as const);
    const revision = await fill(file!, to, systemClock);
    const where = isEtcd ? `${store.prefix} on ${store.endpoints.join(', ')}` : data;
    stdout.write(`${where} holds everything up to revision ${revision}${isEtcd ? ' of the backup' : ''}\n`);
    return exitCodes.success;
  },
});
