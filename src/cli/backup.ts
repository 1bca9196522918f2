/** `signpost backup`: writes everything the server has stored to a file, which is there whole or not at all. */
import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { defineCommand } from './command.ts';
import { exitCodes, UnreachableError } from './failure.ts';
import { apiPath, openApi, serverOption } from './http-client.ts';

export const backup = defineCommand({
  name: 'backup',
  usage: 'FILE',
  summary: 'Write everything that the running server has stored to FILE; it goes on serving meanwhile.',
  options: serverOption,
  example: 'signpost backup signpost.backup',
  positionals: [1, 1],
  async run({ values, positionals: [file] }, terminal) {
    // Loaded only here: other commands do without the library of the store.
    const { checkBackup } = await import('../storage/dump.ts');
    const { body } = await openApi(values.server, terminal).request('GET', apiPath('backup'));
    const partial = `${file!}.partial`;
    await rm(partial, { force: true });
    try {
      // It has every address and key of the services in it: for its owner only.
      const stream = createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true });
      await pipeline(Readable.fromWeb(body!), stream).catch(translate);
      const revision = await checkBackup(partial);
      await rename(partial, file!);
      await syncDirectory(dirname(file!));
      terminal.stdout.write(`${file!} holds everything up to revision ${revision}\n`);
      return exitCodes.success;
    } finally {
      await rm(partial, { force: true });
    }
  },
});

/** fetch calls a connection that breaks a TypeError; all else is about the file. */
function translate(error: unknown): never {
  if (!(error instanceof TypeError)) throw error;
  throw new UnreachableError('the connection broke before the backup was whole', { cause: error });
}

/** Makes a rename durable. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
