/** What the HTTP server wants to know. All durations in seconds, sizes in octets. */

export interface ListenAddress {
  /** IPv4 or IPv6 address, without brackets. */
  readonly host: string;
  /** 0 to 65535; 0 asks for a free one. */
  readonly port: number;
}

export interface TlsSettings {
  /** Paths of PEM files: certificate chain and its private key. Read again when they change. */
  readonly cert: string;
  readonly key: string;
  /** Path of the authorities (PEM) that client certificates must be signed by; null: none are asked for. */
  readonly clientCa: string | null;
}

export interface AuditSettings {
  /** Path of the file that gets a JSON line for every write. */
  readonly file: string;
  /** True: writes are refused with 503 while the file cannot be written. */
  readonly required: boolean;
}

export interface WebhookSettings {
  /** Gets every fault event by POST. */
  readonly url: string;
}

export interface HttpSettings {
  readonly listen: readonly ListenAddress[];
  /** Host names, besides `localhost` and IP addresses, by which requests may call this server. */
  readonly hosts: readonly string[];
  readonly tls: TlsSettings | null;
  /** Path of the grants file (tokens.ts); it need not exist. */
  readonly tokens: string;
  /** `open`: whoever reaches the server may read, as everybody may read DNS. `token`: reading takes a grant, too. */
  readonly reads: 'open' | 'token';
  /** Requests a second for each grant and each foreign address, with a burst of five times as many; 0: no limit. */
  readonly requestsPerSecond: number;
  readonly audit: AuditSettings | null;
  readonly webhook: WebhookSettings | null;
}

/** Bounds that nobody has had a reason to set. */
export const httpLimits = {
  /** Octets of a request body, and of a batch renew's. */
  body: 64 * 1024,
  batchBody: 1024 * 1024,
  /** Octets of all headers with the request line, and of the URL. */
  headers: 8 * 1024,
  url: 4 * 1024,
  /** Seconds until all headers, and the whole request, must have come. Answers may take longer. */
  headersTimeout: 5,
  requestTimeout: 10,
  /** Seconds an idle connection is kept: longer than proxies keep theirs, so that it is never us who hangs up first. */
  keepAlive: 72,
  /** Connections in all, and of one address that is not loopback. */
  connections: 20_000,
  connectionsPerAddress: 1_000,
  /** Seconds that requests may take to end when the server stops. */
  closeGrace: 5,
  /** Seconds a long poll may wait. */
  longPoll: 300,
} as const;
