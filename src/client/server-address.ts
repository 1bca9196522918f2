/** Addresses of DNS servers: as options, the environment and the system give them. */
import { getServers } from 'node:dns';
import { isIP } from 'node:net';

export interface ServerAddress {
  readonly address: string;
  readonly port: number;
  /** As people write it: `127.0.0.1:53`, `[::1]:53`. */
  readonly text: string;
}

/** The servers to ask: `servers` where given, else `SIGNPOST_DNS`, else the system's. */
export function chooseServers(servers: readonly string[] | undefined, env: NodeJS.ProcessEnv): ServerAddress[] {
  const fromEnv = env['SIGNPOST_DNS']
    ?.split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  const chosen = servers ?? (fromEnv?.length ? fromEnv : getServers());
  if (chosen.length === 0) throw new RangeError('servers is empty, wanted at least one DNS server');
  return chosen.map(readServer);
}

/** Reads `10.0.0.2`, `10.0.0.2:8053`, `::1` or `[::1]:8053`. Throws RangeError for anything else. */
export function readServer(text: string): ServerAddress {
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]+)\]|([^:[\]]+|[^[\]]*:[^[\]]*:[^[\]]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? '';
  const number = port === undefined ? 53 : Number(port);
  if (isIP(address) === 0 || number < 1 || number > 65_535) {
    throw new RangeError(
      `found the DNS server "${text}", wanted an address with an optional port, such as 127.0.0.1:8053 or [::1]:53`,
    );
  }
  return { address, port: number, text: joinAuthority(address, number) };
}

/** `address:port`, with an IPv6 address in brackets (RFC 3986 section 3.2.2). */
export function joinAuthority(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
