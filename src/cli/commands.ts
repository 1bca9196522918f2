/** The program: the table of its commands, and where what a command throws becomes a line and an exit code. */
import { readFileSync } from 'node:fs';
import { ConfigError } from '../config/error.ts';
import { nearest } from '../runtime/nearest.ts';
import { backup } from './backup.ts';
import { check } from './check.ts';
import type { Command, Terminal } from './command.ts';
import { deregister } from './deregister.ts';
import { drain } from './drain.ts';
import { explain } from './explain.ts';
import { exitCodeOf, exitCodes } from './failure.ts';
import { printCommandHelp, printProgramHelp } from './help.ts';
import { list } from './list.ts';
import { migrate } from './migrate.ts';
import { register } from './register.ts';
import { resolve } from './resolve.ts';
import { restore } from './restore.ts';
import { run } from './run.ts';
import { serve } from './serve.ts';
import { printable } from './table.ts';
import { token } from './token.ts';
import { watch } from './watch.ts';

export const commands: readonly Command[] = [
  serve, run, register, deregister, drain, list, watch, resolve, explain, check, token, backup, restore, migrate,
];

/** Runs the command that `args`, without the program's own name, ask for; resolves with the exit code. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version') {
    terminal.stdout.write(`${version()}\n`);
    return exitCodes.success;
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return help(rest[0], name, terminal);
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) return unknown(name, terminal);
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (own.includes('--help') || own.includes('-h')) return help(command.name, '--help', terminal);
  try {
    return await command.run(rest, terminal);
  } catch (error) {
    terminal.stderr.write(describe(error, name));
    return exitCodeOf(error);
  }
}

function help(name: string | undefined, asked: string | undefined, terminal: Terminal): number {
  const command = commands.find((candidate) => candidate.name === name);
  if (name !== undefined && command === undefined) return unknown(name, terminal);
  const text = command === undefined ? printProgramHelp(commands) : printCommandHelp(command);
  (asked === undefined ? terminal.stderr : terminal.stdout).write(text);
  return asked === undefined ? exitCodes.usage : exitCodes.success;
}

function unknown(name: string, terminal: Terminal): number {
  const meant = nearest(name, commands.map((command) => command.name))!;
  const message = `unknown command ${printable(name)}; did you mean ${meant}?`;
  terminal.stderr.write(`signpost: ${message} (signpost --help lists all)\n`);
  return exitCodes.usage;
}

/** A configuration's problems begin with their place; everything else with the command. */
function describe(error: unknown, name: string): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ConfigError) return `${message}\n`;
  const hint = exitCodeOf(error) === exitCodes.usage ? ` (see signpost ${name} --help)` : '';
  return `signpost ${name}: ${printable(message)}${hint}\n`;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
