import { describe, expect, it } from 'vitest';
import { Watch } from '../../src/http/watch.ts';
import type { ServiceChange } from '../../src/registry/change.ts';
import { parseService } from '../../src/registry/service.ts';
import { FakeClock } from '../support/clock.ts';

const change = (name: string, revision: number): ServiceChange => ({
  kind: 'service',
  revision,
  before: null,
  after: parseService('svc.internal', name, {}),
});

describe('the revision of a service', () => {
  it('is that of its last change, and that of the start when there was none', () => {
    const watch = new Watch({ revision: 7 }, new FakeClock());
    expect(watch.revisionOf('svc.internal', 'web')).toBe(7);
    watch.take([change('web', 8), change('api', 9)]);
    expect([
      watch.revisionOf('svc.internal', 'web'),
      watch.revisionOf('svc.internal', 'api'),
      watch.revisionOf('svc.internal', null),
    ]).toEqual([8, 9, 9]);
    expect(watch.revisionOf('other.internal', null)).toBe(7);
  });

  it('is never too low, however many services come and go', () => {
    const registry = { revision: 0 };
    const watch = new Watch(registry, new FakeClock());
    for (let n = 1; n <= 150_000; n++) watch.take([change(`s${n}`, n)]);
    expect(watch.revisionOf('svc.internal', 's1')).toBeGreaterThanOrEqual(50_000);
    expect(watch.revisionOf('svc.internal', 's150000')).toBe(150_000);
  });
});
