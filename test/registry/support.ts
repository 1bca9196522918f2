/** A registry on a fake clock, with a publisher that remembers. */
import type { Change, InstanceChange } from '../../src/registry/change.ts';
import type { RegistryErrorCode } from '../../src/registry/error.ts';
import type { Caller, Registration } from '../../src/registry/registration.ts';
import type { RegistryParts } from '../../src/registry/parts.ts';
import { Registry } from '../../src/registry/registry.ts';
import { defaultRegistrySettings, type RegistrySettings } from '../../src/registry/settings.ts';
import type { Store } from '../../src/registry/store.ts';
import { openLog } from '../../src/runtime/log.ts';
import { MemoryStore } from '../../src/storage/memory.ts';
import { FakeClock } from '../support/clock.ts';

export const zone = 'svc.internal';
export const silent = openLog('silent', false);

/** A caller on the network without a token. */
export const caller: Caller = { address: '10.0.0.9', tokenId: null, mayTakeOver: false };

export interface Bench {
  readonly registry: Registry;
  readonly clock: FakeClock;
  readonly store: Store;
  /** All changes in the order in which they were published. */
  readonly changes: Change[];
  /** `cause id` of the instance changes, in order. */
  readonly causes: () => string[];
}

export async function openRegistry(
  parts: Partial<Omit<RegistryParts, 'settings'>> & { settings?: Partial<RegistrySettings> } = {},
): Promise<Bench> {
  const clock = (parts.clock as FakeClock | undefined) ?? new FakeClock();
  const store = parts.store ?? new MemoryStore();
  const changes: Change[] = [];
  const registry = await Registry.open({
    store,
    clock,
    log: parts.log ?? silent,
    zones: parts.zones ?? [zone],
    settings: { ...defaultRegistrySettings, ...parts.settings },
    publish: async (published, revision) => {
      changes.push(...published);
      return (await parts.publish?.(published, revision)) ?? { heldFor: 0 };
    },
  });
  const causes = (): string[] =>
    changes
      .filter((change): change is InstanceChange => change.kind === 'instance')
      .map(({ cause, before, after }) => `${cause} ${(after ?? before)!.id}`);
  return { registry, clock, store, changes, causes };
}

/** A registration of instance `id` of service `web`, with what a test is about. */
export function web(id: string, what: Partial<Registration> = {}): Registration {
  return { zone, service: 'web', id, address: '10.0.0.7', port: 8080, ...what };
}

/** The ref of instance `id` of service `web`. */
export function webRef(id: string): { zone: string; service: string; id: string } {
  return { zone, service: 'web', id };
}

/** The error code with which a promise is rejected, or `resolved`. */
export async function codeOf(promise: Promise<unknown>): Promise<RegistryErrorCode | 'resolved'> {
  try {
    await promise;
    return 'resolved';
  } catch (error) {
    return (error as { code: RegistryErrorCode }).code;
  }
}
