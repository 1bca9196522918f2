/** How one target is chosen among those that may be used. A file a policy; `policies` lists them. */
import { createP2c } from './p2c.ts';
import { createRoundRobin } from './round-robin.ts';
import { createSticky } from './sticky.ts';
import { createWeighted } from './weighted.ts';

/** What a policy knows of a target. */
export interface Candidate {
  /** Stands for the target over all updates: `host:port`. */
  readonly id: string;
  /** 0 to 65535. A target of weight 0 is chosen only where all have weight 0; these then share equally. */
  readonly weight: number;
  /** Calls that run on it now. */
  readonly inflight: number;
}

/**
 * Chooses one of `targets`, which has at least one. The array is never changed after it was handed in, so a policy may
 * keep what it worked out for it. `key` is what the call is about, for policies that send equal keys to one target.
 */
export type Choose = <Target extends Candidate>(targets: readonly Target[], key: string | undefined) => Target;

export const policies = {
  /** At random by weight. */
  weighted: createWeighted,
  /** Two at random by weight, of these the less busy for its weight. */
  p2c: createP2c,
  /** In turn, smoothly by weight. */
  roundRobin: createRoundRobin,
  /** Equal keys to the same target for as long as it lives. */
  sticky: createSticky,
} as const satisfies Record<string, (random: () => number) => Choose>;

export type PolicyName = keyof typeof policies;
