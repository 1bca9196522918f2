/** The embedded store: LevelDB in a directory of its own. One commit is one batch and one sync. */
import { ClassicLevel } from 'classic-level';
import { type Store, type StoredBatch, StoreError, type StoreSnapshot, type StoreWrite } from '../registry/store.ts';
import type { Clock } from '../runtime/clock.ts';
import { EntryReader, formatVersion, parseObject } from './entry.ts';
import {
  formatNow, type Operation, operationsOf, putInstance, putService, putTombstone, revisionTo, sortable,
} from './level-operations.ts';

export class LevelStore implements Store {
  readonly #database: ClassicLevel;
  readonly #clock: Clock;
  #revision: number;
  /**
   * Null while all is well; otherwise why nothing can be written, and for `full` what to do when there is space again.
   */
  #trouble: Trouble | null = null;
  /** When expired tombstones were last cleared, in milliseconds of the clock. */
  #clearedAt: number;

  /**
   * Opens the store in `directory`, which is made where it is missing. Rejects with `in-use`, `format`, `damaged`,
   * `full` or `failed`.
   */
  static async open(directory: string, clock: Clock): Promise<LevelStore> {
    const database = await openDatabase(directory);
    try {
      return new LevelStore(database, clock, await prepare(database));
    } catch (error) {
      await database.close();
      throw error instanceof StoreError ? error : openingError(error, directory);
    }
  }

  private constructor(database: ClassicLevel, clock: Clock, revision: number) {
    this.#database = database;
    this.#clock = clock;
    this.#revision = revision;
    this.#clearedAt = clock.now();
  }

  get revision(): number {
    return this.#revision;
  }

  async snapshot(): Promise<StoreSnapshot> {
    if (this.#database.status !== 'open') {
      throw this.#trouble?.failure ?? new StoreError('unavailable', 'the store is closed');
    }
    const snapshot = this.#database.snapshot();
    // A commit under way may be in the snapshot and not yet in #revision.
    const revision = Number(await this.#database.get('meta/revision', { snapshot }));
    return { revision, batches: readAll(this.#database, snapshot) };
  }

  async commit(writes: readonly StoreWrite[]): Promise<readonly number[]> {
    if (this.#trouble !== null) await this.#recover(this.#trouble);
    const revisions = writes.map((_, index) => this.#revision + 1 + index);
    const last = this.#revision + writes.length;
    const operations = writes.flatMap((write, index) => operationsOf(write, revisions[index]!));
    operations.push(revisionTo(last));
    try {
      await this.#clearTombstones();
      await this.#database.batch(operations, { sync: true });
    } catch (error) {
      throw await this.#fail(error, operations);
    }
    this.#revision = last;
    return revisions;
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  /**
   * After a failed write nobody knows how much of it is in the log, and what follows such a tail is lost with it. Where
   * space was all that lacked, opening the store anew cuts the tail off; the entries are then written as they were, in
   * case the failed write got through after all.
   */
  async #fail(error: unknown, operations: readonly Operation[]): Promise<StoreError> {
    const { message } = error as Error;
    if (!isLackOfSpace(error)) {
      const failure = new StoreError(
        'failed',
        `the store could not be written, and takes nothing until a restart: ${message}`,
        { cause: error },
      );
      this.#trouble = { failure, undo: null, since: this.#clock.now() };
      return failure;
    }
    const failure = new StoreError('full', `there is no space for the store: ${message}`, { cause: error });
    const undo = await this.#entriesAsTheyAre(operations.map(({ key }) => key));
    this.#trouble = { failure, undo, since: this.#clock.now() };
    return failure;
  }

  async #entriesAsTheyAre(keys: string[]): Promise<Operation[]> {
    const values = await this.#database.getMany(keys);
    return keys.map((key, index) => {
      const value = values[index];
      return value === undefined ? { type: 'del', key } : { type: 'put', key, value };
    });
  }

  /** Opens the store anew, at most once a second; throws where it still cannot be written. */
  async #recover(trouble: Trouble): Promise<void> {
    const { failure, undo, since } = trouble;
    if (undo === null || this.#clock.now() - since < retryAfter) throw failure;
    this.#trouble = { ...trouble, since: this.#clock.now() };
    try {
      await this.#database.close();
      await this.#database.open();
      await this.#database.batch(undo, { sync: true });
    } catch (error) {
      if (isLackOfSpace(error)) throw failure;
      throw await this.#fail(error, []);
    }
    this.#trouble = null;
  }

  async #clearTombstones(): Promise<void> {
    if (this.#clock.now() - this.#clearedAt < clearEvery) return;
    this.#clearedAt = this.#clock.now();
    await this.#database.clear({ gte: 'tombstone/', lt: `tombstone/${sortable(this.#clock.wall())}` });
  }
}

/**
 * Makes a store of a snapshot, in a directory that is missing or empty; `in-use` otherwise. It is no store before it is
 * whole.
 */
export async function createLevelStore(directory: string, { revision, batches }: StoreSnapshot): Promise<void> {
  const database = await openDatabase(directory);
  try {
    if (!(await isEmpty(database))) throw new StoreError('in-use', `${directory} holds a store already`);
    for await (const { instances, services, tombstones } of batches) {
      const operations = [...instances.map(putInstance), ...services.map(putService), ...tombstones.map(putTombstone)];
      await database.batch(operations, { sync: true });
    }
    await database.batch([formatNow, revisionTo(revision)], { sync: true });
  } finally {
    await database.close();
  }
}

interface Trouble {
  readonly failure: StoreError;
  /** Sets the entries of the failed write to what they were; null: only a restart helps. */
  readonly undo: Operation[] | null;
  readonly since: number;
}

/** Milliseconds. */
const retryAfter = 1000;
const clearEvery = 600_000;

async function openDatabase(directory: string): Promise<ClassicLevel> {
  const database = new ClassicLevel(directory, { writeBufferSize: 16 << 20 });
  try {
    await database.open();
    return database;
  } catch (error) {
    throw openingError(error, directory);
  }
}

async function isEmpty(database: ClassicLevel): Promise<boolean> {
  return (await database.keys({ limit: 1 }).all()).length === 0;
}

/** Judges the format of an open database, and makes an empty one ours; returns its revision. */
async function prepare(database: ClassicLevel): Promise<number> {
  const [format, revision] = await database.getMany(['meta/format', 'meta/revision']);
  if (format === undefined) {
    if (!(await isEmpty(database))) {
      throw new StoreError(
        'format',
        `${database.location} says no format: it is no store of Signpost, or its restore did not end`,
      );
    }
    await database.batch([formatNow, revisionTo(0)], { sync: true });
    return 0;
  }
  const version = Number(format);
  if (!Number.isInteger(version) || version < 1) {
    throw new StoreError('damaged', `meta/format of ${database.location} is ${JSON.stringify(format)}`);
  }
  if (version > formatVersion) {
    throw new StoreError(
      'format',
      `${database.location} has format ${version}, and this server reads 1 to ${formatVersion}: take a newer one`,
    );
  }
  if (revision === undefined || !/^\d{1,15}$/.test(revision)) {
    throw new StoreError('damaged', `meta/revision of ${database.location} is ${JSON.stringify(revision)}`);
  }
  return Number(revision);
}

/** Services first, so that instances find their settings. */
async function* readAll(
  database: ClassicLevel,
  snapshot: ReturnType<ClassicLevel['snapshot']>,
): AsyncGenerator<StoredBatch> {
  const reader = new EntryReader();
  const nothing: StoredBatch = { instances: [], services: [], tombstones: [] };
  try {
    for await (const pairs of batchesBelow('service/')) {
      yield { ...nothing, services: pairs.map(([key, value]) => reader.service(parseObject(value, key), key)) };
    }
    for await (const pairs of batchesBelow('instance/')) {
      yield { ...nothing, instances: pairs.map(([key, value]) => reader.instance(parseObject(value, key), key)) };
    }
    for await (const pairs of batchesBelow('tombstone/')) {
      yield { ...nothing, tombstones: pairs.map(([key, value]) => reader.tombstone(parseObject(value, key), key)) };
    }
  } finally {
    await snapshot.close();
  }

  async function* batchesBelow(prefix: string): AsyncGenerator<[string, string][]> {
    const iterator = database.iterator({ gte: prefix, lt: `${prefix}\uffff`, snapshot, highWaterMarkBytes: 1 << 20 });
    try {
      for (let pairs = await iterator.nextv(batchSize); pairs.length > 0; pairs = await iterator.nextv(batchSize)) {
        yield pairs;
      }
    } finally {
      await iterator.close();
    }
  }
}

/** Entries read at a time. */
const batchSize = 1000;

function isLackOfSpace(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (/No space left on device|Disk quota exceeded|ENOSPC|EDQUOT/.test(cause.message)) return true;
  }
  return false;
}

function openingError(error: unknown, directory: string): StoreError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : (error as Error);
  const code = 'code' in cause ? cause.code : null;
  if (code === 'LEVEL_LOCKED') {
    return new StoreError('in-use', `${directory} is in use by another process`, { cause: error });
  }
  if (code === 'LEVEL_CORRUPTION') {
    return new StoreError('damaged', `${directory} is damaged: ${cause.message}`, { cause: error });
  }
  return new StoreError(isLackOfSpace(error) ? 'full' : 'failed', `${directory} cannot be opened: ${cause.message}`, {
    cause: error,
  });
}
