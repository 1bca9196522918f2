/**
 * Backups: everything a store holds at one revision, as JSON lines. The first line says format and revision, then comes
 * a line an entry, and the last line says how many there were and their SHA-256, so that half a backup is never taken
 * for a whole one.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type Store, type StoredBatch, StoreError, type StoreSnapshot } from '../registry/store.ts';
import { encodeInstance, encodeService, encodeTombstone, EntryReader, formatVersion, parseObject } from './entry.ts';

/** Yields a backup of what the store holds now, many lines at a time; writes may go on meanwhile. */
export async function* dump(store: Store): AsyncGenerator<string> {
  const { revision, batches } = await store.snapshot();
  const hash = createHash('sha256');
  const hashed = (text: string): string => {
    hash.update(text);
    return text;
  };
  yield hashed(`${JSON.stringify({ backup: 'signpost', format: formatVersion, revision })}\n`);
  let entries = 0;
  for await (const { services, instances, tombstones } of batches) {
    const lines = [
      ...services.map((service) => `{"service":${encodeService(service)}}\n`),
      ...instances.map((instance) => `{"instance":${encodeInstance(instance)}}\n`),
      ...tombstones.map((tombstone) => `{"tombstone":${encodeTombstone(tombstone)}}\n`),
    ];
    entries += lines.length;
    yield hashed(lines.join(''));
  }
  yield `${JSON.stringify({ entries, sha256: hash.digest('hex') })}\n`;
}

/**
 * Reads a backup to its end and returns its revision. Rejects with `damaged` or `format` where it is not a whole one.
 */
export async function checkBackup(file: string): Promise<number> {
  const { revision, batches } = await readBackup(file);
  const reading = batches[Symbol.asyncIterator]();
  while ((await reading.next()).done !== true);
  return revision;
}

/** Begins to read a backup; what is wrong with the rest shows when its batches are read. */
export async function readBackup(file: string): Promise<StoreSnapshot> {
  const lines = linesOf(file);
  const first = await lines.next();
  const { backup, format, revision } = (
    first.done === true ? {} : parseObject(first.value, `line 1 of ${file}`)
  ) as Header;
  if (backup !== 'signpost' || typeof format !== 'number') {
    throw new StoreError('damaged', `${file} is no backup of Signpost`);
  }
  if (format > formatVersion) {
    throw new StoreError(
      'format',
      `${file} has format ${format}, and this version reads 1 to ${formatVersion}: take a newer one`,
    );
  }
  if (typeof revision !== 'number') throw new StoreError('damaged', `${file} says no revision`);
  return { revision, batches: readEntries(file, first.value as string, lines) };
}

interface Header {
  readonly backup?: unknown;
  readonly format?: unknown;
  readonly revision?: unknown;
}

/** Every line after the header: one of the entries, or the last. */
interface Line {
  readonly service?: unknown;
  readonly instance?: unknown;
  readonly tombstone?: unknown;
  readonly entries?: number;
  readonly sha256?: string;
}

async function* readEntries(file: string, header: string, lines: AsyncGenerator<string>): AsyncGenerator<StoredBatch> {
  const reader = new EntryReader();
  const hash = createHash('sha256').update(`${header}\n`);
  let entries = 0;
  let batch = emptyBatch();
  for await (const line of lines) {
    const name = `line ${entries + 2} of ${file}`;
    const { service, instance, tombstone, sha256, entries: wanted } = parseObject(line, name) as Line;
    if (sha256 !== undefined) {
      const found = hash.digest('hex');
      if (sha256 !== found || wanted !== entries || (await lines.next()).done !== true) {
        throw new StoreError(
          'damaged',
          `${file} has ${entries} entries with SHA-256 ${found}, wanted ${wanted} with ${sha256}, and no more`,
        );
      }
      yield batch;
      return;
    }
    if (service !== undefined) batch.services.push(reader.service(service, name));
    else if (instance !== undefined) batch.instances.push(reader.instance(instance, name));
    else if (tombstone !== undefined) batch.tombstones.push(reader.tombstone(tombstone, name));
    else throw new StoreError('damaged', `${name} is no entry`);
    hash.update(`${line}\n`);
    entries++;
    if (entries % batchSize === 0) {
      yield batch;
      batch = emptyBatch();
    }
  }
  throw new StoreError(
    'damaged',
    `${file} ends after ${entries} entries, without the line that says how many there are`,
  );
}

type Growing<T> = { [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] };

function emptyBatch(): Growing<StoredBatch> {
  return { services: [], instances: [], tombstones: [] };
}

/** Entries read at a time. */
const batchSize = 1000;

/**
 * The lines of a file; what follows the last line feed is not one. Not node:readline, which ends lines at U+2028 too.
 */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(file, 'utf8')) {
    const lines = (rest + (chunk as string)).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
}
