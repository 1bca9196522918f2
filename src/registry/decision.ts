/** What a write comes to when its turn comes, decided on what is committed then. */
import type { Change } from './change.ts';
import type { StoreWrite } from './store.ts';

/** Nothing to write, or a commitment. */
export type Decision<T> = { readonly kind: 'nothing'; readonly outcome: T } | Commitment<T>;

export interface Commitment<T> {
  readonly kind: 'commit';
  /** Null: nothing to store, a change of memory alone. */
  readonly write: StoreWrite | null;
  /**
   * True for what nobody was promised, an expiry or the result of a check: should a store of our own refuse it, it
   * still happens, at the revision that stands, and a restart forgets it. Servers that share a store must agree, so
   * there it does not.
   */
  readonly evenUnstored?: boolean;
  /** The change at the revision it was given; null: none that anybody sees. */
  readonly change: (revision: number) => Change | null;
  readonly outcome: (change: Change | null, revision: number, published: Published) => T;
  /** Called when nothing came of it. */
  readonly failed?: () => void;
}

export interface Published {
  /** Seconds for which a resolver may still hold what the batch removed. */
  readonly heldFor: number;
}
