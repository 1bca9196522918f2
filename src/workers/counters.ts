/** The counters of all workers, read by the main thread where and when it wants. */
import { Counters, type CounterValues } from '../responder/counters.ts';
import { TransportCounters, type TransportCounterValues } from '../transport/counters.ts';
import type { CounterMemory } from './protocol.ts';

/** What all DNS workers together have counted since the start. */
export interface DnsCounters {
  readonly responder: CounterValues;
  readonly transport: TransportCounterValues;
  /** Workers that died and were started again. */
  readonly restarts: number;
}

/** Memory for the counters of one worker, which a worker that takes its place goes on with. */
export function createCounterMemory(): CounterMemory {
  return {
    responder: new SharedArrayBuffer(Counters.byteLength),
    transport: new SharedArrayBuffer(TransportCounters.byteLength),
  };
}

/** Adds up what stands in all of these. */
export function sumCounters(memories: readonly CounterMemory[], restarts: number): DnsCounters {
  return {
    responder: sum(memories.map(({ responder }) => new Counters(responder).read())),
    transport: sum(memories.map(({ transport }) => new TransportCounters(transport).read())),
    restarts,
  };
}

/** Adds numbers, and lists of numbers, of the same name. At least one value. */
function sum<Values extends object>(all: readonly Values[]): Values {
  return all.reduce((total, values) => {
    const added = Object.entries(values).map(([name, value]: [string, number | readonly number[]]) => {
      const before = total[name as keyof Values] as number | readonly number[];
      return [name, typeof value === 'number' ? value + (before as number) : value.map((each, index) => each + (before as number[])[index]!)];
    });
    return Object.fromEntries(added) as Values;
  });
}
