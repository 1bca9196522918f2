/** What a responder is told when it is made. */
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import type { CacheSettings } from './cache.ts';
import type { Counters } from './counters.ts';
import type { RateLimitSettings } from './limits.ts';

/** Plain data, the same in all workers of a server. */
export interface ResponderSettings {
  /**
   * Largest UDP reply in octets, and the EDNS buffer size that is announced, 512 to 4096; 1232 passes everywhere
   * without fragments.
   */
  readonly udpPayload: number;
  /** Networks in CIDR notation that are answered; all others get REFUSED. */
  readonly allowQuery: readonly string[];
  /** Networks that rate limiting leaves alone. */
  readonly trusted: readonly string[];
  /** Null: no limit. */
  readonly rateLimit: RateLimitSettings | null;
  readonly cache: CacheSettings;
  /** 16 octets each, in hexadecimal; the first makes cookies, all recognise them (RFC 9018). At least one. */
  readonly cookieSecrets: readonly string[];
  /** Name server identifier (RFC 5001); null: none is sent. */
  readonly nsid: string | null;
  /** Answers to version.bind and id.server of class CHAOS, at most 255 octets of UTF-8; null: REFUSED. */
  readonly version: string | null;
  readonly serverId: string | null;
  /** Seconds for which an idle TCP connection is kept (RFC 7828), 0 to 6553. */
  readonly tcpIdle: number;
  /** A random number of 32 bits, drawn at each start: which subset of a large answer a client gets depends on it. */
  readonly seed: number;
}

export interface ResponderParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}
