/** Roster: the settings and instances of one service, and the decision on which of them are answered. */
import type { Change } from '../registry/change.ts';
import { type Instance, isAnswerable, statusOf } from '../registry/instance.ts';
import type { Service } from '../registry/service.ts';
import { type Census, decide, type Decision } from './decision.ts';

/** An instance before and after a batch of changes; null: was not, or is no more. */
export interface Step {
  readonly before: Instance | null;
  readonly after: Instance | null;
}

export class Roster {
  readonly #instances = new Map<string, Instance>();
  #settings: Service | null = null;
  #decision: Decision = decide({ answerable: 0, staying: 0 }, null, nobody);
  #answerable = 0;
  #staying = 0;
  #lastKnownGood: ReadonlySet<string> = nobody;

  /** By id. */
  get instances(): ReadonlyMap<string, Instance> {
    return this.#instances;
  }

  get settings(): Service | null {
    return this.#settings;
  }

  /** A new object whenever it changes. */
  get decision(): Decision {
    return this.#decision;
  }

  get census(): Census {
    return { answerable: this.#answerable, staying: this.#staying };
  }

  /** Takes in changes of the service, in order, and decides anew. Returns what happened to each instance, by id. */
  takeIn(changes: readonly Change[]): ReadonlyMap<string, Step> {
    const steps = new Map<string, { before: Instance | null; after: Instance | null }>();
    const departed = new Set<string>();
    for (const change of changes) {
      if (change.kind === 'service') {
        this.#settings = change.after;
        continue;
      }
      const { id } = (change.after ?? change.before)!;
      const step = steps.get(id) ?? { before: this.#instances.get(id) ?? null, after: null };
      step.after = change.after;
      steps.set(id, step);
      if (change.after === null || statusOf(change.after) === 'draining') departed.add(id);
    }
    for (const [id, { before, after }] of steps) {
      this.#count(before, -1);
      this.#count(after, 1);
      if (after === null) this.#instances.delete(id);
      else this.#instances.set(id, after);
    }
    this.#lastKnownGood = this.#rememberGood(steps, departed);
    this.#decision = decide(this.census, this.#settings, this.#lastKnownGood);
    return steps;
  }

  #count(instance: Instance | null, by: 1 | -1): void {
    if (instance === null) return;
    if (isAnswerable(instance)) this.#answerable += by;
    if (statusOf(instance) !== 'draining') this.#staying += by;
  }

  /** When nothing is answerable any more, whatever was until now is among the `steps`. Who leaves is not kept. */
  #rememberGood(steps: ReadonlyMap<string, Step>, departed: ReadonlySet<string>): ReadonlySet<string> {
    if (this.#answerable > 0) return nobody;
    const failed = [...steps].filter(([, { before }]) => before !== null && isAnswerable(before)).map(([id]) => id);
    const known = this.#lastKnownGood;
    if (failed.length === 0 && ![...departed].some((id) => known.has(id))) return known;
    return new Set([...known, ...failed].filter((id) => !departed.has(id)));
  }
}

const nobody: ReadonlySet<string> = new Set();
