import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    // Real servers on a machine that others use too: the gate tries once more and says so, a developer sees the first failure.
    retry: process.env['CI'] === 'true' ? 1 : 0,
  },
});
