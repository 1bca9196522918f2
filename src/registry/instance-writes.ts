/** The writes of callers about one instance: what is decided when their turn comes. */
import type { Clock } from '../runtime/clock.ts';
import { admit } from './admission.ts';
import type { Entry } from './catalog.ts';
import { instanceChange } from './change.ts';
import type { Committed } from './committed.ts';
import type { Decision } from './decision.ts';
import type { Expiry } from './expiry.ts';
import type { Held } from './held.ts';
import { type Instance, isCheckedTheSame, isSameRegistration } from './instance.ts';
import type { Registered, Removed } from './outcome.ts';
import { refuseForeign, refuseInstanceBeyondLimits, refuseStale } from './refusal.ts';
import { type Caller, foldRef, type InstanceRef, keyOf, type Registration, type WriteOptions } from './registration.ts';
import type { RegistrySettings } from './settings.ts';
import type { Sharing } from './sharing.ts';
import { stamped } from './store.ts';

export interface InstanceWritesParts {
  readonly committed: Committed;
  readonly expiry: Expiry;
  readonly held: Held;
  readonly sharing: Sharing;
  readonly clock: Clock;
  readonly settings: RegistrySettings;
}

export class InstanceWrites {
  readonly #parts: InstanceWritesParts;

  constructor(parts: InstanceWritesParts) {
    this.#parts = parts;
  }

  /** The instance that a registration would make; throws what `register` would reject with. */
  plan(registration: Registration, caller: Caller, options: WriteOptions): Instance {
    const wanted = this.#admit(registration, caller);
    this.#judge(wanted, caller, options);
    return wanted;
  }

  async register(registration: Registration, caller: Caller, options: WriteOptions): Promise<Registered> {
    const { expiry, sharing } = this.#parts;
    const admitted = this.#admit(registration, caller);
    const decide = (): Decision<Repeatable> => {
      const entry = this.#judge(admitted, caller, options);
      if (entry !== undefined && isSameRegistration(entry.instance, admitted) && expiry.renew(entry)) {
        return { kind: 'nothing', outcome: { instance: entry.instance, created: false, isRenewal: true } };
      }
      const before = entry?.instance ?? null;
      const observed = before !== null && isCheckedTheSame(before, admitted) ? entry!.reported : null;
      const wanted = { ...admitted, observed: observed ?? admitted.observed };
      return {
        kind: 'commit',
        write: { kind: 'instance', value: wanted, expect: before?.revision ?? 0 },
        change: (revision) => instanceChange('registered', revision, before, stamped(wanted, revision)),
        outcome: (_, revision) => ({
          instance: stamped(wanted, revision),
          created: before === null,
          isRenewal: false,
        }),
      };
    };
    return sharing.inTime(async () => {
      const { isRenewal, ...registered } = await sharing.write(keyOf(admitted), decide);
      if (isRenewal) await sharing.tellOfRenewal(registered.instance);
      return registered;
    });
  }

  /** Changes what `edit` changes; the generation stays. With a generation that is not the current one: as `demand`. */
  update(
    ref: InstanceRef,
    generation: number | null,
    caller: Caller,
    options: WriteOptions,
    edit: (instance: Instance) => Instance,
  ): Promise<Removed> {
    const { held, sharing } = this.#parts;
    return sharing.write<Removed>(keyOf(foldRef(ref)), () => {
      const entry = this.#demand(ref, generation, caller, options);
      const before = entry.instance;
      const wanted = edit(before);
      if (wanted === before) {
        return { kind: 'nothing', outcome: { instance: before, heldFor: held.heldFor(entry) } };
      }
      const cause = wanted.declared === 'draining' && before.declared !== 'draining' ? 'draining' : 'updated';
      return {
        kind: 'commit',
        write: { kind: 'instance', value: wanted, expect: before.revision },
        change: (revision) => instanceChange(cause, revision, before, stamped(wanted, revision)),
        outcome: (_, revision) => ({ instance: stamped(wanted, revision), heldFor: held.heldFor(entry) }),
      };
    });
  }

  async deregister(
    ref: InstanceRef,
    generation: number | null,
    caller: Caller,
    options: WriteOptions,
  ): Promise<Removed> {
    const { committed, held, sharing } = this.#parts;
    return sharing.write<Removed>(keyOf(foldRef(ref)), () => {
      const entry = this.#demand(ref, generation, caller, options);
      const before = entry.instance;
      return {
        kind: 'commit',
        write: { kind: 'remove-instance', value: before, tombstone: committed.tombstones.of(before), hasEnded: false },
        change: (revision) => instanceChange('deregistered', revision, before, null),
        outcome: (_, __, { heldFor }) => ({ instance: before, heldFor: Math.max(heldFor, held.heldFor(entry)) }),
      };
    });
  }

  #admit(registration: Registration, caller: Caller): Instance {
    const { committed, settings, clock } = this.#parts;
    const zone = committed.demandZone(registration.zone);
    return admit(registration, caller, {
      zone,
      service: committed.service(zone, registration.service) ?? null,
      defaultLease: settings.defaultLease,
      wall: clock.wall(),
    });
  }

  /** The entry that a registration would replace, if any; throws where the registration may not be. */
  #judge(wanted: Instance, caller: Caller, options: WriteOptions): Entry | undefined {
    const { committed, settings } = this.#parts;
    const entry = committed.find(wanted);
    refuseStale(entry?.instance ?? null, options);
    if (entry === undefined) refuseInstanceBeyondLimits(committed.catalog, settings, wanted);
    else refuseForeign(entry.instance, caller);
    return entry;
  }

  /** The entry that a caller asks to change; throws where it may not. */
  #demand(ref: InstanceRef, generation: number | null, caller: Caller, options: WriteOptions): Entry {
    const entry = this.#parts.committed.demand(ref, generation);
    refuseStale(entry.instance, options);
    refuseForeign(entry.instance, caller);
    return entry;
  }
}

/** `isRenewal`: nothing was registered, since it was already just so. */
type Repeatable = Registered & { readonly isRenewal: boolean };
