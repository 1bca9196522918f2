/**
 * The main thread's end of one DNS worker: starts it, sends it changes and learns when they are applied, and clears up
 * behind it when it has died.
 */
import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../runtime/clock.ts';
import type { Endpoint } from '../runtime/endpoint.ts';
import type { Logger } from '../runtime/log.ts';
import type { AppliedChange } from '../zone/change.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './protocol.ts';

export type Ready = Extract<FromWorker, { kind: 'ready' }>;

export interface WorkerLinkOptions {
  readonly settings: WorkerSettings;
  readonly log: Logger;
  readonly clock: Clock;
  /** Called when the worker has served, and has ended without being told to. */
  readonly onDeath: (link: WorkerLink) => void;
}

interface Unapplied {
  readonly octets: number;
  /** Null: the worker died first. */
  readonly resolve: (applied: AppliedChange | null) => void;
}

/**
 * `down`: no worker, or one that does not know anything. `behind`: it is being told what was published before now; what is
 * published now waits. `current`: what is published goes to it at once, and its acknowledgement counts.
 */
type State = 'down' | 'behind' | 'current';

/** Octets of changes on their way to a worker, above which a replay waits. */
const mostUnapplied = 4 * 1024 * 1024;

export class WorkerLink {
  readonly #options: WorkerLinkOptions;
  #worker: Worker | undefined;
  #state: State = 'down';
  /** Changes on their way to the worker, in their order, which is also that of its acknowledgements. */
  #unapplied: Unapplied[] = [];
  #unappliedOctets = 0;
  /** What was published while it was behind. */
  #later: Uint8Array[] = [];
  #isServing = false;
  #descriptors: readonly number[] = [];
  #onReply: { readonly resolve: (message: FromWorker) => void; readonly reject: (error: Error) => void } | undefined;
  #onRoom: (() => void) | undefined;

  constructor(options: WorkerLinkOptions) {
    this.#options = options;
  }

  get state(): State {
    return this.#state;
  }

  get counters(): WorkerSettings['counters'] {
    return this.#options.settings.counters;
  }

  /** Starts the worker. Rejects with its error when it dies before it is ready. */
  async start(): Promise<Ready> {
    this.#worker = new Worker(new URL('./dns-worker.js', import.meta.url), { workerData: this.#options.settings, name: 'dns' });
    this.#worker.on('message', (message: FromWorker) => this.#take(message));
    this.#worker.on('error', (error) => {
      if (this.#onReply === undefined) this.#options.log.error({ err: error }, 'a DNS worker died');
      this.#onReply?.reject(error);
    });
    this.#worker.on('exit', () => this.#clearUp());
    return (await this.#reply()) as Ready;
  }

  /** Marks the moment of a replay: what is published from now on comes after it. */
  fallBehind(): void {
    this.#state = 'behind';
  }

  /** Sends a part of a replay; resolves when the worker has room for more, or has died. */
  async replay(changes: Uint8Array): Promise<void> {
    void this.#send(changes);
    if (this.#unappliedOctets > mostUnapplied) await new Promise<void>((resolve) => (this.#onRoom = resolve));
  }

  /** Ends the replay, and has the worker answer. Resolves with where it does; rejects with the system's error. */
  async serve(endpoints: readonly Endpoint[]): Promise<readonly Endpoint[]> {
    if (this.#worker === undefined) throw new Error(ended);
    for (const changes of this.#later) void this.#send(changes);
    this.#later = [];
    this.#state = 'current';
    this.#post({ kind: 'serve', endpoints });
    const reply = (await this.#reply()) as Extract<FromWorker, { kind: 'serving' | 'failed' }>;
    if (reply.kind === 'failed') throw Object.assign(new Error(reply.message), { code: reply.code });
    this.#descriptors = reply.descriptors;
    this.#isServing = true;
    return reply.endpoints;
  }

  /** Hands over changes; resolves when they are applied, and with null at once when this worker does not count. */
  deliver(changes: Uint8Array): Promise<AppliedChange | null> {
    if (this.#state === 'current') return this.#send(changes);
    if (this.#state === 'behind') this.#later.push(changes);
    return Promise.resolve(null);
  }

  /** Has the worker finish what is under way, for at most `grace` seconds, and end. */
  async close(grace: number): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    this.#isServing = false;
    this.#post({ kind: 'close', grace });
    const patience = this.#options.clock.after((grace + 1) * 1000, () => void worker.terminate());
    await ended;
    patience.cancel();
  }

  /** Ends the worker at once. */
  async terminate(): Promise<void> {
    this.#isServing = false;
    await this.#worker?.terminate();
  }

  #post(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #send(changes: Uint8Array): Promise<AppliedChange | null> {
    if (this.#worker === undefined) return Promise.resolve(null);
    this.#post({ kind: 'changes', changes });
    this.#unappliedOctets += changes.length;
    return new Promise((resolve) => this.#unapplied.push({ octets: changes.length, resolve }));
  }

  /** The worker's next message about itself. Rejects when it dies first. */
  #reply(): Promise<FromWorker> {
    return new Promise((resolve, reject) => (this.#onReply = { resolve, reject }));
  }

  #take(message: FromWorker): void {
    switch (message.kind) {
      case 'applied':
        this.#acknowledge(message);
        break;
      case 'log':
        this.#log(message.line);
        break;
      case 'closing':
        this.#descriptors = [];
        break;
      default:
        this.#onReply?.resolve(message);
        this.#onReply = undefined;
    }
  }

  #acknowledge({ heldFor }: AppliedChange): void {
    const { octets, resolve } = this.#unapplied.shift()!;
    this.#unappliedOctets -= octets;
    if (this.#unappliedOctets <= mostUnapplied / 2) this.#onRoom?.();
    resolve({ heldFor });
  }

  #log(line: string): void {
    const { level, msg, ...fields } = JSON.parse(line) as { level: number; msg: string };
    const { log } = this.#options;
    log[log.levels.labels[level] as 'error'](fields, msg);
  }

  #clearUp(): void {
    this.#worker = undefined;
    this.#state = 'down';
    for (const descriptor of this.#descriptors) closeSync(descriptor);
    this.#descriptors = [];
    for (const { resolve } of this.#unapplied) resolve(null);
    this.#unapplied = [];
    this.#unappliedOctets = 0;
    this.#later = [];
    this.#onRoom?.();
    this.#onReply?.reject(new Error(ended));
    this.#onReply = undefined;
    if (!this.#isServing) return;
    this.#isServing = false;
    this.#options.onDeath(this);
  }
}

const ended = 'the DNS worker ended';
