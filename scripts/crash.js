// Kills a process that writes to the registry, 200 times or as often as the argument says, and looks what is left.
//   node scripts/crash.js [ROUNDS]
import { spawnSync } from 'node:child_process';

const rounds = process.argv[2] ?? '200';
const { status } = spawnSync('npx', ['vitest', 'run', 'test/storage/crash.test.ts', '--disable-console-intercept'], {
  env: { ...process.env, SIGNPOST_CRASH_ROUNDS: rounds },
  stdio: 'inherit',
});
process.exit(status ?? 1);
