import { expect, test } from 'vitest';
import { type CheckStatus, Streak, worstOf } from '../../src/checks/streak.ts';
import type { Outcome } from '../../src/checks/probe.ts';

const outcomes: Record<string, Outcome> = { p: 'passing', w: 'warning', c: 'critical' };

test.each<[from: CheckStatus, outcomes: string, statuses: string]>([
  ['unknown', 'p', 'passing'],
  ['unknown', 'w', 'warning'],
  ['unknown', 'c', 'unknown'],
  ['unknown', 'cc', 'unknown unknown'],
  ['unknown', 'ccc', 'unknown unknown critical'],
  ['unknown', 'ccp', 'unknown unknown passing'],
  ['unknown', 'cpc', 'unknown passing passing'],
  ['passing', 'ccpcc', 'passing passing passing passing passing'],
  ['passing', 'ccc', 'passing passing critical'],
  ['passing', 'wp', 'warning passing'],
  ['warning', 'ccc', 'warning warning critical'],
  ['critical', 'p', 'critical'],
  ['critical', 'pp', 'critical passing'],
  ['critical', 'pcpp', 'critical critical critical passing'],
  ['critical', 'pw', 'critical warning'],
  ['critical', 'ppccpp', 'critical passing passing passing passing passing'],
])('rise 2, fall 3: from %s, %s comes to %s', (from, given, statuses) => {
  const streak = new Streak({ rise: 2, fall: 3 }, from);
  const seen = Array.from(given, (letter) => {
    streak.take(outcomes[letter]!);
    return streak.status;
  });
  expect(seen.join(' ')).toBe(statuses);
});

test('one of each is enough where rise and fall are 1', () => {
  const streak = new Streak({ rise: 1, fall: 1 }, 'passing');
  streak.take('critical');
  expect(streak.status).toBe('critical');
  streak.take('passing');
  expect(streak.status).toBe('passing');
});

test.each<[CheckStatus[], CheckStatus]>([
  [['passing'], 'passing'],
  [['passing', 'warning'], 'warning'],
  [['passing', 'unknown', 'warning'], 'unknown'],
  [['passing', 'unknown', 'critical'], 'critical'],
])('%o together are %s', (statuses, together) => {
  expect(worstOf(statuses)).toBe(together);
});
