/** Where a server listens. */
export interface Endpoint {
  /** IPv4 or IPv6 address, without brackets. */
  readonly host: string;
  /** 0 to 65535; 0 asks for a free one. */
  readonly port: number;
}

/** `127.0.0.1:8053`, `[::1]:8053`. */
export function printEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
