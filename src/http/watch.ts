/**
 * Which revision each service was last changed at, and who waits for the next: what ETags and long polls of lists stand
 * on. A renewal changes nothing that is listed.
 */
import { LRUCache } from 'lru-cache';
import type { Change } from '../registry/change.ts';
import type { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';

/** How many services are remembered; for the others the highest revision ever forgotten stands. */
const rememberedServices = 100_000;

export class Watch {
  readonly #clock: Clock;
  readonly #registry: Pick<Registry, 'revision'>;
  readonly #revisions: LRUCache<string, number>;
  /** No service that is not in `#revisions` has changed since this revision. */
  #floor: number;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(registry: Pick<Registry, 'revision'>, clock: Clock) {
    this.#clock = clock;
    this.#registry = registry;
    this.#floor = registry.revision;
    this.#revisions = new LRUCache({
      max: rememberedServices,
      dispose: (forgotten, _key, reason) => {
        if (reason === 'evict') this.#floor = Math.max(this.#floor, forgotten);
      },
    });
  }

  /** Revision of the last change of a service, or of any service of the zone where `service` is null. */
  revisionOf(zone: string, service: string | null): number {
    return this.#revisions.get(keyOf(zone, service)) ?? this.#floor;
  }

  /** Takes over what the registry has committed, and wakes who waited for it. */
  take(changes: readonly Change[]): void {
    const touched = new Set<string>();
    for (const change of changes) {
      if (change.kind === 'instance' && (change.cause === 'late' || change.cause === 'renewed')) continue;
      const { zone, service } = (change.after ?? change.before)!;
      for (const key of [keyOf(zone, service), keyOf(zone, null)]) {
        this.#revisions.set(key, change.revision);
        touched.add(key);
      }
    }
    for (const key of touched) this.#wake(key);
  }

  /** Wakes everyone: the server stops. */
  close(): void {
    for (const key of [...this.#waiting.keys()]) this.#wake(key);
  }

  /** Resolves when the service (null: any of the zone) is newer than `revision`, after `seconds`, or on `signal`. */
  async newerThan(
    revision: number,
    zone: string,
    service: string | null,
    seconds: number,
    signal: AbortSignal,
  ): Promise<void> {
    // A revision from the future was another server's, or ours before a restore: waiting for it would be of no use.
    if (this.revisionOf(zone, service) > revision || revision > this.#registry.revision || signal.aborted) return;
    const key = keyOf(zone, service);
    let waiting = this.#waiting.get(key);
    if (waiting === undefined) this.#waiting.set(key, (waiting = new Set()));
    const others = waiting;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', wake);
        others.delete(wake);
        if (others.size === 0) this.#waiting.delete(key);
        resolve();
      };
      const timer = this.#clock.after(seconds * 1000, wake);
      signal.addEventListener('abort', wake);
      others.add(wake);
    });
  }

  #wake(key: string): void {
    for (const wake of [...(this.#waiting.get(key) ?? [])]) wake();
  }
}

function keyOf(zone: string, service: string | null): string {
  return service === null ? zone : `${service}/${zone}`;
}
