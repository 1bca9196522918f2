/** Joins defaults, file, `SIGNPOST_*` variables and flags into one Config: flags beat variables beat the file. */
import { readFile } from 'node:fs/promises';
import { ConfigError, type ConfigProblem } from './error.ts';
import { readFileValues } from './file.ts';
import type { Kind } from './kind.ts';
import { nearest } from '../runtime/nearest.ts';
import { flagNameOf, type OptionTable, variablesOf } from './option.ts';
import { type Config, options } from './schema.ts';

export interface ConfigSources {
  /** Path of the file; none when left out, unless `SIGNPOST_CONFIG` names one. */
  readonly file?: string | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Flags as written, by name without `--`. */
  readonly flags: Readonly<Record<string, string | undefined>>;
}

/** Reads the file, if any, and makes the configuration. Throws `ConfigError` with all that is wrong. */
export async function loadConfig(sources: ConfigSources): Promise<Config> {
  const file = sources.file ?? (sources.variables['SIGNPOST_CONFIG'] || undefined);
  return makeConfig(file === undefined ? null : { file, text: await readText(file) }, sources);
}

/** Makes the configuration from the text of a file, already read, variables and flags. */
export function makeConfig(
  source: { readonly file: string; readonly text: string } | null,
  { variables, flags }: Omit<ConfigSources, 'file'>,
): Config {
  const problems: ConfigProblem[] = [];
  const said = new Map<string, unknown>();
  if (source !== null) {
    for (const { path, found, where } of readFileValues(source.file, source.text, problems)) {
      if (found !== null) judge(path, found, where);
    }
  }
  checkVariableNames(variables, problems);
  for (const [path, option] of Object.entries(table)) {
    const variable = variablesOf(path, option).find((name) => variables[name]);
    if (variable !== undefined) judge(path, option.kind.fromText(variables[variable]!), () => variable);
    const flag = option.flag === undefined ? '' : flagNameOf(option.flag);
    const text = flags[flag];
    if (text !== undefined) judge(path, option.kind.fromText(text), () => `--${flag}`);
  }
  const config = nest(said);
  checkTogether(config, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;

  function judge(path: string, found: unknown, where: (index?: number) => string): void {
    const { kind } = table[path]!;
    const value = kind.read(found);
    if (value !== undefined) {
      said.set(path, value);
      return;
    }
    const elements: readonly unknown[] = kind.each && Array.isArray(found) ? found : [];
    const wrong = elements.findIndex((element) => kind.each!.read(element) === undefined);
    const message =
      wrong < 0
        ? `${path}: found ${shown(found, kind)}, wanted ${kind.wanted}`
        : `${path}[${wrong}]: found ${shown(elements[wrong], kind.each!)}, wanted ${kind.each!.wanted}`;
    problems.push({ path, where: wrong < 0 ? where() : where(wrong), message });
  }
}

const table: OptionTable = options;

/** Variables that commands read for themselves. */
const otherVariables = ['SIGNPOST_CONFIG', 'SIGNPOST_URL', 'SIGNPOST_TOKEN', 'SIGNPOST_DNS'];

/** Refuses what is nearly ours; other variables may be anybody's (Kubernetes makes `SIGNPOST_PORT` for a service). */
function checkVariableNames(variables: ConfigSources['variables'], problems: ConfigProblem[]): void {
  const ours = Object.entries(table).flatMap(([path, option]) => variablesOf(path, option));
  const known = new Set([...ours, ...otherVariables]);
  for (const name of Object.keys(variables)) {
    if (!name.startsWith('SIGNPOST_') || known.has(name)) continue;
    const meant = nearest(name, known, 2);
    if (meant !== null) problems.push({ path: '', where: name, message: `unknown variable; did you mean ${meant}?` });
  }
}

/** What only several options together can get wrong. */
function checkTogether(config: Config, problems: ConfigProblem[]): void {
  const wrong = (path: string, message: string): void => {
    problems.push({ path, where: null, message: `${path}: ${message}` });
  };
  const { http, store, skydns } = config;
  for (const [path, tls] of [['http.tls', http.tls], ['store.tls', store.tls], ['skydns.tls', skydns.tls]] as const) {
    if ((tls.cert === null) !== (tls.key === null)) wrong(path, 'found one of cert and key, wanted both');
  }
  if (http.tls.clientCa !== null && http.tls.cert === null) wrong('http.tls.clientCa', 'wants cert and key as well');
  const isEtcd = store.type === 'etcd';
  if (isEtcd && store.endpoints.length === 0) wrong('store.endpoints', 'found none, wanted one for etcd');
  if (skydns.zones.length > 0 && skydns.endpoints.length === 0 && !isEtcd) {
    wrong('skydns.endpoints', 'found none, wanted one for skydns.zones, as the store is not on etcd');
  }
  const shared = skydns.zones.find((zone) => config.zone.includes(zone));
  if (shared !== undefined) wrong('skydns.zones', `found ${shared}, wanted zones in which nobody registers`);
}

/** `dns.io` -> config.dns.io, with the default of what nobody said. */
function nest(said: ReadonlyMap<string, unknown>): Config {
  const config: Record<string, unknown> = {};
  for (const [path, { fallback }] of Object.entries(table)) {
    const parts = path.split('.');
    let group = config;
    for (const part of parts.slice(0, -1)) group = (group[part] ??= {}) as Record<string, unknown>;
    group[parts.at(-1)!] = said.has(path) ? said.get(path) : fallback;
  }
  return config as Config;
}

function shown(found: unknown, kind: Kind<unknown>): string {
  if (kind.secret) return 'something else';
  const json = JSON.stringify(found);
  return json.length <= 60 ? json : `${json.slice(0, 57)}...`;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const message = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message;
    throw new ConfigError([{ path: '', where: `${file}:1:1`, message }]);
  }
}
