/**
 * Renewals: what an owner says to keep an instance. They only move a number in memory; but that all servers know of one
 * is settled before it counts, and a status that comes with it is a write like any other.
 */
import { patched } from './admission.ts';
import type { Committed } from './committed.ts';
import { RegistryError } from './error.ts';
import type { Expiry } from './expiry.ts';
import type { InstanceWrites } from './instance-writes.ts';
import type { RenewalResult } from './outcome.ts';
import { nameOf, refuseForeign } from './refusal.ts';
import { type Caller, foldRef, type Renewal } from './registration.ts';
import type { Sharing } from './sharing.ts';

export interface RenewalsParts {
  readonly committed: Committed;
  readonly expiry: Expiry;
  readonly sharing: Sharing;
  readonly writes: InstanceWrites;
}

export class Renewals {
  readonly #parts: RenewalsParts;
  /** How many were taken and how many refused, since the start. */
  taken = 0;
  refused = 0;

  constructor(parts: RenewalsParts) {
    this.#parts = parts;
  }

  /** Refusals are results, so that one of many does not fail the rest. */
  async take(renewal: Renewal, caller: Caller): Promise<RenewalResult> {
    const { committed, expiry, sharing, writes } = this.#parts;
    try {
      const { status, generation } = renewal;
      await sharing.inTime(async () => {
        await sharing.decided(() => refuseForeign(committed.demand(renewal, generation).instance, caller));
        await sharing.tellOfRenewal({ ...foldRef(renewal), generation });
      });
      const entry = committed.demand(renewal, generation);
      if (!expiry.renew(entry)) throw new RegistryError('gone', `the lease of ${nameOf(renewal)} has ended`);
      this.taken++;
      const { declared } = entry.instance;
      if (status !== undefined && status !== declared && declared !== 'draining') {
        await writes.update(renewal, generation, caller, {}, (instance) => patched(instance, { status }));
      }
      return { instance: entry.instance, lease: expiry.leaseOf(entry) };
    } catch (error) {
      this.refused++;
      if (error instanceof RegistryError) return { error };
      throw error;
    }
  }
}
