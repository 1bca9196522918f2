/**
 * Events: what happened, in words for people and watchers, each with an id that says where to go on. The last ones are
 * kept, so that a watcher who was away for a while misses none. One object an event: what is made of it can be kept
 * with it.
 */
import type { Change, InstanceChange } from './change.ts';
import { type Instance, isAnswerable } from './instance.ts';
import type { ProtectedScope, ProtectionEnd } from './protection.ts';
import type { Service } from './service.ts';

interface EventPlace {
  readonly revision: number;
  /** Tells events of one revision apart: 0, 1, ... */
  readonly ordinal: number;
}

interface EventTime extends EventPlace {
  /** Wall-clock milliseconds. */
  readonly time: number;
}

type InstanceOccasion =
  'registered' | 'updated' | 'deregistered' | 'expired' | 'draining' | 'unhealthy' | 'healthy';

export interface InstanceEvent extends EventTime {
  readonly kind: `instance.${InstanceOccasion}`;
  readonly zone: string;
  readonly service: string;
  /** As it became, or as it was when it left. */
  readonly instance: Instance;
}

export interface ServiceEvent extends EventTime {
  readonly kind: 'service.updated' | 'service.deleted';
  readonly zone: string;
  readonly service: string;
  /** As they became, or as they were. */
  readonly settings: Service;
}

/** The service has no answerable instance any more. */
export interface EmptyEvent extends EventTime {
  readonly kind: 'service.empty';
  readonly zone: string;
  readonly service: string;
}

export interface ProtectionEvent extends EventTime {
  readonly kind: 'protection.on' | 'protection.off';
  /** Null: all zones and services are protected. */
  readonly zone: string | null;
  readonly service: string | null;
  readonly scope: ProtectedScope;
  /** Why it ended. */
  readonly end: ProtectionEnd | null;
}

export type RegistryEvent = InstanceEvent | ServiceEvent | EmptyEvent | ProtectionEvent;

type Listener = (event: RegistryEvent) => void;

export class EventLog {
  /** A ring: the oldest stands at `#next` once it is full. */
  readonly #kept: RegistryEvent[] = [];
  readonly #most: number;
  readonly #wall: () => number;
  readonly #listeners = new Map<string, Set<Listener>>();
  #next = 0;
  /** The place of the last event. */
  #last: EventPlace;
  /** What happened up to here is not kept. */
  #forgotten: EventPlace;

  /** Keeps the last `most` events of those after `revision`. */
  constructor(most: number, revision: number, wall: () => number) {
    this.#most = most;
    this.#wall = wall;
    this.#last = { revision, ordinal: -1 };
    this.#forgotten = { revision, ordinal: Infinity };
  }

  /** Records what a published change means; `becameEmpty`: it took the service's last answerable instance. */
  record(change: Change, becameEmpty: boolean): void {
    const { zone, service } = (change.after ?? change.before)!;
    const { revision } = change;
    if (change.kind === 'service') {
      const kind = change.after === null ? 'service.deleted' : 'service.updated';
      this.#add(revision, { kind, zone, service, settings: (change.after ?? change.before)! });
      return;
    }
    const instance = (change.after ?? change.before)!;
    for (const kind of kindsOf(change)) this.#add(revision, { kind, zone, service, instance });
    if (becameEmpty) this.#add(revision, { kind: 'service.empty', zone, service });
  }

  recordProtection(scope: ProtectedScope, end: ProtectionEnd | null): void {
    const kind = end === null ? 'protection.on' : 'protection.off';
    const { zone = null, name = null } = scope.service ?? {};
    this.#add(this.#last.revision, { kind, zone, service: name, scope, end });
  }

  /**
   * The events after the one with this id; null where some of them are kept no more, or the id was never given. A plain
   * revision means after all events of that revision.
   */
  since(id: string): readonly RegistryEvent[] | null {
    const place = parsePlace(id);
    if (place === null || compare(place, this.#forgotten) < 0 || place.revision > this.#last.revision) return null;
    let low = 0;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(this.#at(middle), place) <= 0) low = middle + 1;
      else high = middle;
    }
    return Array.from({ length: this.#kept.length - low }, (_, index) => this.#at(low + index));
  }

  /** Id of the last event: who asks for the events since this one misses none of what comes. */
  get lastId(): string {
    const { revision, ordinal } = this.#last;
    return ordinal === -1 ? String(revision) : idOf({ revision, ordinal });
  }

  /**
   * Calls `listener` with each further event, or with those of one service and of what holds for all; returns what ends
   * that.
   */
  subscribe(listener: Listener, service?: { readonly zone: string; readonly name: string }): () => void {
    const key = service === undefined ? '' : `${service.name}.${service.zone}`;
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }

  /** The event number `index` of those kept, from the oldest. */
  #at(index: number): RegistryEvent {
    return this.#kept[(this.#next + index) % this.#kept.length]!;
  }

  #add(revision: number, what: EventContent): void {
    const ordinal = revision === this.#last.revision ? this.#last.ordinal + 1 : 0;
    const event: RegistryEvent = { ...what, revision, ordinal, time: this.#wall() };
    this.#last = event;
    if (this.#kept.length < this.#most) {
      this.#kept.push(event);
    } else {
      this.#forgotten = this.#kept[this.#next]!;
      this.#kept[this.#next] = event;
      this.#next = (this.#next + 1) % this.#most;
    }
    this.#tell(event);
  }

  #tell(event: RegistryEvent): void {
    const keys = event.service === null ? [...this.#listeners.keys()] : ['', `${event.service}.${event.zone}`];
    for (const key of keys) for (const listener of this.#listeners.get(key) ?? []) listener(event);
  }
}

/** The id of an event, `revision.ordinal`: in the order of events, and where to resume. */
export function idOf({ revision, ordinal }: EventPlace): string {
  return `${revision}.${ordinal}`;
}

type Without<T, Key extends keyof EventTime> = T extends unknown ? Omit<T, Key> : never;
type EventContent = Without<RegistryEvent, keyof EventTime>;

/** What an instance's change is called; a change of health that the cause does not say is an event of its own. */
function kindsOf({ cause, before, after }: InstanceChange): InstanceEvent['kind'][] {
  if (cause === 'late' || cause === 'renewed' || cause === 'loaded') return [];
  if (cause === 'draining' || cause === 'deregistered' || cause === 'expired') return [`instance.${cause}`];
  const kinds: InstanceEvent['kind'][] = cause === 'checked' ? [] : [`instance.${cause}`];
  const wasAnswerable = before !== null && isAnswerable(before);
  const answerable = after !== null && isAnswerable(after);
  if (wasAnswerable !== answerable && (before !== null || cause === 'checked')) {
    kinds.push(answerable ? 'instance.healthy' : 'instance.unhealthy');
  }
  return kinds.length > 0 ? kinds : ['instance.updated'];
}

function parsePlace(id: string): EventPlace | null {
  const match = /^(\d{1,16})(?:\.(\d{1,16}))?$/.exec(id);
  if (match === null) return null;
  return { revision: Number(match[1]), ordinal: match[2] === undefined ? Infinity : Number(match[2]) };
}

function compare(one: EventPlace, other: EventPlace): number {
  return one.revision - other.revision || Math.sign(one.ordinal - other.ordinal) || 0;
}
