/**
 * Upkeep: what the registry writes by itself, because time passed or a check said so. Nobody was promised any of it, so
 * it happens in memory even while the store refuses writes.
 */
import type { Logger } from '../runtime/log.ts';
import type { Entry } from './catalog.ts';
import { instanceChange } from './change.ts';
import type { Decision } from './decision.ts';
import { RegistryError } from './error.ts';
import type { Status } from './instance.ts';
import { keyOf } from './registration.ts';
import { stamped } from './store.ts';
import type { Tombstones } from './tombstones.ts';
import type { Writer } from './writer.ts';

export interface UpkeepParts {
  readonly writer: Writer;
  readonly log: Logger;
  readonly tombstones: Tombstones;
}

export class Upkeep {
  readonly #parts: UpkeepParts;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  /**
   * Removes an entry while its state is `ending`, if it `isDue` when its turn comes. `failed` is called where it is not,
   * and where another server changed it first.
   */
  expire(entry: Entry, isDue: () => boolean, failed: () => void): void {
    this.#inBackground(entry, () => {
      if (entry.state !== 'ending') return nothing;
      if (!isDue()) {
        failed();
        return nothing;
      }
      const before = entry.instance;
      return {
        kind: 'commit',
        write: { kind: 'remove-instance', value: before, tombstone: this.#parts.tombstones.of(before), hasEnded: true },
        evenUnstored: true,
        change: (revision) => instanceChange('expired', revision, before, null),
        outcome: () => undefined,
        failed,
      };
    });
  }

  /** Has `instance.late` follow the entry's state. Not durable: a restart gives every lease a full period. */
  publishLateness(entry: Entry): void {
    this.#inBackground(entry, () => {
      const late = entry.state !== 'renewed' && entry.state !== 'timeless';
      if (entry.state === 'removed' || entry.instance.late === late) return nothing;
      return {
        kind: 'commit',
        write: null,
        change: () => {
          const before = entry.instance;
          if (entry.state === 'removed') return null;
          return instanceChange(late ? 'late' : 'renewed', before.revision, before, { ...before, late });
        },
        outcome: () => undefined,
      };
    });
  }

  /**
   * Has `instance.observed` follow what the checks by the server (`entry.reported`) and the ttl check (`entry.overdue`)
   * say.
   */
  publishObserved(entry: Entry): void {
    this.#inBackground(entry, () => this.#observe(entry));
  }

  /** Takes over what the checks by the server say; resolves when it is published. */
  observe(entry: Entry, reported: Status): Promise<void> {
    entry.reported = reported;
    return this.#parts.writer.writeOwn(keyOf(entry.instance), () => this.#observe(entry));
  }

  #observe(entry: Entry): Decision<void> {
    const before = entry.instance;
    const observed = entry.overdue ? 'critical' : (entry.reported ?? 'passing');
    if (entry.state === 'removed' || before.observed === observed) return nothing;
    const after = { ...before, observed };
    return {
      kind: 'commit',
      write: { kind: 'instance', value: after, expect: before.revision },
      evenUnstored: true,
      change: (revision) => instanceChange('checked', revision, before, stamped(after, revision)),
      outcome: () => undefined,
    };
  }

  #inBackground(entry: Entry, decide: () => Decision<void>): void {
    this.#parts.writer.writeOwn(keyOf(entry.instance), decide).catch((error: unknown) => {
      const level = error instanceof RegistryError ? 'debug' : 'error';
      this.#parts.log[level]({ err: error, instance: keyOf(entry.instance) }, 'an own write of the registry failed');
    });
  }
}

const nothing = { kind: 'nothing', outcome: undefined } as const;
