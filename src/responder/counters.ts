/**
 * What a responder counts, in memory that another thread reads at any time without asking. Each number is a 64-bit
 * float, which is written in one piece; only the responder's own thread writes.
 */

/** One in so many queries is timed: reading the clock twice costs as much as a third of a cached answer. */
export const timedQueries = 64;

/** Upper bounds of the buckets of the latency histogram in microseconds; a last bucket has none. */
export const latencyBounds: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000];

/** Highest rcode that we send: BADCOOKIE. */
export const rcodeCount = 24;

export const Event = {
  /** Messages dropped because they are no query. */ malformed: 0,
  /** Replies dropped by rate limiting. */ limited: 1,
  /** Replies sent empty by rate limiting. */ slipped: 2,
  /** Replies with TC. */ truncated: 3,
  /** Replies copied from the answer cache. */ cacheHits: 4,
  /** Replies looked up and written. */ cacheMisses: 5,
  /** Queries that met a bug and got SERVFAIL. */ failures: 6,
  /** Replies marked as Stale Answer (RFC 8914 section 4.4). */ staleAnswers: 7,
  /** Replies copied from compiled rrsets. */ compiled: 8,
} as const;
export type Event = (typeof Event)[keyof typeof Event];

export interface CounterValues extends Readonly<Record<keyof typeof Event, number>> {
  /** Replies by transport, at the index of their rcode. */
  readonly udp: readonly number[];
  readonly tcp: readonly number[];
  /**
   * Timed queries: for each transport as above, for each rcode, `latencyRow` numbers: the counts by bucket of
   * `latencyBounds`, then the sum of the times in microseconds.
   */
  readonly latency: readonly number[];
}

/** Numbers of one histogram. */
export const latencyRow = latencyBounds.length + 2;

const eventsStart = 2 * rcodeCount;
const latencyStart = eventsStart + Object.keys(Event).length;
const end = latencyStart + 2 * rcodeCount * latencyRow;

export class Counters {
  /** Octets of memory that the counters of one responder take. */
  static readonly byteLength = end * Float64Array.BYTES_PER_ELEMENT;

  readonly #values: Float64Array;

  constructor(memory: ArrayBuffer | SharedArrayBuffer) {
    this.#values = new Float64Array(memory, 0, end);
  }

  countReply(transport: 'udp' | 'tcp', rcode: number): void {
    this.#values[(transport === 'udp' ? 0 : rcodeCount) + rcode]! += 1;
  }

  count(event: Event): void {
    this.#values[eventsStart + event]! += 1;
  }

  countLatency(transport: 'udp' | 'tcp', rcode: number, microseconds: number): void {
    let bucket = 0;
    while (bucket < latencyBounds.length && microseconds > latencyBounds[bucket]!) bucket += 1;
    const row = latencyStart + ((transport === 'udp' ? 0 : rcodeCount) + rcode) * latencyRow;
    this.#values[row + bucket]! += 1;
    this.#values[row + latencyRow - 1]! += microseconds;
  }

  /** All values as they stand now. */
  read(): CounterValues {
    const slice = (start: number, length: number): number[] => Array.from(this.#values.subarray(start, start + length));
    const counted = Object.entries(Event).map(([name, event]) => [name, this.#values[eventsStart + event]!]);
    return {
      ...(Object.fromEntries(counted) as Record<keyof typeof Event, number>),
      udp: slice(0, rcodeCount),
      tcp: slice(rcodeCount, rcodeCount),
      latency: slice(latencyStart, 2 * rcodeCount * latencyRow),
    };
  }
}
