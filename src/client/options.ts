/**
 * Every option of a resolver and of a service: meaning, unit, default and range. One line a number in the tables below.
 */
import type { Clock } from '../runtime/clock.ts';
import type { PolicyName } from './balance/policy.ts';
import type { Ask } from './reply.ts';

export interface ResolverOptions {
  /**
   * DNS servers as `address`, `address:port` or `[address]:port`. Unless set: `SIGNPOST_DNS` (with commas between
   * several), else those of the system (resolv.conf).
   */
  readonly servers?: readonly string[];
  /**
   * `dns` (unless set): own queries over UDP and TCP, with TTLs and additional records. `node`: through node:dns, which
   * knows no TTL of SRV records, so that `unknownTtlMs` stands in for it.
   */
  readonly transport?: 'dns' | 'node';
  /** Milliseconds without an answer before the query is sent again; 800. */
  readonly queryTimeoutMs?: number;
  /** How often a query is sent at most, over all servers; 3. */
  readonly attempts?: number;
  /** Milliseconds after which a query has failed, whatever was tried; 3000. */
  readonly totalTimeoutMs?: number;
  /** Answers are used for at least this many milliseconds, whatever their TTL; 1000. */
  readonly minTtlMs?: number;
  /** Answers are used for at most this many milliseconds, whatever their TTL; 300,000. */
  readonly maxTtlMs?: number;
  /** Milliseconds for which an answer without a TTL is used (node:dns); 5000. */
  readonly unknownTtlMs?: number;
  /** Milliseconds for which an answer outlives its TTL while servers fail; 7,200,000 (two hours). */
  readonly staleIfErrorMs?: number;
  /**
   * Milliseconds for which a service keeps its targets after an answer that has none; 30,000. Target "." is believed at
   * once.
   */
  readonly emptyHoldMs?: number;
  /** Names remembered at most; 1000. Those in use by a service are remembered besides. */
  readonly maxNames?: number;
  /** Sends the questions, in the place of `transport`; for tests and for resolvers of your own. */
  readonly ask?: Ask;
  /** Time; the system's unless set. */
  readonly clock?: Clock;
  /** Uniform in [0, 1), for jitter and picks; `Math.random` unless set. */
  readonly random?: () => number;
}

export interface ServiceOptions {
  /**
   * How a target is chosen: `weighted` (unless set), `p2c`, `roundRobin` or `sticky`. `p2c` counts on `done()` being
   * called for every pick; `run` and the integrations do that.
   */
  readonly policy?: PolicyName;
  /** Use only this many of the targets of a priority, other ones in other processes; 0: all. */
  readonly subset?: number;
  /** Failures in a row after which a target is ejected; 5. */
  readonly outlierFailures?: number;
  /** Milliseconds of a target's first such ejection; each further one lasts as much longer; 30,000. */
  readonly outlierBaseMs?: number;
  /** Milliseconds such an ejection lasts at most; 300,000. */
  readonly outlierMaxMs?: number;
  /** Share of the targets of a priority that may be ejected for failures at a time, 0 to 1; 0.5. */
  readonly outlierMaxShare?: number;
  /** Milliseconds for which a target is ejected that cannot be connected to; doubles with each time; 1000. */
  readonly connectEjectionMs?: number;
  /** Milliseconds such an ejection lasts at most; 30,000. */
  readonly connectEjectionMaxMs?: number;
  /**
   * When fewer than this share of the targets of a priority are well, ejections for failures are ignored, 0 to 1; 0.5.
   */
  readonly panicShare?: number;
  /** Milliseconds for which a better priority must be well again before it is returned to; 10,000. */
  readonly returnAfterMs?: number;
  /** Retries that `run` may add, as a share of the calls of the last 10 s; 0.2. */
  readonly retryShare?: number;
  /** Retries a second that `run` may make besides; 10. */
  readonly retriesPerSecond?: number;
  /** Milliseconds for which a target that left DNS stays listed while calls still run on it; 60,000. */
  readonly expiredGraceMs?: number;
  /**
   * Called after every change of the targets or of their states. Unlike a listener, it keeps no name from being
   * suspended.
   */
  readonly onChange?: () => void;
}

type Range = readonly [standard: number, least: number, most: number];

const day = 86_400_000;

export const resolverNumbers = {
  queryTimeoutMs: [800, 10, 60_000],
  attempts: [3, 1, 20],
  totalTimeoutMs: [3000, 10, 600_000],
  minTtlMs: [1000, 10, day],
  maxTtlMs: [300_000, 10, 7 * day],
  unknownTtlMs: [5000, 10, day],
  staleIfErrorMs: [7_200_000, 0, 30 * day],
  emptyHoldMs: [30_000, 0, day],
  maxNames: [1000, 1, 1_000_000],
} as const satisfies Record<string, Range>;

export const serviceNumbers = {
  subset: [0, 0, 100_000],
  outlierFailures: [5, 1, 1_000_000],
  outlierBaseMs: [30_000, 1, day],
  outlierMaxMs: [300_000, 1, day],
  outlierMaxShare: [0.5, 0, 1],
  connectEjectionMs: [1000, 1, day],
  connectEjectionMaxMs: [30_000, 1, day],
  panicShare: [0.5, 0, 1],
  returnAfterMs: [10_000, 0, day],
  retryShare: [0.2, 0, 10],
  retriesPerSecond: [10, 0, 1_000_000],
  expiredGraceMs: [60_000, 0, day],
} as const satisfies Record<string, Range>;

export type ResolverSettings = Readonly<Record<keyof typeof resolverNumbers, number>>;
export type ServiceSettings = Readonly<Record<keyof typeof serviceNumbers, number>>;

/** The numbers of `options`, with defaults for those absent. Throws RangeError for one that is out of its range. */
export function readNumbers<Name extends string>(
  table: Readonly<Record<Name, Range>>,
  options: Partial<Readonly<Record<NoInfer<Name>, number>>>,
): Readonly<Record<Name, number>> {
  const settings = {} as Record<Name, number>;
  for (const name of Object.keys(table) as Name[]) {
    const [standard, least, most] = table[name];
    const value = options[name] ?? standard;
    if (!(value >= least && value <= most))
      throw new RangeError(`${name} is ${String(value)}, wanted ${least} to ${most}`);
    settings[name] = value;
  }
  return settings;
}
