/**
 * A server among the instances of the service `_signpost`, in each zone, so that clients, agents and the zone itself
 * find the servers that there are. It is a user of the registry like any other: it renews, what it does not renew ends,
 * and at a clean stop it deregisters.
 */
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import type { RegistryErrorCode } from './error.ts';
import { serverService } from './label.ts';
import type { Caller, InstanceRef, Registration } from './registration.ts';
import type { Registry } from './registry.ts';

export interface MembershipParts {
  readonly registry: Pick<Registry, 'register' | 'renew' | 'deregister' | 'zones'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of this server, unique among all that share the store: the id of its instances. */
  readonly server: string;
  readonly where: Pick<Registration, 'addresses' | 'port' | 'ports' | 'meta'>;
}

/** Seconds. A server that dies is gone after it; a third of it later it has renewed, if it lives. */
const lease = 15;

const self: Caller = { address: null, tokenId: null, mayTakeOver: true };

/** Errors after which an instance is to be registered anew. */
const lost: ReadonlySet<RegistryErrorCode> = new Set(['not-found', 'gone', 'replaced']);

export class Membership {
  readonly #parts: MembershipParts;
  /** By zone. */
  readonly #generations = new Map<string, number>();
  #work: Promise<void>;
  #timer: Timer | null = null;
  /** What the registry refused last, until it takes something: logged once. */
  #refusal: string | null = null;
  #closed = false;

  /** Registers at once; what the store refuses now is tried again until `leave`. */
  constructor(parts: MembershipParts) {
    this.#parts = parts;
    this.#work = this.#renew();
  }

  /** Resolves when the first try to register has come to something. */
  get begun(): Promise<void> {
    return this.#work;
  }

  /** Deregisters, if the store takes it. */
  async leave(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#work;
    const { registry } = this.#parts;
    await Promise.all([...this.#generations].map(([zone, generation]) =>
      this.#try(() => registry.deregister(this.#ref(zone), generation, self)),
    ));
  }

  async #renew(): Promise<void> {
    await Promise.all(this.#parts.registry.zones.map((zone) => this.#try(() => this.#renewIn(zone))));
    if (this.#closed) return;
    this.#timer = this.#parts.clock.after((lease * 1000) / 3, () => {
      this.#work = this.#renew();
    });
  }

  async #renewIn(zone: string): Promise<void> {
    const { registry, where } = this.#parts;
    const generation = this.#generations.get(zone);
    if (generation !== undefined) {
      const [result] = await registry.renew([{ ...this.#ref(zone), generation }], self);
      if (!('error' in result!)) return;
      if (!lost.has(result.error.code)) throw result.error;
    }
    const { instance } = await registry.register({ ...where, ...this.#ref(zone), lease }, self);
    this.#generations.set(zone, instance.generation);
  }

  #ref(zone: string): InstanceRef {
    return { zone, service: serverService, id: this.#parts.server };
  }

  async #try(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.#refusal = null;
    } catch (error) {
      const { message } = error as Error;
      const level = message === this.#refusal ? 'debug' : 'warn';
      this.#parts.log[level]({ err: error }, 'the registry did not take what this server says of itself');
      this.#refusal = message;
    }
  }
}
