/** What `--help` prints. */
import type { Command } from './command.ts';

/** The help of the whole program: one line a command. */
export function printProgramHelp(commands: readonly Command[]): string {
  return `Usage: signpost COMMAND [ARGUMENT]...

DNS-SRV service discovery: services register over HTTP, any stock resolver finds them.

${columns(commands.map(({ name, summary }) => [name, summary]))}
Run signpost COMMAND --help for the options of a command and an example.
`;
}

/** The help of one command. */
export function printCommandHelp({ name, usage, summary, options, example }: Command): string {
  const rows = Object.entries(options).map(([option, { value, repeat, meaning }]) => {
    return [`--${option}${value === undefined ? '' : ` ${value}`}${repeat ? ' ...' : ''}`, meaning] as const;
  });
  return `Usage: signpost ${`${name} ${usage}`.trimEnd()}

${summary}

${columns([...rows, ['--help', 'Print this.']])}
Example:
  ${example.replaceAll('\n', '\n  ')}
`;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('');
}
