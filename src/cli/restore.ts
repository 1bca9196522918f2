/** `signpost restore`: makes the store of a server that is not running out of a backup. */
import { storeDirectory } from '../config/data.ts';
import { defineCommand } from './command.ts';
import { dataDirectory, dataOptions } from './data-directory.ts';
import { exitCodes } from './failure.ts';

export const restore = defineCommand({
  name: 'restore',
  usage: 'FILE [--data DIR]',
  summary: 'Fill the empty data directory of a server that is not running with the backup in FILE.',
  options: dataOptions,
  example: 'signpost restore signpost.backup --data ./data',
  positionals: [1, 1],
  async run({ values, positionals: [file] }, terminal) {
    // Loaded only here: other commands do without the library of the store.
    const { restoreBackup } = await import('../storage/dump.ts');
    const directory = await dataDirectory(values, terminal);
    const revision = await restoreBackup(file!, storeDirectory(directory));
    terminal.stdout.write(`${directory} holds everything up to revision ${revision}\n`);
    return exitCodes.success;
  },
});
