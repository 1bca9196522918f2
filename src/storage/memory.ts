/**
 * The memory store: keeps nothing beyond the process. For tests, and for registries that their instances fill again in
 * a lease.
 */
import type { Instance } from '../registry/instance.ts';
import type { Service } from '../registry/service.ts';
import { stamped, type Store, type StoreSnapshot, type StoreWrite, type Tombstone } from '../registry/store.ts';

export class MemoryStore implements Store {
  readonly #instances = new Map<string, Instance>();
  readonly #services = new Map<string, Service>();
  readonly #tombstones = new Map<string, Tombstone>();
  #revision = 0;

  get revision(): number {
    return this.#revision;
  }

  snapshot(): Promise<StoreSnapshot> {
    const batch = {
      instances: [...this.#instances.values()],
      services: [...this.#services.values()],
      tombstones: [...this.#tombstones.values()],
    };
    // eslint-disable-next-line @typescript-eslint/require-await -- the interface is for stores that read in pieces
    const batches = (async function* () {
      yield batch;
    })();
    return Promise.resolve({ revision: this.#revision, batches });
  }

  commit(writes: readonly StoreWrite[]): Promise<readonly number[]> {
    return Promise.resolve(writes.map((write) => this.#apply(write, ++this.#revision)));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #apply(write: StoreWrite, revision: number): number {
    switch (write.kind) {
      case 'instance':
        this.#instances.set(keyOf(write.value), stamped(write.value, revision));
        this.#tombstones.delete(keyOf(write.value));
        break;
      case 'remove-instance':
        this.#instances.delete(keyOf(write.value));
        this.#tombstones.set(keyOf(write.value), write.tombstone);
        break;
      case 'service':
        this.#services.set(`${write.value.zone}/${write.value.service}`, { ...write.value, revision });
        break;
      case 'remove-service':
        this.#services.delete(`${write.value.zone}/${write.value.service}`);
        break;
      case 'revision':
        break;
    }
    return revision;
  }
}

function keyOf({ zone, service, id }: Pick<Tombstone, 'zone' | 'service' | 'id'>): string {
  return `${zone}/${service}/${id}`;
}
