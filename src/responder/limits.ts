/**
 * Response rate limiting: a server that answers whoever seems to ask would send large replies to victims whose
 * addresses somebody forges. Each network has two token buckets, one for answers and one for errors and negative
 * answers, which cost an attacker nothing to cause. Their number is fixed; networks that meet in a bucket share it.
 */
import type { Exchange } from './exchange.ts';
import { hashBytes } from '../runtime/hash.ts';
import { isIpv4 } from './networks.ts';

export interface RateLimitSettings {
  /** For one network: /24 of IPv4, /56 of IPv6. */
  readonly responsesPerSecond: number;
  /** Replies that may come at once. */
  readonly burst: number;
  /** Of the replies beyond, each `slip`-th is sent empty and with TC, so that a real client comes by TCP; 0: none. */
  readonly slip: number;
}

/** `slip`: send it empty and with TC. */
export type Verdict = 'send' | 'slip' | 'drop';

const bucketCount = 65_536;
/** Of the rate and the burst, what errors and negative answers get. */
const errorShare = 0.4;
const ipv4PrefixOctets = 3;
const ipv6PrefixOctets = 7;

export class RateLimiter {
  readonly #slip: number;
  readonly #answers: Buckets;
  readonly #errors: Buckets;
  readonly #seed: number;
  #exceeded = 0;

  constructor({ responsesPerSecond, burst, slip }: RateLimitSettings, seed: number) {
    this.#slip = slip;
    this.#answers = new Buckets(responsesPerSecond, burst);
    this.#errors = new Buckets(responsesPerSecond * errorShare, burst * errorShare);
    this.#seed = seed;
  }

  /** What becomes of a reply to the peer of `exchange`. `isError`: it is not an answer with records. */
  judge({ peer, peerStart, receivedAt }: Exchange, isError: boolean): Verdict {
    const buckets = isError ? this.#errors : this.#answers;
    if (buckets.take(this.#bucketOf(peer, peerStart), receivedAt)) return 'send';
    this.#exceeded += 1;
    return this.#slip > 0 && this.#exceeded % this.#slip === 0 ? 'slip' : 'drop';
  }

  #bucketOf(peer: Uint8Array, start: number): number {
    const hash = isIpv4(peer, start)
      ? hashBytes(peer, start + 12, ipv4PrefixOctets, this.#seed)
      : hashBytes(peer, start, ipv6PrefixOctets, this.#seed);
    return hash % bucketCount;
  }
}

/** Token buckets, all of one rate and size. */
class Buckets {
  readonly #perMillisecond: number;
  readonly #size: number;
  readonly #tokens: Float32Array;
  readonly #filledAt = new Float64Array(bucketCount);

  constructor(perSecond: number, size: number) {
    this.#perMillisecond = perSecond / 1000;
    this.#size = Math.max(1, size);
    this.#tokens = new Float32Array(bucketCount).fill(this.#size);
  }

  /** Takes a token at `now`, in milliseconds; false when there is none. */
  take(bucket: number, now: number): boolean {
    const gained = (now - this.#filledAt[bucket]!) * this.#perMillisecond;
    const tokens = Math.min(this.#size, this.#tokens[bucket]! + gained);
    this.#filledAt[bucket] = now;
    this.#tokens[bucket] = tokens >= 1 ? tokens - 1 : tokens;
    return tokens >= 1;
  }
}
