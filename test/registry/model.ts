/**
 * A registry under everything that can happen to it, and a model that knows what must be true: owners who renew, stop,
 * come back and leave; a process that stalls and is killed; a wall clock that jumps. All in fake time, all from one
 * seed. Several servers share a clock and a store, stall together and are killed together; owners ask them in turn.
 *
 * Above 300 lines, because what is done to the registry and what must be true of it then are to be read side by side.
 */
import type { Instance } from '../../src/registry/instance.ts';
import { Registry } from '../../src/registry/registry.ts';
import { defaultRegistrySettings } from '../../src/registry/settings.ts';
import type { Store } from '../../src/registry/store.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { FakeClock } from '../support/clock.ts';
import { generator } from '../support/random.ts';
import { caller, silent, web, webRef, zone } from './support.ts';

/** What an owner knows and does. */
interface Owner {
  readonly id: string;
  readonly lease: number;
  state: 'absent' | 'diligent' | 'silent';
  generation: number;
  weight: number;
  /** Clock time of the last registration or renewal that was acknowledged, and of the next one. */
  renewedAt: number;
  renewsAt: number;
  /** What had gone wrong before the last one. */
  renewedAfter: Trouble;
}

/** What has gone wrong since the start. */
interface Trouble {
  /** Stalls and kills, each of which makes owners come later than they would. */
  readonly setbacks: number;
  /** Milliseconds by which stalls must have extended a lease, and by which they may have. */
  readonly mustExtend: number;
  readonly mayExtend: number;
}

export interface Tally {
  registrations: number;
  renewals: number;
  expiries: number;
  deregistrations: number;
  stalls: number;
  kills: number;
  protections: number;
}

export interface ModelOptions {
  readonly seed: number;
  readonly owners: number;
  /** Fake time in milliseconds, without what stalls take. */
  readonly duration: number;
  /** How many registries share the store; one where absent. */
  readonly servers?: number;
  /** The store that one process leaves to the next; `kill` is called where the process dies without a word. */
  readonly openStore: (clock: Clock) => Promise<Store>;
  readonly kill: (store: Store) => Promise<void>;
  /** Multiplies all chances, for a store on which few steps can be made; 1 where absent. */
  readonly haste?: number;
  /** Resolves when the store has done what it was told, where that takes more than promises. */
  readonly settle?: () => Promise<void>;
}

const step = 500;
const grace = 5000;
/** Time from the end of a protection until its last instances have left. */
const release = 15_000;
const leases = [4, 5, 10, 30, 300];
/** As much of each stall is time in which owners did not renew: from outside it looks like load. */
const stallCounted = 1000;

/** Runs the simulation; throws at the first thing that is not as it must be, and says when. */
export async function runModel(options: ModelOptions): Promise<Tally> {
  const model = new Model(options);
  await model.run();
  return model.tally;
}

class Model {
  readonly tally: Tally = {
    registrations: 0,
    renewals: 0,
    expiries: 0,
    deregistrations: 0,
    stalls: 0,
    kills: 0,
    protections: 0,
  };
  readonly #options: ModelOptions;
  readonly #haste: number;
  readonly #below: (bound: number) => number;
  readonly #clock = new FakeClock();
  readonly #owners: Owner[];
  #processes: readonly Process[] = [];
  #asked = 0;
  #lastRevision = 0;
  #trouble: Trouble = { setbacks: 0, mustExtend: 0, mayExtend: 0 };
  #protectedUntil = 0;

  constructor(options: ModelOptions) {
    this.#options = options;
    this.#haste = options.haste ?? 1;
    this.#below = generator(options.seed);
    this.#owners = Array.from({ length: options.owners }, (_, index) => ({
      id: `i${index}`,
      lease: leases[index % leases.length]!,
      state: 'absent',
      generation: 0,
      weight: 0,
      renewedAt: 0,
      renewsAt: 0,
      renewedAfter: this.#trouble,
    }));
  }

  async run(): Promise<void> {
    await this.#start();
    for (let left = this.#options.duration; left > 0; left -= step) {
      await this.#disturb();
      await Promise.all(this.#owners.map((owner) => this.#act(owner)));
      await this.#clock.pass(step);
      await this.#options.settle?.();
      this.#judge();
    }
    await this.#kill();
  }

  async #start(): Promise<void> {
    const processes: Process[] = [];
    for (let count = this.#options.servers ?? 1; count > 0; count--) {
      processes.push(await Process.start(this.#options, this.#clock));
    }
    this.#processes = processes;
    await this.#options.settle?.();
  }

  async #kill(): Promise<void> {
    for (const process of this.#processes) await process.kill(this.#options);
  }

  /** The one that an owner asks next. */
  #registry(): Registry {
    return this.#processes[this.#asked++ % this.#processes.length]!.registry;
  }

  async #act(owner: Owner): Promise<void> {
    switch (owner.state) {
      case 'absent':
        if (this.#chance(1 / 400)) await this.#register(owner);
        return;
      case 'silent':
        if (this.#chance(1 / 4000)) await this.#comeBack(owner);
        return;
      case 'diligent':
        if (this.#clock.now() >= owner.renewsAt) await this.#renew(owner);
        await this.#vary(owner);
    }
  }

  async #vary(owner: Owner): Promise<void> {
    const registry = this.#registry();
    switch (this.#below(Math.round(20_000 / this.#haste))) {
      case 0:
        owner.state = 'silent';
        return;
      case 1:
        await registry.deregister(webRef(owner.id), owner.generation, caller);
        owner.state = 'absent';
        this.tally.deregistrations++;
        return;
      case 2:
        owner.weight = this.#below(1000);
        await registry.patch(webRef(owner.id), { weight: owner.weight }, caller);
    }
  }

  async #register(owner: Owner): Promise<void> {
    owner.weight = this.#below(1000);
    const { instance } = await this.#registry().register(
      web(owner.id, { lease: owner.lease, weight: owner.weight }),
      caller,
    );
    this.#must(
      instance.generation >= owner.generation,
      `${owner.id} was given generation ${instance.generation} after ${owner.generation}`,
    );
    owner.generation = instance.generation;
    owner.state = 'diligent';
    this.tally.registrations++;
    this.#renewed(owner);
  }

  /** An owner that was cut off renews as if nothing had happened, and registers again where that is refused. */
  async #comeBack(owner: Owner): Promise<void> {
    const [result] = await this.#registry().renew(
      [{ ...webRef(owner.id), generation: owner.generation }],
      caller,
    );
    this.#must('instance' in result! || !this.#isThere(owner), `${owner.id} is there and was refused`);
    if ('error' in result!) return this.#register(owner);
    owner.state = 'diligent';
    this.#renewed(owner);
  }

  async #renew(owner: Owner): Promise<void> {
    const [result] = await this.#registry().renew(
      [{ ...webRef(owner.id), generation: owner.generation }],
      caller,
    );
    this.#must('instance' in result!, `${owner.id} renewed in time and was refused`);
    this.tally.renewals++;
    this.#renewed(owner);
  }

  #renewed(owner: Owner): void {
    owner.renewedAt = this.#clock.now();
    owner.renewsAt = owner.renewedAt + (owner.lease / 3) * 1000 * (0.9 + this.#below(100) / 1000);
    owner.renewedAfter = this.#trouble;
  }

  async #disturb(): Promise<void> {
    if (this.#chance(1 / 2000)) {
      const gap = this.#chance(1 / 2) ? 100 + this.#below(900) : 1000 + this.#below(600_000);
      this.#clock.stall(gap);
      const { setbacks, mustExtend, mayExtend } = this.#trouble;
      this.#trouble = {
        setbacks: setbacks + 1,
        mustExtend: mustExtend + Math.max(0, gap - stallCounted),
        mayExtend: mayExtend + gap + Math.min(gap, 4000),
      };
      this.#protectedUntil += gap;
      this.tally.stalls++;
      // Who found nobody home comes again after a while, some before the first sweep and some after it.
      for (const owner of this.#owners) {
        if (owner.renewsAt <= this.#clock.now()) owner.renewsAt = this.#clock.now() + this.#below(Math.min(gap, 3500));
      }
    }
    if (this.#chance(1 / 2000)) this.#clock.jumpWall((this.#below(2) * 2 - 1) * this.#below(86_400_000));
    // A network that fails: many owners stop at once, and come back a while later.
    if (this.#chance(1 / 8000)) {
      for (const owner of this.#owners) if (owner.state === 'diligent') owner.state = 'silent';
    }
    if (this.#chance(1 / 4000)) {
      await this.#kill();
      this.#clock.stall(this.#below(120_000));
      await this.#start();
      this.tally.kills++;
      for (const owner of this.#owners) {
        if (owner.state === 'absent' || !this.#isThere(owner)) continue;
        // Each lease gets one full period.
        this.#renewed(owner);
        owner.renewsAt = this.#clock.now() + this.#below(owner.lease * 500);
      }
      this.#trouble = { ...this.#trouble, setbacks: this.#trouble.setbacks + 1 };
    }
  }

  #judge(): void {
    const now = this.#clock.now();
    const registries = this.#processes.map(({ registry }) => registry);
    if (registries.some((registry) => registry.protection().length > 0)) {
      if (now > this.#protectedUntil) this.tally.protections++;
      this.#protectedUntil = now + release;
    }
    for (const { revision } of registries) {
      this.#must(revision >= this.#lastRevision, `the revision went back from ${this.#lastRevision} to ${revision}`);
      this.#lastRevision = revision;
    }
    for (const owner of this.#owners) {
      const [instance = null, ...others] = registries.map((registry) => registry.instance(zone, 'web', owner.id));
      for (const other of others) {
        this.#must(other?.revision === instance?.revision, `the servers do not agree about ${owner.id}`);
      }
      if (owner.state === 'absent') {
        this.#must(instance === null, `${owner.id} was deregistered or has expired and is there`);
        continue;
      }
      const { setbacks, mustExtend, mayExtend } = this.#since(owner);
      const ends = owner.renewedAt + owner.lease * 1000;
      if (now < ends + mustExtend) this.#mustBe(owner, instance);
      if (now > ends + mayExtend + grace && now > this.#protectedUntil) {
        this.#must(instance === null, `${owner.id} is kept ${(now - ends) / 1000} s after its lease`);
      }
      if (instance === null) {
        // Nothing makes an owner renew in time that each of its tries finds nobody home.
        const mayBeLate = owner.state === 'silent' || setbacks > 1;
        this.#must(mayBeLate, `${owner.id} is gone though its owner renews`);
        owner.state = 'absent';
        this.tally.expiries++;
      }
    }
  }

  /** What has gone wrong since an owner last renewed. */
  #since({ renewedAfter }: Owner): Trouble {
    const { setbacks, mustExtend, mayExtend } = this.#trouble;
    return {
      setbacks: setbacks - renewedAfter.setbacks,
      mustExtend: mustExtend - renewedAfter.mustExtend,
      mayExtend: mayExtend - renewedAfter.mayExtend,
    };
  }

  #mustBe(owner: Owner, instance: Instance | null): void {
    const { generation, weight } = owner;
    const found = instance === null ? 'nothing' : `generation ${instance.generation}, weight ${instance.weight}`;
    this.#must(
      instance?.generation === generation && instance.weight === weight,
      `${owner.id} is ${found}, wanted generation ${generation}, weight ${weight}`,
    );
  }

  #isThere(owner: Owner): boolean {
    return this.#processes.some(({ registry }) => registry.instance(zone, 'web', owner.id) !== null);
  }

  #chance(probability: number): boolean {
    return this.#below(1_000_000) < probability * this.#haste * 1_000_000;
  }

  #must(condition: boolean, otherwise: string): void {
    if (!condition) throw new Error(`seed ${this.#options.seed}, after ${this.#clock.now() / 1000} s: ${otherwise}`);
  }
}

/** A registry that can be killed: then its timers ring no more and its store is as it was. */
class Process {
  readonly registry: Registry;
  readonly #store: Store;
  readonly #life: { over: boolean };

  static async start({ openStore }: ModelOptions, clock: FakeClock): Promise<Process> {
    const life = { over: false };
    const mortal: Clock = {
      now: () => clock.now(),
      wall: () => clock.wall(),
      after: (milliseconds, run) => clock.after(milliseconds, () => {
        if (!life.over) run();
      }),
    };
    const store = await openStore(mortal);
    const registry = await Registry.open({
      store,
      clock: mortal,
      log: silent,
      zones: [zone],
      settings: defaultRegistrySettings,
      publish: () => Promise.resolve({ heldFor: 0 }),
    });
    return new Process(registry, store, life);
  }

  private constructor(registry: Registry, store: Store, life: { over: boolean }) {
    this.registry = registry;
    this.#store = store;
    this.#life = life;
  }

  async kill({ kill }: ModelOptions): Promise<void> {
    this.#life.over = true;
    await kill(this.#store);
  }
}
