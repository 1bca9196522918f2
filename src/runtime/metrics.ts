/**
 * Metrics in Prometheus text format. Most are read from their owners when somebody asks, so that counting costs the
 * owners an addition; only what nobody counts otherwise is kept here. Names are `signpost_*` with a unit, and no label
 * ever comes from a query or a registration.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** A value with its labels; no labels where there is only one. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a histogram counted since the start. */
export interface HistogramSample {
  readonly labels: Readonly<Record<string, string>>;
  /**
   * How many fell at or below each bound and above the one before; the last, one more than there are bounds: above all.
   */
  readonly counts: readonly number[];
  /** Sum of all observed values. */
  readonly sum: number;
}

type Read = () => number | readonly Sample[];

export class Metrics {
  readonly #registry = new Registry();
  readonly #histograms: (() => string)[] = [];

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything as it is now. */
  async text(): Promise<string> {
    return (await this.#registry.metrics()) + this.#histograms.map((print) => print()).join('');
  }

  /** A number that only grows; `read` gives its values since the start, with these labels. */
  counter(name: string, help: string, read: Read, labelNames: readonly string[] = []): void {
    const counter: Counter = new Counter({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        counter.reset();
        for (const { labels, value } of samplesOf(read)) counter.inc(labels, value);
      },
    });
  }

  /** A number that goes up and down. */
  gauge(name: string, help: string, read: Read, labelNames: readonly string[] = []): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        gauge.reset();
        for (const { labels, value } of samplesOf(read)) gauge.set(labels, value);
      },
    });
  }

  /** A histogram that somebody else keeps; `bounds` are the upper bounds of its buckets, rising. */
  histogram(name: string, help: string, bounds: readonly number[], read: () => readonly HistogramSample[]): void {
    this.#histograms.push(() => printHistogram(name, help, bounds, read()));
  }

  /** A histogram that is kept here; returns what observes a value. */
  observed<Label extends string>(
    name: string,
    help: string,
    bounds: readonly number[],
    labelNames: readonly Label[],
  ): (labels: Record<Label, string>, value: number) => void {
    const histogram = new Histogram({ name, help, labelNames, buckets: [...bounds], registers: [this.#registry] });
    return (labels, value) => histogram.observe(labels, value);
  }
}

function samplesOf(read: Read): readonly Sample[] {
  const value = read();
  return typeof value === 'number' ? [{ labels: {}, value }] : value;
}

function printHistogram(
  name: string,
  help: string,
  bounds: readonly number[],
  samples: readonly HistogramSample[],
): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
  for (const { labels, counts, sum } of samples) {
    const printed = Object.entries(labels).map(
      ([label, value]) => `${label}="${value.replace(/[\\"\n]/g, escapeLabel)}"`,
    );
    let total = 0;
    counts.forEach((count, index) => {
      total += count;
      lines.push(`${name}_bucket{${[`le="${bounds[index] ?? '+Inf'}"`, ...printed].join(',')}} ${total}`);
    });
    const braces = printed.length === 0 ? '' : `{${printed.join(',')}}`;
    lines.push(`${name}_sum${braces} ${sum}`, `${name}_count${braces} ${total}`);
  }
  return `\n${lines.join('\n')}\n`;
}

function escapeLabel(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`;
}
