/** Which host names are services, and the services behind them: what all integrations share. */
import { LRUCache } from 'lru-cache';
import { isSrvName, sourceDomain } from '../name.ts';
import type { ServiceOptions } from '../options.ts';
import { createResolver, type Resolver } from '../resolver.ts';
import type { Service } from '../service.ts';
import type { Target } from '../target.ts';

export interface RouteOptions {
  /** Resolver to use, which stays open; one of its own with default options unless set. */
  readonly resolver?: Resolver;
  /**
   * Host names that are services, and their SRV names: as a table, or as a function that returns null for other hosts.
   * Host names that look like `_web._tcp.example.com` always are services.
   */
  readonly match?: Readonly<Record<string, string>> | ((hostname: string) => string | null);
  /** Options of the services; `policy` is `p2c` unless set. */
  readonly service?: Omit<ServiceOptions, 'onChange'>;
  /**
   * The name that a TLS certificate must be for: `service` (unless set) is the host name that the caller asked for,
   * without `_service._proto` (RFC 9525 section 6.2); `target` the host name from DNS, which is only as true as DNS is.
   */
  readonly tlsName?: 'service' | 'target';
}

const maxServices = 1000;

/** Host names to services. A service that was not asked for in a long time is closed when there are more than 1000. */
export class Router {
  readonly #options: RouteOptions;
  readonly #resolver: Resolver;
  readonly #services: LRUCache<string, Service>;

  /** `onChange` is called when targets of any of the services change. */
  constructor(options: RouteOptions, onChange: () => void) {
    this.#options = options;
    this.#resolver = options.resolver ?? createResolver();
    this.#services = new LRUCache({
      max: maxServices,
      dispose: (service) => service.close(),
      memoMethod: (name) => this.#resolver.service(name, { policy: 'p2c', ...options.service, onChange }),
    });
  }

  /**
   * The service of a host name; null for hosts that are none. Throws `SrvError` for a name that cannot be asked for.
   */
  find(hostname: string): Service | null {
    const name = this.#nameOf(hostname);
    return name === null ? null : this.#services.memo(name);
  }

  /** The name to verify when `hostname` was asked for and `target` picked. */
  tlsName(hostname: string, target: Target): string {
    return this.#options.tlsName === 'target' ? target.host : sourceDomain(hostname);
  }

  /** Closes the services, and the resolver if it is its own. */
  close(): void {
    this.#services.clear();
    if (this.#options.resolver === undefined) this.#resolver.close();
  }

  #nameOf(hostname: string): string | null {
    if (isSrvName(hostname)) return hostname;
    const { match } = this.#options;
    if (typeof match === 'function') return match(hostname);
    return match && Object.hasOwn(match, hostname) ? match[hostname]! : null;
  }
}
