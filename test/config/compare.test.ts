import { expect, it } from 'vitest';
import { differingOptions } from '../../src/config/compare.ts';
import { makeConfig } from '../../src/config/load.ts';

const config = (text: string) => makeConfig({ file: 'signpost.yaml', text }, { variables: {}, flags: {} });

it('names the options that differ', () => {
  const [before, after] = [config('dns: { io: auto }\n'), config('dns: { io: portable, listen: 127.0.0.1:1 }\n')];
  expect(differingOptions(before, after)).toEqual(['dns.listen', 'dns.io']);
  expect(differingOptions(before, config(''))).toEqual([]);
});
