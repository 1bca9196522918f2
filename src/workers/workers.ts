/**
 * The DNS workers together: starts them, tells every one what is published, and replaces one that dies while the others go
 * on. Keeps no zones itself: a worker that starts is told everything by a replay, which the caller makes anew.
 */
import type { ResponderSettings } from '../responder/settings.ts';
import type { Clock } from '../runtime/clock.ts';
import { type Endpoint, printEndpoint } from '../runtime/endpoint.ts';
import type { Logger } from '../runtime/log.ts';
import type { TcpLimits } from '../transport/tcp-limits.ts';
import type { AppliedChange, ZoneChange } from '../zone/change.ts';
import { createCounterMemory, type DnsCounters, sumCounters } from './counters.ts';
import { encodeChanges, type WorkerSettings } from './protocol.ts';
import { WorkerLink } from './worker-link.ts';

export interface DnsWorkersSettings {
  /** Where to answer; for port 0 a port is taken that is free for UDP and TCP. */
  readonly listen: readonly Endpoint[];
  /** Threads, at least 1. Portable I/O has one, whatever this says. */
  readonly workers: number;
  readonly io: WorkerSettings['io'];
  readonly tcp: TcpLimits;
  readonly responder: ResponderSettings;
}

export interface DnsWorkersParts {
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Everything as it is published at the moment of the call: all that `deliver` was given before, nothing that it is given
   * after. Read piece by piece while the caller goes on; left by `return` when nobody needs the rest.
   */
  readonly replay: () => Iterable<ZoneChange>;
}

/** Seconds that TCP clients get to take their last replies. */
const closingGrace = 5;
/** Milliseconds before a worker that died is started again; doubled with each that dies before a quiet time has passed. */
const shortestPause = 100;
const longestPause = 10_000;
const quietTime = 60_000;

export class DnsWorkers {
  readonly #settings: DnsWorkersSettings;
  readonly #parts: DnsWorkersParts;
  #links: WorkerLink[] = [];
  #endpoints: readonly Endpoint[] = [];
  #restarts = 0;
  #diedAt = -Infinity;
  /** When it was last forgotten what had been answered: a worker died, or a server before this one. */
  #forgottenAt = -Infinity;
  #pause = shortestPause;
  #isClosing = false;

  constructor(settings: DnsWorkersSettings, parts: DnsWorkersParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /**
   * Resolves when all workers have everything and answer. Rejects, with none left running, with the system's error (`code`
   * such as EADDRINUSE), or with the reason why `io: batched` does not work. `afterAnother`: what is published now may have
   * been answered by a server before this one.
   */
  async start(afterAnother: boolean): Promise<void> {
    if (afterAnother) this.#forgottenAt = this.#parts.clock.now();
    try {
      const first = this.#createLink(true);
      this.#links = [first];
      const { io, whyPortable } = await first.start();
      if (whyPortable !== null) this.#parts.log.info({ reason: whyPortable }, 'UDP without batched system calls');
      const others = io === 'batched' ? this.#settings.workers - 1 : 0;
      for (let count = 0; count < others; count++) this.#links.push(this.#createLink(false));
      await Promise.all(this.#links.slice(1).map((link) => link.start()));
      await this.#catchUp(this.#links);
      // The first one finds the ports, the others join it there.
      this.#endpoints = await first.serve(this.#settings.listen);
      await Promise.all(this.#links.slice(1).map((link) => link.serve(this.#endpoints)));
    } catch (error) {
      this.#isClosing = true;
      await Promise.all(this.#links.map((link) => link.terminate()));
      throw error;
    }
  }

  /** Where they answer, as soon as they do: `127.0.0.1:8053`, `[::1]:8053`. */
  get addresses(): readonly string[] {
    return this.#endpoints.map(printEndpoint);
  }

  /**
   * Hands changes to every worker, in the order of the calls. Resolves when all have applied them, and answer with them;
   * a worker that is still starting does not count, for it answers nothing yet.
   */
  async deliver(changes: readonly ZoneChange[]): Promise<AppliedChange> {
    const octets = encodeChanges(changes);
    const applied = await Promise.all(this.#links.map((link) => link.deliver(octets)));
    return { heldFor: Math.max(this.#heldForgotten(changes), ...applied.map((each) => each?.heldFor ?? 0)) };
  }

  counters(): DnsCounters {
    return sumCounters(this.#links.map((link) => link.counters), this.#restarts);
  }

  /** Stops answering; TCP queries under way are finished first. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#links.map((link) => link.close(closingGrace)));
  }

  #createLink(isFirst: boolean): WorkerLink {
    const { io, workers, tcp, responder } = this.#settings;
    const { log, clock } = this.#parts;
    return new WorkerLink({
      // One worker has all of TCP: its limits hold for the whole server.
      settings: { io, shared: workers > 1, tcp: isFirst ? tcp : null, responder, logLevel: log.level, counters: createCounterMemory() },
      log,
      clock,
      onDeath: (link) => void this.#replace(link),
    });
  }

  /** Tells these workers everything; what is published meanwhile waits in their links. */
  async #catchUp(links: readonly WorkerLink[]): Promise<void> {
    for (const link of links) link.fallBehind();
    for (const change of this.#parts.replay()) {
      const octets = encodeChanges([change]);
      const alive = links.filter(({ state }) => state === 'behind');
      if (alive.length === 0) return;
      await Promise.all(alive.map((link) => link.replay(octets)));
      // Making the replay is work of this thread, which has other things to do, too.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #replace(link: WorkerLink): Promise<void> {
    const { clock, log } = this.#parts;
    this.#pause = clock.now() - this.#diedAt > quietTime ? shortestPause : Math.min(2 * this.#pause, longestPause);
    this.#diedAt = this.#forgottenAt = clock.now();
    for (let isUp = false; !isUp; this.#pause = Math.min(2 * this.#pause, longestPause)) {
      await new Promise<void>((resolve) => clock.after(this.#pause, resolve));
      if (this.#isClosing) return;
      isUp = await this.#revive(link);
    }
    this.#restarts += 1;
    log.warn({ restarts: this.#restarts }, 'a DNS worker was replaced');
  }

  /** Starts a link's worker anew; false when that did not succeed. */
  async #revive(link: WorkerLink): Promise<boolean> {
    try {
      await link.start();
      await this.#catchUp([link]);
      await link.serve(this.#endpoints);
      return true;
    } catch (error) {
      if (!this.#isClosing) this.#parts.log.error({ err: error }, 'a DNS worker could not be replaced');
      await link.terminate();
      return false;
    }
  }

  /** Seconds for which resolvers may hold these removed records from answers that are forgotten. */
  #heldForgotten(changes: readonly ZoneChange[]): number {
    const elapsed = (this.#parts.clock.now() - this.#forgottenAt) / 1000;
    let longest = 0;
    for (const { removed } of changes) for (const { ttl } of removed) longest = Math.max(longest, ttl - elapsed);
    return longest;
  }
}
