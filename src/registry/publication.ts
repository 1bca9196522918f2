/**
 * Publication: how a committed change becomes known. First everyone who answers queries answers with it; then watchers
 * and the other parts of the server are told.
 */
import type { Change } from './change.ts';
import type { Published } from './decision.ts';
import type { EventLog } from './events.ts';
import type { Held } from './held.ts';
import type { ProtectedScope, ProtectionEnd } from './protection.ts';
import type { RegistryParts } from './parts.ts';

export interface PublicationParts extends Pick<RegistryParts, 'publish' | 'log'> {
  readonly events: EventLog;
  readonly held: Held;
}

export type ChangeListener = (changes: readonly Change[]) => void;

export class Publication {
  readonly #parts: PublicationParts;
  readonly #listeners = new Set<ChangeListener>();
  /** Applied changes that took the last answerable instance of a service and are not published yet. */
  readonly #emptied = new Set<Change>();

  constructor(parts: PublicationParts) {
    this.#parts = parts;
  }

  /** Tells of the changes also where it rejects: they are committed. */
  async publish(changes: readonly Change[], revision: number): Promise<Published> {
    try {
      const published = await this.#parts.publish(changes, revision);
      this.#parts.held.note(changes, published.heldFor);
      return published;
    } finally {
      if (changes.length > 0) this.#tell(changes);
    }
  }

  /** Calls `listener` with all further changes, after they were published; returns what ends that. */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Remembers until it is published that a change took the last answerable instance of its service. */
  noteEmptied(change: Change): void {
    this.#emptied.add(change);
  }

  /** Tells that a scope is under self-protection, or why it is not any more. */
  tellOfProtection(scope: ProtectedScope, end: ProtectionEnd | null): void {
    const { log, events } = this.#parts;
    log.warn({ scope, end }, end === null ? 'protection begins: in this scope nothing expires' : 'protection ends');
    events.recordProtection(scope, end);
  }

  #tell(changes: readonly Change[]): void {
    const { log, events } = this.#parts;
    try {
      for (const change of changes) events.record(change, this.#emptied.has(change));
      this.#emptied.clear();
      for (const listener of this.#listeners) listener(changes);
    } catch (error) {
      log.error({ err: error }, 'a listener of the registry failed');
    }
  }
}
