/** The Grafana dashboard asks for metrics that there are. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

it('asks only for metrics that the server has', async () => {
  const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), 'utf8');
  const asked = new Set((await read('../../docs/grafana.json')).match(/\bsignpost_\w+/g));
  const declared = new Set((await read('../../src/http/metrics.ts')).match(/\bsignpost_\w+/g));
  const unknown = [...asked].filter((name) => !declared.has(name.replace(/_bucket$/, '')));
  expect(unknown).toEqual([]);
  expect(asked.size).toBeGreaterThan(10);
});
