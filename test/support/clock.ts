/** A clock that tests turn themselves. */
import type { Clock } from '../../src/runtime/clock.ts';

interface Alarm {
  readonly at: number;
  readonly run: () => void;
}

export class FakeClock implements Clock {
  #now = 0;
  #wallBegin = Date.UTC(2026, 0, 1);
  #alarms = new Set<Alarm>();

  now(): number {
    return this.#now;
  }

  /** Begins at 2026-01-01. */
  wall(): number {
    return this.#wallBegin + this.#now;
  }

  /** Sets the wall clock forward, or back, as an operator would. */
  jumpWall(milliseconds: number): void {
    this.#wallBegin += milliseconds;
  }

  /** Stops the process for a while: time goes on, and alarms that are due meanwhile ring late. */
  stall(milliseconds: number): void {
    this.#now += milliseconds;
  }

  after(milliseconds: number, run: () => void): { cancel(): void } {
    const alarm = { at: this.#now + Math.max(milliseconds, 0), run };
    this.#alarms.add(alarm);
    return { cancel: () => void this.#alarms.delete(alarm) };
  }

  /** Alarms that are still to come. */
  get pending(): number {
    return this.#alarms.size;
  }

  /** Lets time pass: every alarm rings at its moment, and what promises wait for it happens before the next one does. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settled();
    for (;;) {
      const next = [...this.#alarms].filter(({ at }) => at <= end).sort((left, right) => left.at - right.at)[0];
      if (next === undefined) break;
      this.#alarms.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await settled();
    }
    this.#now = end;
  }
}

/** Resolves when all promises that can go on have gone on; those that wait for sockets or files cannot. */
export async function settled(): Promise<void> {
  // One may wait for the next turn of the event loop, and what it waits for then for another.
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}
