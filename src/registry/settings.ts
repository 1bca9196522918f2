/** What an operator may set of the registry. */
export interface RegistrySettings {
  /** Lease in seconds of registrations that name none, 2 to 86400. */
  readonly defaultLease: number;
  /** Longest TTL in seconds of answers where neither instance nor service sets one. */
  readonly longestDefaultTtl: number;
  readonly mostInstances: number;
  readonly mostInstancesPerService: number;
  readonly mostServices: number;
  /** Writes that may wait for the store before further ones are refused. */
  readonly mostWaitingWrites: number;
  /** Seconds after which self-protection ends in any case; 0: no self-protection. */
  readonly longestProtection: number;
  /** Events that are kept for watchers who come back. */
  readonly keptEvents: number;
}

export const defaultRegistrySettings: RegistrySettings = {
  defaultLease: 30,
  longestDefaultTtl: 30,
  mostInstances: 2_000_000,
  mostInstancesPerService: 100_000,
  mostServices: 200_000,
  mostWaitingWrites: 4096,
  longestProtection: 3600,
  keptEvents: 10_000,
};
