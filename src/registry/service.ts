/** A service: settings that hold for all its instances. It exists while it has settings of its own or instances. */
import { RegistryError } from './error.ts';
import { parseLabel, parseLabels, parseServiceLabel, refuseLongName } from './label.ts';
import { atMost, distinct, numberWithin, wholeNumber } from './range.ts';
import type { SelectorSettings, ServiceSettings } from './registration.ts';

/** What a service answers that has instances or settings, but nothing answerable. */
export const emptyPolicies = ['nodata', 'nxdomain', 'fail-open', 'last-known-good'] as const;
export type EmptyPolicy = (typeof emptyPolicies)[number];

/** A saved query: the instances with all tags of `all` and none of `none`, at most `limit` of them. */
export interface Selector {
  readonly name: string;
  readonly all: readonly string[];
  readonly none: readonly string[];
  /** 1 to 1000; null: no limit. */
  readonly limit: number | null;
}

export interface Service {
  readonly zone: string;
  readonly service: string;
  readonly revision: number;
  /** TTL of its answers in seconds, 1 to 86400; null: the server's default. */
  readonly ttl: number | null;
  /** At most this many instances in one answer, 1 to 1000; null: all. */
  readonly limit: number | null;
  readonly selectors: readonly Selector[];
  readonly emptyPolicy: EmptyPolicy;
  /**
   * Share of instances, 0 to 1, below which the answerable are too few to be believed and all that are not draining are
   * answered; 0: off.
   */
  readonly panicThreshold: number;
  /** Lease in seconds for registrations that name none; null: the server's default. */
  readonly defaultLease: number | null;
  /** Defaults for checks that leave these out; null: the server's. */
  readonly checkDefaults: {
    readonly interval?: number;
    readonly timeout?: number;
    readonly rise?: number;
    readonly fall?: number;
  } | null;
}

const mostSelectors = 64;
const mostSelectorTags = 64;

/** The settings of a service, complete, with revision 0; throws `invalid`. `zone` is folded and served. */
export function parseService(zone: string, name: string, settings: ServiceSettings): Service {
  const service = parseServiceLabel(name);
  return {
    zone,
    service,
    revision: 0,
    ttl: orNull(settings.ttl, (ttl) => wholeNumber(ttl, 1, 86400, 'ttl')),
    limit: orNull(settings.limit, (limit) => wholeNumber(limit, 1, 1000, 'limit')),
    selectors: parseSelectors(settings.selectors ?? [], `${service}.${zone}`),
    emptyPolicy: parseEmptyPolicy(settings.emptyPolicy ?? 'nodata'),
    panicThreshold: numberWithin(settings.panicThreshold ?? 0, 0, 1, 'panicThreshold'),
    defaultLease: orNull(settings.defaultLease, (lease) => numberWithin(lease, 2, 86400, 'defaultLease')),
    checkDefaults: orNull(settings.checkDefaults, parseCheckDefaults),
  };
}

function orNull<T, U>(value: T | null | undefined, parse: (value: T) => U): U | null {
  return value === null || value === undefined ? null : parse(value);
}

function parseSelectors(selectors: readonly SelectorSettings[], parent: string): readonly Selector[] {
  atMost(selectors.length, mostSelectors, 'selectors');
  const parsed = selectors.map((selector, index): Selector => {
    const path = `selectors.${index}`;
    const { all = [], none = [] } = selector;
    atMost(all.length + none.length, mostSelectorTags, path);
    const name = parseLabel(selector.name, `${path}.name`);
    refuseLongName(`${name}._sel.${parent}`, `${path}.name`);
    return {
      name,
      all: parseLabels(all, `${path}.all`),
      none: parseLabels(none, `${path}.none`),
      limit: orNull(selector.limit, (limit) => wholeNumber(limit, 1, 1000, `${path}.limit`)),
    };
  });
  distinct(parsed.map(({ name }) => name), 'selectors');
  return parsed;
}

function parseEmptyPolicy(policy: EmptyPolicy): EmptyPolicy {
  if (emptyPolicies.includes(policy)) return policy;
  throw new RegistryError(
    'invalid',
    `emptyPolicy is ${JSON.stringify(policy)}, wanted one of ${emptyPolicies.join(', ')}`,
    'emptyPolicy',
  );
}

function parseCheckDefaults(
  defaults: NonNullable<ServiceSettings['checkDefaults']>,
): NonNullable<Service['checkDefaults']> {
  const { interval, timeout, rise, fall } = defaults;
  return {
    ...(interval !== undefined && { interval: numberWithin(interval, 1, 3600, 'checkDefaults.interval') }),
    ...(timeout !== undefined && { timeout: numberWithin(timeout, 0.1, 60, 'checkDefaults.timeout') }),
    ...(rise !== undefined && { rise: wholeNumber(rise, 1, 10, 'checkDefaults.rise') }),
    ...(fall !== undefined && { fall: wholeNumber(fall, 1, 10, 'checkDefaults.fall') }),
  };
}
