/** One option of the table in schema.ts, and the Config type that follows from such a table. */
import type { Kind } from './kind.ts';

export interface Option<T> {
  readonly kind: Kind<T>;
  /** The value when nobody says anything. */
  readonly fallback: T;
  /** One sentence for the reference. */
  readonly meaning: string;
  /** The flag of `signpost serve` and what stands for its value in help: `dns H:P`. */
  readonly flag?: string;
  /** How the reference prints the default, where it depends on the machine. */
  readonly fallbackShown?: string;
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** `{ 'dns.io': Option<string> }` becomes `{ dns: { io: string } }`. */
export type ConfigOf<Table> = {
  readonly [Head in HeadOf<keyof Table>]: Head extends keyof Table
    ? Table[Head] extends Option<infer Value> ? Value : never
    : ConfigOf<{ [Path in keyof Table as TailOf<Path, Head>]: Table[Path] }>;
};
type HeadOf<Path> = Path extends `${infer Head}.${string}` ? Head : Path;
type TailOf<Path, Head> = Path extends `${Head & string}.${infer Tail}` ? Tail : never;

/** An option that always has a value. */
export function option<T>(
  kind: Kind<T>,
  fallback: NoInfer<T>,
  meaning: string,
  more: { readonly flag?: string; readonly fallbackShown?: string } = {},
): Option<T> {
  return { kind, fallback, meaning, ...more };
}

/** An option that may be left out: null then. */
export function optional<T>(kind: Kind<T>, meaning: string): Option<T | null> {
  return { kind, fallback: null, meaning };
}

/** The variables that set an option, the one that wins first: after its path, then after its flag. */
export function variablesOf(path: string, { flag }: Option<unknown>): readonly string[] {
  const names = flag === undefined ? [path] : [path, flagNameOf(flag)];
  return [...new Set(names.map(variableOf))];
}

/** `dns.tcp.perClient` -> `SIGNPOST_DNS_TCP_PER_CLIENT`. */
function variableOf(name: string): string {
  return `SIGNPOST_${name.replace(/[A-Z]/g, '_$&').replace(/[.-]/g, '_').toUpperCase()}`;
}

/** `dns` of `dns H:P`. */
export function flagNameOf(flag: string): string {
  return flag.split(' ', 1)[0]!;
}
