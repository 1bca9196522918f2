/**
 * What is said of a service's names beyond their records: that they exist, how many records go into an answer, what is
 * out of order.
 */
import { ExtendedError } from '../wire/codes.ts';
import type { Mark } from '../zone/change.ts';
import type { Decision, Mode } from './decision.ts';

type ExtendedErrorOfMark = NonNullable<Mark['extendedError']>;

const unregistered = extendedError(ExtendedError.Other, 'no instance is registered');
const unhealthy = extendedError(ExtendedError.Other, 'no instance is healthy');

const stale = extendedError(ExtendedError.StaleAnswer, 'no instance is healthy: the last healthy ones are answered');

const extendedErrors: Readonly<Record<Mode, ExtendedErrorOfMark | null>> = {
  healthy: null,
  panic: extendedError(ExtendedError.Other, 'too few instances are healthy: all that are not draining are answered'),
  'fail-open': extendedError(ExtendedError.Other, 'no instance is healthy: all that are not draining are answered'),
  'last-known-good': stale,
  nodata: unhealthy,
  nxdomain: unhealthy,
};

/**
 * The mark of a service's name (`limit` null: none), the same object for the same arguments. `instances`: how many are
 * registered, whatever their health. A service exists with nothing to answer too, so its names are NODATA unless its
 * policy wants them denied.
 */
export function markOf({ mode }: Decision, limit: number | null, instances: number): Mark {
  const key = `${mode} ${limit} ${instances === 0}`;
  const known = marks.get(key);
  if (known !== undefined) return known;
  const error = instances === 0 ? unregistered : extendedErrors[mode];
  const mark: Mark = {
    existence: mode === 'nxdomain' ? 'denied' : 'exists',
    ...(limit === null ? {} : { limit }),
    ...(error === null ? {} : { extendedError: error }),
  };
  marks.set(key, mark);
  return mark;
}

// At most modes x limits (1000) x 2 of them; hundreds of thousands of names share a handful.
const marks = new Map<string, Mark>();

function extendedError(infoCode: number, text: string): ExtendedErrorOfMark {
  return { infoCode, text };
}
