/**
 * What a command is and how its arguments are read (options after node:util parseArgs). One file a command;
 * `commands.ts` lists them.
 */
import { parseArgs } from 'node:util';
import { nearest } from '../runtime/nearest.ts';
import { UsageError } from './failure.ts';

/** A command as the program sees it. */
export interface Command {
  readonly name: string;
  /** What follows the name on the usage line: `NAME --port N [--tag T]...`. */
  readonly usage: string;
  /** One sentence. */
  readonly summary: string;
  readonly options: OptionTable;
  /** A whole command line that works as it stands. */
  readonly example: string;
  /** Does the work and resolves with the exit code; whatever it throws is told in one line. */
  readonly run: (args: readonly string[], terminal: Terminal) => Promise<number>;
}

export interface Option {
  /** What stands for its value in help, such as `N`; a switch has none. */
  readonly value?: string;
  /** May be given more than once. */
  readonly repeat?: true;
  readonly meaning: string;
}

/** By name, without `--`. */
export type OptionTable = Readonly<Record<string, Option>>;

/** The process around a command; tests hand in their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly fetch: typeof fetch;
  readonly pause: (milliseconds: number) => Promise<unknown>;
}

export interface Output {
  write(text: string): unknown;
  /** True when people read it. */
  readonly isTTY?: boolean;
}

/** The options that were given; what was not given is absent. */
export type Values<Options> = {
  readonly [Name in keyof Options]?: Options[Name] extends { readonly repeat: true }
    ? readonly string[]
    : Options[Name] extends { readonly value: string } ? string : true;
};

export interface Arguments<Options> {
  readonly values: Values<Options>;
  readonly positionals: readonly string[];
  /** What stands after `--`, for commands that `takesCommand`. */
  readonly rest: readonly string[];
}

interface Definition<Options> extends Omit<Command, 'options' | 'run'> {
  readonly options: Options;
  /** How many arguments besides options it takes, least and most. */
  readonly positionals: readonly [least: number, most: number];
  /** True when `--` ends its own arguments and begins a command line. */
  readonly takesCommand?: true;
  readonly run: (args: Arguments<Options>, terminal: Terminal) => Promise<number>;
}

/** Makes a command whose arguments are checked before `run` sees them. */
export function defineCommand<const Options extends OptionTable>(definition: Definition<Options>): Command {
  return { ...definition, run: async (args, terminal) => definition.run(readArguments(definition, args), terminal) };
}

function readArguments<Options extends OptionTable>(
  { options, positionals: [least, most], takesCommand, usage }: Definition<Options>,
  args: readonly string[],
): Arguments<Options> {
  const end = takesCommand ? args.indexOf('--') : -1;
  const own = end < 0 ? args : args.slice(0, end);
  const { tokens, positionals } = parseArgs({
    args: [...own],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { value }]) => [name, { type: value === undefined ? 'boolean' : 'string' }]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | true | string[]> = {};
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) throw unknownOption(rawName, name, options);
    if (option.value === undefined) {
      if (value !== undefined) throw new UsageError(`${rawName} takes no value, found ${value}`);
      values[name] = true;
    } else if (value === undefined || (!inlineValue && value.length > 1 && value.startsWith('-'))) {
      const found = value === undefined ? '' : `, found ${value}`;
      throw new UsageError(`${rawName} wants a value (${option.value})${found}`);
    } else if (option.repeat) {
      values[name] = [...((values[name] as string[] | undefined) ?? []), value];
    } else {
      values[name] = value;
    }
  }
  if (positionals.length < least || positionals.length > most) {
    throw new UsageError(`wanted ${usage}, found ${positionals.length === 0 ? 'no argument' : positionals.join(' ')}`);
  }
  return { values: values as Values<Options>, positionals, rest: end < 0 ? [] : args.slice(end + 1) };
}

function unknownOption(written: string, name: string, options: OptionTable): UsageError {
  const meant = nearest(name, Object.keys(options));
  return new UsageError(`unknown option ${written}${meant === null ? '' : `; did you mean --${meant}?`}`);
}

/** Reads the number that the option or argument `what` gave; fractions allowed. */
export function readNumber(what: string, text: string, min: number, max: number): number {
  const value = /^\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${what} wants a number from ${min} to ${max}, found ${text}`);
}

export function readWholeNumber(what: string, text: string, min: number, max: number): number {
  if (/^\d+$/.test(text)) return readNumber(what, text, min, max);
  throw new UsageError(`${what} wants a whole number from ${min} to ${max}, found ${text}`);
}
