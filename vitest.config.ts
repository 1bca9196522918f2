import { configDefaults, defineConfig } from 'vitest/config';
import { toolsMissing } from './test/support/tools.ts';

const onEtcd = [
  'test/storage/etcd/{store,model,access}.test.ts', 'test/storage/migrate.test.ts', 'test/cli/restore-etcd.test.ts',
  'test/e2e/cluster.test.ts', 'test/e2e/cluster-faults.test.ts', 'test/skydns/source.test.ts',
  'test/e2e/skydns.test.ts',
];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(toolsMissing('etcd') ? onEtcd : [])],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    // Real servers on a machine that others use too: the gate tries once more and says so, a developer sees the first failure.
    retry: process.env['CI'] === 'true' ? 1 : 0,
  },
});
