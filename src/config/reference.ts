/** Prints the table of options as Markdown: what `signpost check --options` shows and docs/configuration.md holds. */
import { type Endpoint, printEndpoint } from '../runtime/endpoint.ts';
import { type OptionTable, flagNameOf, variablesOf } from './option.ts';
import { options } from './schema.ts';

/** One row an option: its path, flag and variables, what it may be, its default, its meaning. */
export function printReference(): string {
  const rows = Object.entries<OptionTable[string]>(options).map(([path, option]) => {
    const flag = option.flag === undefined ? [] : [`--${flagNameOf(option.flag)}`];
    const names = [...flag, ...variablesOf(path, option)].map(code).join(' ');
    const fallback = option.fallbackShown ?? shownFallback(option.fallback);
    return [code(path), names, option.kind.wanted, fallback, option.meaning];
  });
  const headings = ['option', 'flag, variables', 'wanted', 'default', 'meaning'];
  return [headings, headings.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function shownFallback(fallback: unknown): string {
  if (fallback === null) return 'none';
  if (Array.isArray(fallback)) return fallback.length === 0 ? 'none' : fallback.map(shownFallback).join(', ');
  if (typeof fallback === 'object') return code(printEndpoint(fallback as Endpoint));
  return code(typeof fallback === 'string' ? fallback : JSON.stringify(fallback));
}

function code(text: string): string {
  return `\`${text}\``;
}
