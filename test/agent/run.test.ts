import { describe, expect, it } from 'vitest';
import { register } from '../../src/agent/index.ts';
import type { Program } from '../../src/agent/program.ts';
import { type ProgramOptions, runProgram } from '../../src/agent/run.ts';
import { FakeClock } from '../support/clock.ts';
import { FakeRegistry } from '../support/fake-registry.ts';

/** A program in fake time, and all that happens to it and to its registration, each with its time in seconds. */
interface Stage {
  readonly clock: FakeClock;
  readonly registry: FakeRegistry;
  readonly happened: string[];
  /** What probes find. */
  isUp: boolean;
  /** Ends the program as if by itself. */
  end(code: number): void;
  signal(signal: NodeJS.Signals): void;
  /** The exit code of the run. */
  readonly code: Promise<number>;
}

interface StageOptions extends Partial<ProgramOptions> {
  /** Whether the program stops when it is asked to; it does with code 0 unless set. */
  readonly stubborn?: boolean;
  /** Whether it takes connections from the start; it does unless set. */
  readonly slow?: boolean;
  readonly registry?: (registry: FakeRegistry) => void;
}

function play({ stubborn = false, slow = false, registry: prepare, ...options }: StageOptions = {}): Stage {
  const clock = new FakeClock();
  const registry = new FakeRegistry(clock);
  prepare?.(registry);
  const happened: string[] = [];
  const note = (what: string): void => void happened.push(`${clock.now() / 1000} ${what}`);
  const listeners = new Set<(signal: NodeJS.Signals) => void>();
  let finish: (code: number) => void = () => undefined;
  const program: Program = {
    ended: new Promise((resolve) => (finish = resolve)),
    kill(signal) {
      note(signal);
      if (signal === 'SIGKILL') finish(137);
      else if (signal === 'SIGTERM' && !stubborn) finish(0);
    },
  };
  const stage = {
    clock,
    registry,
    happened,
    isUp: !slow,
    end: (code: number) => finish(code),
    signal: (signal: NodeJS.Signals) => listeners.forEach((listener) => listener(signal)),
  };
  const defaults: ProgramOptions = {
    ready: { kind: 'tcp' },
    readyTimeoutMs: 30_000,
    check: null,
    checkIntervalMs: 5000,
    killSignal: 'SIGTERM',
    graceMs: 10_000,
    maxDrainMs: 15_000,
  };
  const code = runProgram(
    { ...defaults, ...options },
    {
      start: () => program,
      probe: () => Promise.resolve(stage.isUp),
      async register() {
        const registration = await register({
          service: 'web',
          id: 'a',
          port: 80,
          clock,
          fetch: registry.fetch,
          random: () => 0.5,
        });
        note('registered');
        registration.on('draining', () => note('draining'));
        registration.on('deregistered', () => note('deregistered'));
        return registration;
      },
      onSignal(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      tell: () => undefined,
      clock,
    },
  );
  return Object.assign(stage, { code });
}

describe('a program that is run', () => {
  it('is registered when it is ready, and not before', async () => {
    const stage = play({ slow: true });
    await stage.clock.pass(3000);
    expect(stage.registry.instances.size).toBe(0);
    stage.isUp = true;
    await stage.clock.pass(300);
    expect(stage.registry.find('web/a')).toBeDefined();
  });

  it('is stopped with exit code 1 when it does not become ready in time', async () => {
    const stage = play({ slow: true });
    await stage.clock.pass(30_250);
    expect(await stage.code).toBe(1);
    expect(stage.happened).toEqual(['30 SIGTERM']);
  });

  it('is drained, asked to stop when no resolver holds it any more, and deregistered last', async () => {
    const stage = play();
    await stage.clock.pass(1000);
    stage.signal('SIGTERM');
    await stage.clock.pass(20_000);
    expect(await stage.code).toBe(0);
    expect(stage.happened).toEqual(['0 registered', '1 draining', '7 SIGTERM', '7 deregistered']);
    expect(stage.clock.pending).toBe(0);
  });

  it('is killed when it does not stop within its grace', async () => {
    const stage = play({ stubborn: true });
    await stage.clock.pass(1000);
    stage.signal('SIGTERM');
    await stage.clock.pass(60_000);
    expect(await stage.code).toBe(137);
    expect(stage.happened.slice(2)).toEqual(['7 SIGTERM', '17 SIGKILL', '17 deregistered']);
  });

  it('is asked to stop at once by a second signal, and killed by a third', async () => {
    const stage = play({ stubborn: true });
    await stage.clock.pass(1000);
    stage.signal('SIGINT');
    await stage.clock.pass(500);
    stage.signal('SIGINT');
    await stage.clock.pass(500);
    stage.signal('SIGINT');
    await stage.clock.pass(500);
    expect(await stage.code).toBe(137);
    expect(stage.happened.slice(1)).toEqual(['1 draining', '1.5 SIGTERM', '2 SIGKILL', '2 deregistered']);
  });

  it('that ends by itself is deregistered at once, and its exit code passed on', async () => {
    const stage = play();
    await stage.clock.pass(1000);
    stage.end(42);
    expect(await stage.code).toBe(42);
    expect(stage.happened).toEqual(['0 registered', '1 deregistered']);
    expect(stage.clock.pending).toBe(0);
  });

  it('that ends before it was ready is never registered', async () => {
    const stage = play({ slow: true });
    await stage.clock.pass(1000);
    stage.end(3);
    expect(await stage.code).toBe(3);
    expect(stage.registry.requests).toEqual([]);
  });

  it('that is told to stop before it was ready is stopped', async () => {
    const stage = play({ slow: true });
    await stage.clock.pass(1000);
    stage.signal('SIGTERM');
    expect(await stage.code).toBe(0);
    expect(stage.happened).toEqual(['1 SIGTERM']);
  });

  it('gets other signals as they come', async () => {
    const stage = play();
    await stage.clock.pass(1000);
    stage.signal('SIGHUP');
    stage.signal('SIGUSR2');
    await stage.clock.pass(60_000);
    expect(stage.happened).toEqual(['0 registered', '1 SIGHUP', '1 SIGUSR2']);
  });

  it('runs on whatever befalls the registry', async () => {
    const stage = play({ registry: (registry) => (registry.trouble = 'down') });
    await stage.clock.pass(600_000);
    stage.registry.trouble = null;
    await stage.clock.pass(40_000);
    expect(stage.registry.find('web/a')).toBeDefined();
    stage.registry.trouble = 'silent';
    await stage.clock.pass(600_000);
    expect(stage.happened).toEqual(['0 registered']);
    stage.end(0);
    await stage.clock.pass(10_000);
    expect(await stage.code).toBe(0);
  });

  it('is stopped when the registry will never take it', async () => {
    const stage = play({ registry: (registry) => (registry.trouble = { status: 400, code: 'invalid-name' }) });
    await stage.clock.pass(1000);
    expect(await stage.code).toBe(1);
    expect(stage.happened).toEqual(['0 SIGTERM']);
  });

  it('is critical after two failed checks in a row, and passing after one that passes', async () => {
    const stage = play({ check: { kind: 'http', path: '/' } });
    const statuses: (string | undefined)[] = [];
    for (const isUp of [true, false, true, false, false, false, true, true]) {
      stage.isUp = isUp;
      await stage.clock.pass(5000);
      statuses.push(stage.registry.find('web/a')?.status);
    }
    expect(statuses).toEqual([
      'passing',
      'passing',
      'passing',
      'passing',
      'critical',
      'critical',
      'passing',
      'passing',
    ]);
  });
});
