/** The server's data directory, for commands that work on it without the server. */
import { loadConfig } from '../config/load.ts';
import type { Terminal, Values } from './command.ts';

export const dataOptions = {
  data: { value: 'DIR', meaning: 'Data directory of the server (SIGNPOST_DATA, ./data).' },
  config: { value: 'FILE', meaning: 'Configuration file of the server, which may name it (SIGNPOST_CONFIG).' },
} as const;

/** Where `signpost serve` with the same options would keep its data. */
export async function dataDirectory(values: Values<typeof dataOptions>, { env }: Terminal): Promise<string> {
  return (await loadConfig({ file: values.config, variables: env, flags: { data: values.data } })).data;
}
