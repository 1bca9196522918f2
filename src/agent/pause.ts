/** Waiting that can be ended. */
import type { Clock } from '../runtime/clock.ts';

/** Resolves after `milliseconds`, or as soon as `signal` aborts. Does not keep the process alive. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(milliseconds, end);
    if (signal?.aborted) end();
    else signal?.addEventListener('abort', end);
  });
}
