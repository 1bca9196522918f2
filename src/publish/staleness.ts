/**
 * Has answers say that they may be stale (RFC 8914 section 4.4) once what is registered has been out of reach for some
 * time, until it is not any more.
 */
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import type { Publisher } from './publisher.ts';

export interface StalenessParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly publisher: Pick<Publisher, 'setStale'>;
  /** Seconds since all that is registered was last known; 0 while it is. */
  readonly stale: () => number;
  /** Seconds of it that answers say nothing about. */
  readonly bound: number;
}

/** Begins to look, every second; what is returned ends it. */
export function watchStaleness({ clock, log, publisher, stale, bound }: StalenessParts): () => void {
  let said = false;
  let timer: Timer;
  const look = (): void => {
    timer = clock.after(1000, look);
    const isStale = stale() > bound;
    if (isStale === said) return;
    said = isStale;
    if (isStale) log.warn({ seconds: stale() }, 'answers say that they may be stale');
    else log.info('answers do not say any more that they may be stale');
    publisher.setStale(isStale).catch((error: unknown) => log.error({ err: error }, 'staleness could not be published'));
  };
  timer = clock.after(1000, look);
  return () => timer.cancel();
}
