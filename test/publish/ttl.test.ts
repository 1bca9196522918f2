import { expect, test } from 'vitest';
import { instanceAnswerTtl, serviceAnswerTtl } from '../../src/publish/ttl.ts';
import { anInstance, aService } from './support.ts';

test.each([
  // instance, service, lease, late: TTL of service answers, of the instance's own names
  { ttl: null, service: null, lease: null, late: false, answer: 5, own: 30 },
  { ttl: null, service: 60, lease: null, late: false, answer: 60, own: 30 },
  { ttl: 120, service: 60, lease: null, late: false, answer: 120, own: 30 },
  { ttl: 86400, service: null, lease: null, late: false, answer: 86400, own: 30 },
  { ttl: 120, service: null, lease: 30, late: false, answer: 17, own: 17 },
  { ttl: 120, service: null, lease: 2, late: false, answer: 5, own: 5 },
  { ttl: 1, service: null, lease: 2, late: false, answer: 1, own: 5 },
  { ttl: null, service: 60, lease: 86400, late: false, answer: 60, own: 30 },
  { ttl: 120, service: null, lease: 30, late: true, answer: 5, own: 5 },
  { ttl: 2, service: null, lease: 30, late: true, answer: 2, own: 5 },
  { ttl: null, service: null, lease: 2.5, late: false, answer: 5, own: 6 },
])(
  'ttl $ttl, service $service, lease $lease, late $late: $answer for the service, $own for the instance',
  ({ ttl, service, lease, late, answer, own }) => {
    const instance = anInstance({ ttl, lease, late });
    expect(serviceAnswerTtl(instance, service === null ? null : aService({ ttl: service }), 5)).toBe(answer);
    expect(instanceAnswerTtl(instance)).toBe(own);
  },
);
