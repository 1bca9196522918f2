/**
 * Self-protection: when too many owners stop renewing at once, the fault is more likely the network's or the server's
 * than theirs, and emptying the answers would make it worse. Their scope, a service or everything, is then frozen: no
 * instance of it leaves by timeout. Deregistrations and failed checks by the server still apply.
 */
import type { Entry, RenewalCount, ServiceEntry } from './catalog.ts';
import { serverService } from './label.ts';

/**
 * A scope is frozen when a lease ends in it while more than `share` of its instances, and at least `least`, are late.
 * Owners stop at once but their leases end one by one; counting the late ones sees at the first end what the others
 * will come to.
 */
const serviceThreshold = { share: 0.5, least: 3 };
const wholeThreshold = { share: 0.15, least: 10 };

/** Protection ends when as many instances renew as this share of those that did or should have when it began. */
const recovered = 0.85;

/** A scope under protection, for people and metrics. */
export interface ProtectedScope {
  /** Null: everything. */
  readonly service: { readonly zone: string; readonly name: string } | null;
  /** Wall-clock milliseconds. */
  readonly since: number;
  /** Instances that must renew, and how many of them are late. */
  readonly timed: number;
  readonly late: number;
}

export type ProtectionEnd = 'recovered' | 'time-limit';

/** A scope whose protection is over. */
export interface Unfrozen {
  /** Null: everything. */
  readonly service: ServiceEntry | null;
  readonly reason: ProtectionEnd;
}

export interface ProtectionParts {
  /** Counts of the whole registry. */
  readonly whole: RenewalCount;
  /** Longest protection in seconds; 0: none at all. */
  readonly longest: number;
  readonly wall: () => number;
  /** Told of each beginning, and of each end with its reason. */
  readonly announce: (scope: ProtectedScope, end: ProtectionEnd | null) => void;
}

interface Freeze {
  readonly service: ServiceEntry | null;
  /** Lease time. */
  readonly begun: number;
  readonly since: number;
  /** Counts when it began. */
  readonly timed: number;
  readonly departedLate: number;
}

export class Protection {
  readonly #parts: ProtectionParts;
  readonly #services = new Map<ServiceEntry, Freeze>();
  #whole: Freeze | null = null;

  constructor(parts: ProtectionParts) {
    this.#parts = parts;
  }

  /** True where the entry must not leave by timeout now. Never a server: it renews with itself, whatever the network does. */
  holds({ service }: Entry): boolean {
    if (service.name === serverService) return false;
    return this.#whole !== null || this.#services.has(service);
  }

  /** Judges scopes in which a timeout is due at lease time `now`, and freezes those where too many are late. */
  judge(services: Iterable<ServiceEntry>, now: number): void {
    if (this.#parts.longest === 0 || this.#whole !== null) return;
    if (exceeds(this.#parts.whole, wholeThreshold)) {
      this.#whole = this.#freeze(null, now);
      return;
    }
    this.judgeServices(services, now);
  }

  /** As `judge`, but for services alone. */
  judgeServices(services: Iterable<ServiceEntry>, now: number): void {
    for (const service of services) {
      if (this.#services.has(service) || !exceeds(service.renewals, serviceThreshold)) continue;
      this.#services.set(service, this.#freeze(service, now));
    }
  }

  /** Ends the protections whose reason is gone or whose time is up at lease time `now`, and returns them. */
  unfreeze(now: number): readonly Unfrozen[] {
    const ended: Unfrozen[] = [];
    for (const freeze of [...this.#services.values(), ...(this.#whole === null ? [] : [this.#whole])]) {
      const reason = this.#endOf(freeze, now);
      if (reason === null) continue;
      const { service } = freeze;
      if (service === null) this.#whole = null;
      else this.#services.delete(service);
      this.#parts.announce(this.#scopeOf(freeze), reason);
      ended.push({ service, reason });
    }
    return ended;
  }

  scopes(): readonly ProtectedScope[] {
    const freezes = [...(this.#whole === null ? [] : [this.#whole]), ...this.#services.values()];
    return freezes.map((freeze) => this.#scopeOf(freeze));
  }

  #freeze(service: ServiceEntry | null, now: number): Freeze {
    const { timed, departedLate } = this.#countOf(service);
    const freeze = { service, begun: now, since: this.#parts.wall(), timed, departedLate };
    this.#parts.announce(this.#scopeOf(freeze), null);
    return freeze;
  }

  #endOf(freeze: Freeze, now: number): ProtectionEnd | null {
    const { timed, late, departedLate } = this.#countOf(freeze.service);
    // Who is deregistered while silent will not come back and is not waited for.
    const expected = freeze.timed - (departedLate - freeze.departedLate);
    if (timed - late >= recovered * expected || timed === 0) return 'recovered';
    return now - freeze.begun >= this.#parts.longest * 1000 ? 'time-limit' : null;
  }

  #countOf(service: ServiceEntry | null): RenewalCount {
    return service === null ? this.#parts.whole : service.renewals;
  }

  #scopeOf({ service, since }: Freeze): ProtectedScope {
    const { timed, late } = this.#countOf(service);
    return { service: service === null ? null : { zone: service.zone, name: service.name }, since, timed, late };
  }
}

function exceeds({ timed, late }: RenewalCount, { share, least }: typeof serviceThreshold): boolean {
  return late >= least && late > share * timed;
}
