/** `signpost check`: says what is wrong with configuration and zone files, without a server. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../config/error.ts';
import { type ConfigSources, loadConfig } from '../config/load.ts';
import { printReference } from '../config/reference.ts';
import type { Config } from '../config/schema.ts';
import { printProblem, ZoneFileError } from '../zonefile/error.ts';
import { loadZoneFile } from '../zonefile/load.ts';
import { defineCommand, type Terminal } from './command.ts';
import { exitCodes } from './failure.ts';

export const check = defineCommand({
  name: 'check',
  usage: '[FILE...] [--options]',
  summary: 'Check configuration files (.yaml, .yml, .json) and zone files (APEX.zone).',
  options: {
    options: { meaning: 'Print every option of the configuration instead.' },
  },
  example: 'signpost check signpost.yaml zones/*.zone',
  positionals: [0, Infinity],
  async run({ values, positionals }, terminal) {
    if (values.options) {
      terminal.stdout.write(printReference());
      return exitCodes.success;
    }
    const good = positionals.length === 0
      ? await checkWhatServeReads(terminal)
      : (await Promise.all(positionals.map((file) => checkFile(file, terminal)))).every(Boolean);
    return good ? exitCodes.success : exitCodes.failure;
  },
});

/** The configuration of a server that is started here and now, and its zone files. */
async function checkWhatServeReads(terminal: Terminal): Promise<boolean> {
  const config = await checkConfig('configuration', { variables: terminal.env, flags: {} }, terminal);
  if (config === null) return false;
  const names = await readdir(config.zones).catch(() => []);
  const files = names.filter((name) => name.endsWith('.zone')).sort();
  return files.map((name) => checkZoneFile(join(config.zones, name), terminal)).every(Boolean);
}

async function checkFile(file: string, terminal: Terminal): Promise<boolean> {
  if (!/\.(ya?ml|json)$/.test(file)) return checkZoneFile(file, terminal);
  return (await checkConfig(file, { file, variables: {}, flags: {} }, terminal)) !== null;
}

/** The configuration; null when it is not good. */
async function checkConfig(name: string, sources: ConfigSources, { stdout, stderr }: Terminal): Promise<Config | null> {
  try {
    const config = await loadConfig(sources);
    stdout.write(`${name}: ok\n`);
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    stderr.write(`${error.message}\n`);
    return null;
  }
}

function checkZoneFile(file: string, { stdout, stderr }: Terminal): boolean {
  try {
    const { records, warnings } = loadZoneFile(file);
    for (const warning of warnings) {
      stderr.write(`${printProblem({ ...warning, message: `warning: ${warning.message}` })}\n`);
    }
    stdout.write(`${file}: ok, ${records.length} records\n`);
    return true;
  } catch (error) {
    if (!(error instanceof ZoneFileError)) throw error;
    stderr.write(`${error.message}\n`);
    return false;
  }
}
