/**
 * The engine of `signpost run`: a program that knows nothing of registries is registered while it is well.
 *
 *     start -> ready -> registered, checked -> (signal) drain -> stop the program -> deregister
 *
 * The program comes first: whatever befalls the registry, the program runs on.
 */
import type { Clock } from '../runtime/clock.ts';
import { pause } from './pause.ts';
import type { Probe } from './probe.ts';
import type { Program } from './program.ts';
import type { Registration } from './registration.ts';

export interface ProgramOptions {
  /** When it counts as ready; null: as soon as it was started. */
  readonly ready: Probe | null;
  /** Milliseconds in which it must be ready; else it is stopped and the exit code is 1. */
  readonly readyTimeoutMs: number;
  /** What tells whether it is well; null: nothing, then it is well for as long as it runs. */
  readonly check: Probe | null;
  readonly checkIntervalMs: number;
  /** What asks it to stop. */
  readonly killSignal: NodeJS.Signals;
  /** Milliseconds that it gets to stop before it is killed. */
  readonly graceMs: number;
  /** Milliseconds to wait after the drain at most. */
  readonly maxDrainMs: number;
}

/** What the engine works with; the command line hands in the real world, tests their own. */
export interface World {
  readonly start: () => Program;
  readonly probe: (probe: Probe) => Promise<boolean>;
  /** Rejects with `AgentError` when the registry will never take the registration. */
  readonly register: () => Promise<Registration>;
  /** Calls `listener` for each signal that this process gets, until the function it returns is called. */
  readonly onSignal: (listener: (signal: NodeJS.Signals) => void) => () => void;
  /** Tells the user one line. */
  readonly tell: (line: string) => void;
  readonly clock: Clock;
}

const readyEveryMs = 250;
/** Failed checks in a row that make it critical; one that passes makes it passing again. */
const fall = 2;

/** Signals that ask to stop; the second one ends the wait for resolvers, the third one the program. */
const stopSignals: ReadonlySet<NodeJS.Signals> = new Set<NodeJS.Signals>(['SIGTERM', 'SIGINT']);

/** Runs the program to its end; resolves with the exit code to pass on. */
export async function runProgram(options: ProgramOptions, world: World): Promise<number> {
  const { clock, tell } = world;
  const program = world.start();
  const over = new AbortController();
  const ended = program.ended.finally(() => over.abort());
  const stops = new Stops();
  const endSignals = world.onSignal((signal) => {
    if (!stopSignals.has(signal)) program.kill(signal);
    else if (stops.count() === 3) program.kill('SIGKILL');
  });
  /** Stops the program: asks, waits, kills. Resolves with its exit code. */
  const stop = async (): Promise<number> => {
    program.kill(options.killSignal);
    await pause(clock, options.graceMs, over.signal);
    if (!over.signal.aborted) {
      tell(`it did not stop within ${options.graceMs / 1000} s of ${options.killSignal}, and is killed`);
      program.kill('SIGKILL');
    }
    return ended;
  };

  try {
    const isReady = await becomesReady(options, world, AbortSignal.any([over.signal, stops.first]));
    if (over.signal.aborted) return await ended;
    if (stops.first.aborted) return await stop();
    if (!isReady) {
      tell(`it was not ready within ${options.readyTimeoutMs / 1000} s`);
      await stop();
      return 1;
    }
    const registration = await world.register().catch((error: unknown) => error as Error);
    if (registration instanceof Error) {
      tell(registration.message);
      await stop();
      return 1;
    }
    const checking =
      options.check && watchHealth(options.check, options.checkIntervalMs, registration, world, over.signal);
    await aborted(AbortSignal.any([over.signal, stops.first]));
    const isRunning = !isAborted(over.signal);
    if (isRunning) {
      const { waitMs } = await registration.drain();
      const patienceMs = Math.min(waitMs, options.maxDrainMs);
      if (patienceMs > 0)
        tell(`out of DNS; it is stopped in ${(patienceMs / 1000).toFixed(1)} s, when nobody can hold it any more`);
      await pause(clock, patienceMs, AbortSignal.any([over.signal, stops.second]));
      await stop();
    }
    await checking;
    await registration.deregister();
    return await ended;
  } finally {
    endSignals();
  }
}

async function becomesReady(
  { ready, readyTimeoutMs }: ProgramOptions,
  { probe, clock }: World,
  signal: AbortSignal,
): Promise<boolean> {
  if (ready === null) return true;
  const deadline = clock.now() + readyTimeoutMs;
  while (!signal.aborted && clock.now() < deadline) {
    if (await probe(ready)) return true;
    await pause(clock, readyEveryMs, signal);
  }
  return false;
}

/** Tells the registry when checks begin to fail or to pass, until the signal aborts. */
async function watchHealth(
  check: Probe,
  intervalMs: number,
  registration: Registration,
  { probe, clock, tell }: World,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  for (;;) {
    await pause(clock, intervalMs, signal);
    if (signal.aborted) return;
    const passed = await probe(check);
    failures = passed ? 0 : failures + 1;
    const wasCritical = registration.status === 'critical';
    if (passed !== wasCritical || (!passed && failures < fall)) continue;
    tell(
      passed
        ? 'its check passes again'
        : `its check failed ${failures} times, and it is taken out of DNS until it passes`,
    );
    // Not waited for: the registry may be down, and the checks go on.
    registration.update({ status: passed ? 'passing' : 'critical' }).catch(() => undefined);
  }
}

/** Counts the requests to stop: the first two each abort a signal. */
class Stops {
  readonly #controllers = [new AbortController(), new AbortController()] as const;
  #count = 0;

  get first(): AbortSignal {
    return this.#controllers[0].signal;
  }

  get second(): AbortSignal {
    return this.#controllers[1].signal;
  }

  /** Takes one more; returns how many there were. */
  count(): number {
    this.#controllers[this.#count]?.abort();
    this.#count += 1;
    return this.#count;
  }
}

/** Asked anew each time: what a signal was before does not last over an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
