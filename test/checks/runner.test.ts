import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import type { Outcome, Probe, ProbedCheck } from '../../src/checks/probe.ts';
import { CheckRunner, type CheckRunnerParts } from '../../src/checks/runner.ts';
import type { Change } from '../../src/registry/change.ts';
import type { Check } from '../../src/registry/check.ts';
import type { Instance, Status } from '../../src/registry/instance.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { FakeClock, settled } from '../support/clock.ts';
import { uniform } from '../support/random.ts';
import { anInstance, change } from '../publish/support.ts';
import { forbiddenSpellings } from './spellings.ts';

const timing = { interval: 10, timeout: 3, rise: 2, fall: 3 };
const tcp = (port = 80): Check => ({ type: 'tcp', port, ...timing });
const checked = (values: Partial<Instance> = {}) =>
  anInstance({ checks: [tcp()], observed: 'unknown', addresses: ['192.0.2.1'], ...values });

const runners: CheckRunner[] = [];
afterEach(() => {
  for (const runner of runners.splice(0)) runner.close();
});

/**
 * A runner in fake time, what it probes, and what it tells. `answer` decides each probe; a promise keeps it in flight.
 */
function open(
  answer: (port: number, signal: AbortSignal) => Outcome | Promise<Outcome> = () => 'passing',
  parts: Partial<CheckRunnerParts> = {},
) {
  const clock = new FakeClock();
  const probed: { at: number; address: string; port: number }[] = [];
  const told: [id: string, generation: number, status: Status][] = [];
  const probe: Probe<ProbedCheck> = async (target, _, signal) => {
    probed.push({ at: clock.now(), ...target });
    return answer(target.port, signal);
  };
  const sink = {
    observe: ({ id }: { id: string }, generation: number, status: Status) => {
      told.push([id, generation, status]);
      return Promise.resolve();
    },
  };
  const runner = new CheckRunner({
    clock,
    log: pino({ level: 'silent' }),
    sink,
    ownPorts: [],
    random: uniform(7),
    probe,
    ...parts,
  });
  runners.push(runner);
  const register = (after: Instance, before: Instance | null = null) => runner.take([change(before, after)]);
  return { runner, clock, probed, told, register };
}

/** Gives each outcome in turn, and the last one for ever. */
const inTurn =
  (...outcomes: Outcome[]) =>
  () =>
    outcomes.length > 1 ? outcomes.shift()! : outcomes[0]!;

describe('what is told', () => {
  test('begins with the first pass, soon after the registration', async () => {
    const { clock, told, register } = open();
    register(checked());
    await clock.pass(1200);
    expect(told).toEqual([['a', 1, 'passing']]);
  });

  test('is told when it changes, and not again', async () => {
    const { clock, told, register } = open(
      inTurn('passing', 'passing', 'critical', 'critical', 'critical', 'critical', 'passing', 'passing', 'warning'),
    );
    register(checked());
    await clock.pass(120_000);
    expect(told.map(([, , status]) => status)).toEqual(['passing', 'critical', 'passing', 'warning']);
  });

  test('is the worst of several checks, and nothing good before all have passed', async () => {
    let second: Outcome = 'critical';
    const { clock, told, register } = open((port) => (port === 80 ? 'passing' : second));
    register(checked({ checks: [tcp(80), tcp(81)] }));
    await clock.pass(15_000);
    expect(told).toEqual([]);
    second = 'warning';
    await clock.pass(12_000);
    expect(told.map(([, , status]) => status)).toEqual(['warning']);
  });

  test('is critical where a probe rejects or takes too long', async () => {
    for (const answer of [() => Promise.reject(new Error('no')), () => new Promise<Outcome>(() => undefined)]) {
      const { clock, told, register } = open(answer);
      register(checked());
      await clock.pass(60_000);
      expect(told.map(([, , status]) => status)).toEqual(['critical']);
    }
  });

  test('is told again after the next run where the registry could not take it', async () => {
    const told: Status[] = [];
    let broken = true;
    const { clock, register } = open(() => 'passing', {
      sink: {
        observe: (_, __, status) =>
          broken ? Promise.reject(new Error('store down')) : Promise.resolve(void told.push(status)),
      },
    });
    register(checked());
    await clock.pass(5000);
    broken = false;
    await clock.pass(10_000);
    expect(told).toEqual(['passing']);
  });

  test('goes on from what is known after a restart', async () => {
    const { runner, clock, told, probed } = open(() => 'critical');
    runner.resume([checked({ observed: 'passing' })]);
    while (told.length === 0) await clock.pass(100);
    expect(told).toEqual([['a', 1, 'critical']]);
    expect(probed).toHaveLength(3);
  });

  test('is kept for a new generation that is checked in the same way, and begun anew for another', async () => {
    const { clock, told, register } = open();
    const first = checked();
    register(first);
    await clock.pass(2000);
    const second = checked({ generation: 2, weight: 7, observed: 'passing' });
    register(second, first);
    await clock.pass(20_000);
    expect(told).toEqual([['a', 1, 'passing']]);
    register(checked({ generation: 3, checks: [tcp(81)] }), second);
    await clock.pass(2000);
    expect(told.at(-1)).toEqual(['a', 3, 'passing']);
  });

  test('ends with the instance, also while a probe is under way', async () => {
    let finish: (outcome: Outcome) => void = () => undefined;
    let aborted = false;
    const { clock, told, probed, register, runner } = open(
      (_, signal) =>
        new Promise((resolve) => {
          finish = resolve;
          signal.addEventListener('abort', () => (aborted = true));
        }),
    );
    const instance = checked({ checks: [{ type: 'tcp', port: 80, ...timing, fall: 1 }] });
    register(instance);
    await clock.pass(1200);
    expect(probed).toHaveLength(1);
    runner.take([change(instance, null, 'deregistered')]);
    expect(aborted).toBe(true);
    finish('passing');
    await clock.pass(60_000);
    expect([told.length, probed.length]).toEqual([0, 1]);
  });
});

describe('when', () => {
  test('each run comes within a tenth of the interval, so that runs drift apart', async () => {
    const { clock, probed, register } = open();
    register(checked());
    await clock.pass(600_000);
    const gaps = probed.slice(1).map(({ at }, i) => at - probed[i]!.at);
    expect(gaps.length).toBeGreaterThan(54);
    // Nothing comes early, and nothing later than a tick of 100 ms and the time that looking takes.
    expect(gaps.every((gap) => gap >= 8900 && gap <= 11_200)).toBe(true);
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeGreaterThan(1000);
  });

  test('10,000 checks at a start spread evenly over their interval, at most 64 at a time', async () => {
    let inFlight = 0;
    let most = 0;
    const clock = new FakeClock();
    const { runner, probed } = open(
      async () => {
        most = Math.max(most, ++inFlight);
        await new Promise<void>((resolve) => clock.after(30, resolve));
        inFlight--;
        return 'passing' as const;
      },
      { clock },
    );
    const starts: number[] = [];
    runner.resume(
      Array.from({ length: 10_000 }, (_, i) => checked({ id: `i${i}`, addresses: [`10.0.${i >> 8}.${i & 255}`] })),
    );
    for (let second = 0; second < 10; second++) {
      await clock.pass(1000);
      starts.push(probed.length - starts.reduce((sum, each) => sum + each, 0));
    }
    expect(most).toBeLessThanOrEqual(64);
    // Chi-square with 9 degrees of freedom against 1,000 a second: above 27.9 once in a thousand; the seed is fixed.
    const expected = probed.length / 10;
    expect(probed.length).toBeGreaterThan(9500);
    expect(starts.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0)).toBeLessThan(27.9);
  });

  test('64 probes run and the others wait', async () => {
    const finish: ((outcome: Outcome) => void)[] = [];
    const { runner, clock, probed } = open(() => new Promise((resolve) => finish.push(resolve)));
    runner.take(
      Array.from({ length: 200 }, (_, i): Change => change(null, checked({ id: `i${i}`, addresses: [`10.0.0.${i}`] }))),
    );
    await clock.pass(2000);
    expect(probed).toHaveLength(64);
    for (const end of finish.splice(0)) end('passing');
    await settled();
    expect(probed).toHaveLength(128);
  });

  test('a target is probed by one check at a time, however many instances have it', async () => {
    const finish: ((outcome: Outcome) => void)[] = [];
    const { runner, clock, probed } = open(() => new Promise((resolve) => finish.push(resolve)));
    runner.take(['a', 'b', 'c'].map((id) => change(null, checked({ id, checks: [tcp(80), tcp(81)] }))));
    await clock.pass(1500);
    expect(probed.map(({ port }) => port).sort()).toEqual([80, 81]);
    for (let round = 1; round < 3; round++) {
      for (const end of finish.splice(0)) end('passing');
      await settled();
    }
    expect(probed.map(({ port }) => port).sort()).toEqual([80, 80, 80, 81, 81, 81]);
  });

  test('what another server checks is left to it, until it is ours', async () => {
    let ours = false;
    const { clock, probed, register } = open(() => 'passing', { isOurs: () => ours });
    register(checked());
    await clock.pass(30_000);
    expect(probed).toEqual([]);
    ours = true;
    await clock.pass(12_000);
    expect(probed.length).toBeGreaterThan(0);
  });

  test('ttl checks are none of its business', async () => {
    const { clock, probed, told, register } = open();
    register(checked({ checks: [{ type: 'ttl', interval: 10 }] }));
    await clock.pass(60_000);
    expect([probed, told]).toEqual([[], []]);
  });
});

test('outcomes are counted by kind', async () => {
  const { runner, clock, register } = open(inTurn('passing', 'critical', 'passing'));
  register(checked());
  await clock.pass(25_000);
  expect(runner.results()).toEqual([
    { type: 'tcp', result: 'passing', count: 2 },
    { type: 'tcp', result: 'critical', count: 1 },
  ]);
});

test('after close nothing is probed or told', async () => {
  const { runner, clock, probed, told, register } = open();
  register(checked());
  runner.close();
  await clock.pass(60_000);
  expect([probed, told, clock.pending]).toEqual([[], [], 0]);
});

test('no spelling of a forbidden address gets a connection out of it', async () => {
  let visits = 0;
  const canaries = [createHttpServer(), createHttpServer()];
  const [port] = await Promise.all(
    ['127.0.0.1', '::1'].map(
      (host, i) =>
        new Promise<number>((resolve) => {
          canaries[i]!.on('connection', () => visits++);
          canaries[i]!.listen(0, host, () => resolve((canaries[i]!.address() as AddressInfo).port));
        }),
    ),
  );
  const second = (canaries[1]!.address() as AddressInfo).port;
  const told: Status[] = [];
  const soon = { interval: 1, timeout: 1, rise: 1, fall: 1 };
  const runner = new CheckRunner({
    clock: { ...systemClock, after: (ms, run) => systemClock.after(ms / 20, run), now: () => systemClock.now() * 20 },
    log: pino({ level: 'silent' }),
    sink: { observe: (_, __, status) => Promise.resolve(void told.push(status)) },
    ownPorts: [],
  });
  runners.push(runner);
  const kinds = (port: number): Check[] => [
    { type: 'http', path: '/', port, ...soon },
    { type: 'https', path: '/', port, ...soon },
    { type: 'tcp', port, ...soon },
    { type: 'grpc', grpcService: '', port, ...soon },
  ];
  runner.take(
    forbiddenSpellings.map((address, i) =>
      change(
        null,
        checked({
          id: `i${i}`,
          addresses: [address],
          registeredFrom: '192.0.2.1',
          checks: [...kinds(port!), ...kinds(second)],
        }),
      ),
    ),
  );
  while (told.length < forbiddenSpellings.length) await settled();
  expect(visits).toBe(0);
  expect(new Set(told)).toEqual(new Set(['critical']));
  // The same from loopback itself gets through: the canaries sing.
  runner.take([
    change(
      null,
      checked({
        id: 'here',
        addresses: ['127.0.0.1'],
        registeredFrom: '127.0.0.1',
        checks: [{ type: 'tcp', port: port!, ...soon }],
      }),
    ),
  ]);
  while (!told.includes('passing')) await settled();
  expect(visits).toBe(1);
  for (const canary of canaries) canary.close();
});
