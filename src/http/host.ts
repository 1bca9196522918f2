/**
 * Requests that a browser was tricked into. A page whose name was made to resolve to this server (DNS rebinding) sends
 * its own name as Host; a page elsewhere that posts to this server says so in Origin. Neither is served.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { Problem } from './problem.ts';

export type CheckHost = (headers: IncomingHttpHeaders) => void;

/** Makes the check for a server that is also called by `hosts`. It throws Problem `misdirected` or `cross-origin`. */
export function hostCheck(hosts: readonly string[]): CheckHost {
  const known = new Set(['localhost', ...hosts.map((host) => host.toLowerCase().replace(/\.$/, ''))]);
  return (headers) => {
    const host = headers.host ?? '';
    const name = hostName(host);
    // An address cannot be made to point elsewhere, and behind a port mapping it need not be one of ours.
    if (!known.has(name) && isIP(name) === 0) {
      const found = host === '' ? 'no Host header' : `Host "${host.slice(0, 255)}"`;
      // RFC 9110 section 15.5.20
      throw new Problem(
        'misdirected',
        `found ${found}, wanted an IP address or one of: ${[...known].join(', ')}; further names: http.hosts`,
      );
    }
    const { origin } = headers;
    if (origin !== undefined && origin.toLowerCase().replace(/^https?:\/\//, '') !== host.toLowerCase()) {
      throw new Problem('cross-origin', `a page of "${origin.slice(0, 255)}" may not call this server`);
    }
  };
}

/** The Host header without port, brackets and final dot, folded. */
function hostName(host: string): string {
  const [, v6, name = ''] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::\d{1,5})?$/.exec(host.toLowerCase()) ?? [];
  return v6 ?? name.replace(/\.$/, '');
}
