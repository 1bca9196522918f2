/**
 * A check's state: how many outcomes in a row make an instance healthy or not, so that one lost packet does neither.
 */
import type { Status } from '../registry/instance.ts';
import type { Outcome, ProbedCheck } from './probe.ts';

export type CheckStatus = Extract<Status, 'unknown' | 'passing' | 'warning' | 'critical'>;

export class Streak {
  status: CheckStatus;
  readonly #check: Pick<ProbedCheck, 'rise' | 'fall'>;
  #length = 0;
  #last: 'alive' | 'failed' | null = null;

  /** Begins at what is known already; `unknown` where nothing is. */
  constructor(check: Pick<ProbedCheck, 'rise' | 'fall'>, status: CheckStatus) {
    this.#check = check;
    this.status = status;
  }

  /**
   * Takes an outcome in. From `unknown` the first pass counts; after that `rise` and `fall` do. A warning is a pass
   * that warns.
   */
  take(outcome: Outcome): void {
    const now = outcome === 'critical' ? 'failed' : 'alive';
    this.#length = now === this.#last ? this.#length + 1 : 1;
    this.#last = now;
    const { rise, fall } = this.#check;
    const wanted = now === 'failed' ? fall : this.status === 'critical' ? rise : 1;
    if (this.#length >= wanted) this.status = outcome;
  }
}

const worstFirst: readonly CheckStatus[] = ['critical', 'unknown', 'warning', 'passing'];

/** What several checks say of one instance together: the worst of what they say. */
export function worstOf(statuses: readonly CheckStatus[]): CheckStatus {
  return worstFirst.find((status) => statuses.includes(status)) ?? 'passing';
}
