/** What transports count, in memory that another thread reads at any time without asking; only their own thread writes. */

const names = ['datagramsDropped', 'sendsFailed', 'connectionsOpened', 'connectionsClosed', 'connectionsEvicted', 'connectionsTimedOut'] as const;

/**
 * `datagramsDropped`: from port 0, from ourselves, too long. `sendsFailed`: UDP replies that the system refused.
 * `connectionsEvicted`: TCP connections closed to make room for a newer one. `connectionsTimedOut`: closed because
 * their client did not finish a query or did not read its replies in time. Both also count as closed.
 */
export type TransportCounter = (typeof names)[number];
export type TransportCounterValues = Readonly<Record<TransportCounter, number>>;

export class TransportCounters {
  /** Octets of memory that the counters of one thread take. */
  static readonly byteLength = names.length * Float64Array.BYTES_PER_ELEMENT;

  readonly #values: Float64Array;

  constructor(memory: ArrayBuffer | SharedArrayBuffer = new ArrayBuffer(TransportCounters.byteLength)) {
    this.#values = new Float64Array(memory, 0, names.length);
  }

  count(name: TransportCounter): void {
    this.#values[names.indexOf(name)]! += 1;
  }

  /** All values as they stand now. */
  read(): TransportCounterValues {
    return Object.fromEntries(names.map((name, index) => [name, this.#values[index]])) as unknown as TransportCounterValues;
  }
}
