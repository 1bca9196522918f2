/** A service: settings that hold for all its instances. It exists while it has settings of its own or instances. */

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
  /** Share of instances, 0 to 1, below which the answerable are too few to be believed and all that are not draining are answered; 0: off. */
  readonly panicThreshold: number;
  /** Lease in seconds for registrations that name none; null: the server's default. */
  readonly defaultLease: number | null;
  /** Defaults for checks that leave these out; null: the server's. */
  readonly checkDefaults: { readonly interval?: number; readonly timeout?: number; readonly rise?: number; readonly fall?: number } | null;
}
