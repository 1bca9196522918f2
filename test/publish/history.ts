/** Arbitrary histories: batches of registrations, health, settings and departures, as the registry would tell them. */
import fc from 'fast-check';
import type { Change } from '../../src/registry/change.ts';
import type { Instance } from '../../src/registry/instance.ts';
import { emptyPolicies, type Service } from '../../src/registry/service.ts';
import { type ExpectedService, isHealthy } from './expected.ts';
import { anInstance, aService, change, settingsChange } from './support.ts';

const services = ['web', 'db'];
const ids = ['a', 'b', 'c', 'd'];
const tags = ['v1', 'v2', 'eu'];
const addresses = ['10.0.0.1', '10.0.0.2', 'fd00::1'];

const someOf = <Value>(values: readonly Value[], least = 0) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: least });

const registered = fc.record({
  addresses: someOf(addresses, 1),
  port: fc.constantFrom(null, 80, 81),
  protocol: fc.constantFrom('tcp', 'udp'),
  ports: fc.constantFrom(
    [],
    [{ name: 'grpc', port: 90, protocol: 'tcp' as const }],
    [{ name: 'grpc', port: 91, protocol: 'udp' as const }],
  ),
  priority: fc.constantFrom(10, 20),
  weight: fc.constantFrom(0, 1, 100),
  tags: someOf(tags),
  meta: fc.constantFrom({}, { k: 'v' }),
  ttl: fc.constantFrom(null, 3, 60),
  lease: fc.constantFrom(null, 6, 60),
  declared: fc.constantFrom('passing', 'passing', 'passing', 'warning', 'critical', 'draining'),
  observed: fc.constantFrom(null, null, 'passing', 'warning', 'critical', 'unknown'),
  late: fc.boolean(),
}) satisfies fc.Arbitrary<Partial<Instance>>;

const configured = fc.record({
  ttl: fc.constantFrom(null, 20),
  limit: fc.constantFrom(null, 2),
  selectors: fc.constantFrom(
    [],
    [{ name: 'best', all: ['v2'], none: ['eu'], limit: 1 }],
    [{ name: 'any', all: [], none: [], limit: null }],
  ),
  emptyPolicy: fc.constantFrom(...emptyPolicies),
  panicThreshold: fc.constantFrom(0, 0, 0.5),
}) satisfies fc.Arbitrary<Partial<Service>>;

type Event =
  | { kind: 'put'; service: string; id: string; values: Partial<Instance> }
  | { kind: 'observe'; service: string; id: string; observed: 'passing' | 'critical' }
  | { kind: 'remove'; service: string; id: string }
  | { kind: 'configure'; service: string; values: Partial<Service> | null };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('put'),
      service: fc.constantFrom(...services),
      id: fc.constantFrom(...ids),
      values: registered,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('observe'),
      service: fc.constantFrom(...services),
      id: fc.constantFrom(...ids),
      observed: fc.constantFrom('passing', 'critical'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('remove'),
      service: fc.constantFrom(...services),
      id: fc.constantFrom(...ids),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('configure'),
      service: fc.constantFrom(...services),
      values: fc.option(configured),
    }),
  },
);

export const history = fc.array(fc.array(event, { minLength: 1, maxLength: 6 }), { maxLength: 20 });

/** Plays events like a registry: says what changes, and remembers what there is. */
export class FakeRegistry {
  readonly #instances = new Map<string, Map<string, Instance>>(
    services.map((name) => [name, new Map<string, Instance>()]),
  );
  readonly #settings = new Map<string, Service>();
  readonly #good = new Map<string, string[]>(services.map((name) => [name, []]));
  #revision = 0;

  /** What a batch of events changes. */
  play(events: readonly Event[]): Change[] {
    const healthyBefore = new Map(services.map((name) => [name, this.#healthy(name)]));
    const left = new Set<Instance['id']>();
    const changes = events.map((each) => this.#playOne(each)).filter((each) => each !== null);
    for (const each of changes) {
      if (each.kind === 'instance' && (each.after === null || each.after.declared === 'draining')) {
        left.add(`${each.before?.service ?? each.after!.service}/${(each.before ?? each.after!).id}`);
      }
    }
    for (const name of services) {
      const before = healthyBefore.get(name)!;
      const good = this.#healthy(name).length > 0 ? [] : before.length > 0 ? before : this.#good.get(name)!;
      this.#good.set(
        name,
        good.filter((id) => !left.has(`${name}/${id}`)),
      );
    }
    return changes;
  }

  services(): ExpectedService[] {
    return services.map((name) => ({
      name,
      settings: this.#settings.get(name) ?? null,
      instances: [...this.#instances.get(name)!.values()],
      lastKnownGood: this.#good.get(name)!,
    }));
  }

  /** Everything there is, as if read from a store. */
  loaded(): Change[] {
    return this.services().flatMap(({ settings, instances }) => [
      ...instances.map((instance) => change(null, instance, 'loaded')),
      ...(settings === null ? [] : [settingsChange(null, settings)]),
    ]);
  }

  get revision(): number {
    return this.#revision;
  }

  #healthy(name: string): string[] {
    return [...this.#instances.get(name)!.values()].filter(isHealthy).map(({ id }) => id);
  }

  #playOne(each: Event): Change | null {
    if (each.kind === 'configure') {
      const before = this.#settings.get(each.service) ?? null;
      if (before === null && each.values === null) return null;
      const after =
        each.values === null ? null : aService({ service: each.service, revision: ++this.#revision, ...each.values });
      if (after === null) this.#settings.delete(each.service);
      else this.#settings.set(each.service, after);
      return settingsChange(before, after, after?.revision ?? ++this.#revision);
    }
    const instances = this.#instances.get(each.service)!;
    const before = instances.get(each.id) ?? null;
    if (each.kind === 'put') {
      const after = anInstance({ service: each.service, id: each.id, revision: ++this.#revision, ...each.values });
      instances.set(each.id, after);
      return change(before, after);
    }
    if (before === null) return null;
    if (each.kind === 'remove') {
      instances.delete(each.id);
      return change(before, null, 'deregistered', ++this.#revision);
    }
    const after = { ...before, observed: each.observed, revision: ++this.#revision };
    instances.set(each.id, after);
    return change(before, after, 'checked');
  }
}
