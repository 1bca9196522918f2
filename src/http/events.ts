/**
 * Server-sent events (HTML Living Standard, section 9.2) out of the registry's event log. An event is turned into
 * octets once, however many watch; a watcher who reads too slowly is dropped, and comes back with its last id.
 */
import type { ServerResponse } from 'node:http';
import { type EventLog, idOf, type RegistryEvent } from '../registry/events.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import { instanceView, isoTime, serviceView } from './view.ts';

/** Octets that may wait for a watcher before it is dropped. */
const mostWaiting = 1024 * 1024;
const secondsBetweenHeartbeats = 15;
/** Seconds for which a watcher who catches up may leave unread what it was sent. */
const secondsToRead = 30;

export interface EventFilter {
  readonly zone: string;
  /** Null: all services of the zone. */
  readonly service: string | null;
}

export class EventStreams {
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #groups = new Map<string, Group>();
  /** Those who still catch up with what they missed. */
  readonly #replaying = new Set<ServerResponse>();
  readonly #octets = new WeakMap<RegistryEvent, Buffer>();
  #heartbeat: Timer | null = null;
  /** How many events have been turned into octets, and how many watchers were dropped, since the start. */
  serialised = 0;
  dropped = 0;

  constructor(log: EventLog, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  get watchers(): number {
    let watchers = this.#replaying.size;
    for (const group of this.#groups.values()) watchers += group.watchers.size;
    return watchers;
  }

  /**
   * Makes the response a stream of the events that `filter` lets through: those since `lastId` (null: from now on),
   * then all that come. A `reset` event says that some are missing: the watcher must read the lists again.
   */
  open(response: ServerResponse, filter: EventFilter, lastId: string | null): void {
    response.writeHead(200, streamHeaders);
    response.write(opening());
    this.#replaying.add(response);
    response.once('close', () => this.#replaying.delete(response));
    const last = lastId ?? this.#log.lastId;
    this.#replay(response, filter, last).catch((error: unknown) => response.destroy(error as Error));
  }

  /** Ends all streams; watchers come back by themselves. */
  close(): void {
    this.#heartbeat?.cancel();
    for (const watcher of this.#replaying) watcher.end();
    this.#replaying.clear();
    for (const group of this.#groups.values()) {
      group.flush();
      group.unsubscribe();
      for (const watcher of group.watchers) watcher.end();
    }
    this.#groups.clear();
  }

  /** Sends what happened since the event `last`, no faster than the watcher reads; then what happens. */
  async #replay(response: ServerResponse, filter: EventFilter, last: string): Promise<void> {
    for (let missed = this.#log.since(last); missed?.length !== 0; missed = this.#log.since(last)) {
      if (missed === null) {
        last = this.#log.lastId;
        response.write(`event: reset\nid: ${last}\ndata: {}\n\n`);
        continue;
      }
      for (const event of missed) {
        last = idOf(event);
        if (!passes(event, filter) || response.write(this.#octetsOf(event))) continue;
        await this.#drained(response);
        if (!this.#replaying.has(response)) return;
      }
    }
    // From the last look into the log to here nothing has been waited for, so nothing can have happened.
    response.write(whereToResume(last));
    this.#replaying.delete(response);
    this.#join(response, filter);
  }

  #join(response: ServerResponse, filter: EventFilter): void {
    const group = this.#group(filter);
    // What is on its way to the others was in the log, and must not come twice.
    group.flush();
    group.watchers.add(response);
    response.once('close', () => this.#leave(filter, group, response));
    this.#heartbeat ??= this.#beatLater();
  }

  /** Resolves when the response takes more, or nobody reads it any more; drops who does not read for too long. */
  #drained(response: ServerResponse): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(secondsToRead * 1000, () => this.#drop(response));
      const end = (): void => {
        timer.cancel();
        response.off('drain', end).off('close', end);
        resolve();
      };
      response.on('drain', end).on('close', end);
    });
  }

  #group(filter: EventFilter): Group {
    const key = keyOf(filter);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    let waiting: Buffer[] = [];
    const group: Group = {
      watchers: new Set(),
      flush: () => {
        if (waiting.length === 0) return;
        const octets = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting);
        waiting = [];
        for (const watcher of group.watchers) this.#write(watcher, octets);
      },
      unsubscribe: this.#log.subscribe(
        (event) => {
          if (!passes(event, filter)) return;
          // Events of one batch of changes come one right after the other and leave in one piece.
          if (waiting.length === 0) setImmediate(group.flush);
          waiting.push(this.#octetsOf(event));
        },
        ...(filter.service === null ? [] : [{ zone: filter.zone, name: filter.service }]),
      ),
    };
    this.#groups.set(key, group);
    return group;
  }

  #leave(filter: EventFilter, group: Group, watcher: ServerResponse): void {
    group.watchers.delete(watcher);
    if (group.watchers.size > 0 || this.#groups.get(keyOf(filter)) !== group) return;
    group.unsubscribe();
    this.#groups.delete(keyOf(filter));
  }

  #write(watcher: ServerResponse, octets: Buffer | string): void {
    if (watcher.writableLength > mostWaiting) this.#drop(watcher);
    else watcher.write(octets);
  }

  #drop(watcher: ServerResponse): void {
    this.dropped += 1;
    watcher.destroy();
  }

  #octetsOf(event: RegistryEvent): Buffer {
    let octets = this.#octets.get(event);
    if (octets === undefined) {
      octets = Buffer.from(`event: ${event.kind}\nid: ${idOf(event)}\ndata: ${JSON.stringify(eventView(event))}\n\n`);
      this.#octets.set(event, octets);
      this.serialised += 1;
    }
    return octets;
  }

  /** Keeps proxies from closing a quiet stream, and shows us who is gone without a word. */
  #beatLater(): Timer {
    return this.#clock.after(secondsBetweenHeartbeats * 1000, () => {
      const heartbeat = whereToResume(this.#log.lastId);
      for (const { watchers, flush } of this.#groups.values()) {
        flush();
        for (const watcher of watchers) this.#write(watcher, heartbeat);
      }
      this.#heartbeat = this.#groups.size === 0 ? null : this.#beatLater();
    });
  }
}

/** Watchers who see the same. */
interface Group {
  readonly watchers: Set<ServerResponse>;
  /** Sends what waits. */
  readonly flush: () => void;
  readonly unsubscribe: () => void;
}

const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // Asks proxies that understand it to pass events on at once.
  'x-accel-buffering': 'no',
};

/** How long a watcher waits before it comes back: not all at the same moment. */
function opening(): string {
  return `retry: ${1000 + Math.floor(Math.random() * 2000)}\n\n`;
}

/**
 * An id without data is no event (section 9.2.6): it only says where to resume, so that a watcher of a quiet service
 * need not begin anew after much has happened elsewhere.
 */
function whereToResume(id: string): string {
  return `:\nid: ${id}\n\n`;
}

/** What holds for all zones or services passes everywhere. */
function passes(event: RegistryEvent, { zone, service }: EventFilter): boolean {
  return (
    (event.zone === null || event.zone === zone) &&
    (service === null || event.service === null || event.service === service)
  );
}

function keyOf({ zone, service }: EventFilter): string {
  return `${service ?? ''}.${zone}`;
}

/** An event as JSON shows it, in streams and to the webhook. */
export function eventView(event: RegistryEvent): object {
  const { kind, revision, time, zone, service } = event;
  const common = { id: idOf(event), kind, revision, time: isoTime(time), zone, service };
  switch (kind) {
    case 'service.empty':
      return common;
    case 'service.updated':
    case 'service.deleted':
      return { ...common, settings: serviceView(event.zone, event.service, event.settings) };
    case 'protection.on':
    case 'protection.off': {
      const { since, timed, late } = event.scope;
      return {
        ...common,
        since: isoTime(since),
        instances: timed,
        late,
        ...(event.end !== null && { end: event.end }),
      };
    }
    default:
      return { ...common, instance: instanceView(event.instance) };
  }
}
