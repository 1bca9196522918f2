import { describe, expect, test } from 'vitest';
import { decide, isAnswered, verdictOn } from '../../src/publish/decision.ts';
import { type EmptyPolicy } from '../../src/registry/service.ts';
import { anInstance } from './support.ts';

const noOne: ReadonlySet<string> = new Set();

describe('the mode of a service', () => {
  test.each<
    [answerable: number, staying: number, EmptyPolicy, panicThreshold: number, knownGood: string[], mode: string]
  >([
    [3, 3, 'nodata', 0, [], 'healthy'],
    [1, 100, 'nodata', 0, [], 'healthy'],
    [0, 3, 'nodata', 0, [], 'nodata'],
    [0, 0, 'nodata', 0, [], 'nodata'],
    [0, 3, 'nxdomain', 0, [], 'nxdomain'],
    [0, 0, 'nxdomain', 0, [], 'nxdomain'],
    [0, 3, 'fail-open', 0, [], 'fail-open'],
    [0, 0, 'fail-open', 0, [], 'nodata'],
    [1, 3, 'fail-open', 0, [], 'healthy'],
    [0, 3, 'last-known-good', 0, ['a'], 'last-known-good'],
    [0, 3, 'last-known-good', 0, [], 'nodata'],
    [0, 3, 'nodata', 0, ['a'], 'nodata'],
    [1, 3, 'last-known-good', 0, [], 'healthy'],
    [1, 2, 'nodata', 0.5, [], 'healthy'],
    [1, 3, 'nodata', 0.5, [], 'panic'],
    [0, 3, 'nodata', 0.5, [], 'panic'],
    [0, 3, 'nxdomain', 0.01, [], 'panic'],
    [0, 3, 'last-known-good', 0.5, ['a'], 'panic'],
    [0, 0, 'nodata', 0.5, [], 'nodata'],
    [2, 3, 'nodata', 1, [], 'panic'],
    [3, 3, 'nodata', 1, [], 'healthy'],
  ])(
    '%i of %i answerable, %s, panic below %d, known good %o: %s',
    (answerable, staying, emptyPolicy, panicThreshold, knownGood, mode) => {
      expect(decide({ answerable, staying }, { emptyPolicy, panicThreshold }, new Set(knownGood)).mode).toBe(mode);
    },
  );

  test('is nodata without settings and instances', () => {
    expect(decide({ answerable: 0, staying: 0 }, null, noOne)).toEqual({ mode: 'nodata', lastKnownGood: noOne });
  });
});

describe('an instance', () => {
  const failing = { observed: 'critical' } as const;
  const inMode = (
    mode: 'healthy' | 'panic' | 'fail-open' | 'last-known-good' | 'nodata',
    lastKnownGood: string[] = [],
  ) => ({ mode, lastKnownGood: new Set(lastKnownGood) });

  test.each([
    [{}, inMode('healthy'), 'passing', true],
    [{ declared: 'warning' }, inMode('healthy'), 'warning', true],
    [{ observed: 'warning' }, inMode('healthy'), 'warning', true],
    [failing, inMode('healthy'), 'check-critical', false],
    [{ observed: 'unknown' }, inMode('healthy'), 'check-pending', false],
    [{ declared: 'critical' }, inMode('nodata'), 'declared-critical', false],
    [{ declared: 'draining' }, inMode('healthy'), 'draining', false],
    [failing, inMode('panic'), 'panic', true],
    [{}, inMode('panic'), 'passing', true],
    [{ declared: 'draining' }, inMode('panic'), 'draining', false],
    [{ observed: 'unknown' }, inMode('fail-open'), 'fail-open', true],
    [{ declared: 'draining' }, inMode('fail-open'), 'draining', false],
    [failing, inMode('last-known-good', ['a']), 'last-known-good', true],
    [failing, inMode('last-known-good', ['b']), 'check-critical', false],
    [{ declared: 'draining' }, inMode('last-known-good', ['a']), 'draining', false],
  ] as const)('%o in %o: %s', (values, decision, verdict, answered) => {
    expect(verdictOn(anInstance(values), decision)).toBe(verdict);
    expect(isAnswered(anInstance(values), decision)).toBe(answered);
  });
});
