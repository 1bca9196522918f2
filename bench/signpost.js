/** Signpost itself as a process under measurement. */
import { fileURLToPath } from 'node:url';
import { startServer } from './process.js';

const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/**
 * Starts a server on free ports with the given data directory.
 * @param {string} data
 * @param {string[]} args further arguments of `serve`
 */
export async function serve(data, args = []) {
  const begin = performance.now();
  const server = await startServer({
    command: process.execPath,
    args: [program, 'serve', '--dns', '127.0.0.1:0', '--http', '127.0.0.1:0', '--data', data, '--zones', `${data}-zones`, ...args],
    ready: /"msg":"ready"/,
    pinned: false,
  });
  const { dns, http } = JSON.parse(server.readyLine);
  return { ...server, port: Number(dns[0].split(':').at(-1)), url: `http://${http[0]}`, startSeconds: (performance.now() - begin) / 1000 };
}
