/** What a registry is made of. */
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import type { Change } from './change.ts';
import type { Published } from './decision.ts';
import type { Instance } from './instance.ts';
import type { RegistrySettings } from './settings.ts';
import type { Store } from './store.ts';

export interface RegistryParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** Service zones in presentation form, lower case, without the final dot; at least one, the first is the default. */
  readonly zones: readonly string[];
  readonly settings: RegistrySettings;
  /**
   * Resolves when everyone who answers queries answers with the changes, and with zones of that revision. It may be
   * that nothing moves but the revision.
   */
  readonly publish: (changes: readonly Change[], revision: number) => Promise<Published>;
  /** False where another server that is alive looks after an instance. Without it all are this server's. */
  readonly isOurs?: (instance: Instance) => boolean;
}
