// The soak of the registry: two weeks of fake time, or as many days as the argument says, with a new seed each time.
//   node scripts/soak.js [DAYS]
import { spawnSync } from 'node:child_process';

const days = process.argv[2] ?? '14';
const { status } = spawnSync('npx', ['vitest', 'run', 'test/registry/model.test.ts', '--disable-console-intercept'], {
  env: { ...process.env, SIGNPOST_SOAK_DAYS: days },
  stdio: 'inherit',
});
process.exit(status ?? 1);
