/**
 * A directory of zone files, followed: what is added, changed or taken away there is loaded, changed or dropped here. A
 * bad file never takes an already served zone away.
 */
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import type { Name } from '../wire/name.ts';
import { type Problem, printProblem, ZoneFileError } from './error.ts';
import { apexOf, loadZoneFile, type Zone } from './load.ts';

/** Who serves the zones. Calls come one after another. */
export interface ZoneSink {
  /** A file was read for the first time or differs from what was read before. */
  serve(zone: Zone): Promise<unknown>;
  /** The file of a zone is no more. */
  drop(apex: Name): Promise<unknown>;
}

export interface ZoneDirectoryParts {
  readonly sink: ZoneSink;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Editors and copies write in several steps; a change is looked at when it has been quiet for this long, in milliseconds. */
const quiet = 150;

export class ZoneDirectory {
  readonly #path: string;
  readonly #parts: ZoneDirectoryParts;
  /** By the path of the top file: how all files that it consists of looked when it was read. */
  readonly #read = new Map<string, FileState>();
  /** By directory: this one, and those of the files that zone files include. */
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: Timer | null = null;
  #work: Promise<void> = Promise.resolve();
  #isOpen = true;

  /** Serves what is there, then follows the directory; one that does not exist holds no zones. */
  static async open(path: string, parts: ZoneDirectoryParts): Promise<ZoneDirectory> {
    const directory = new ZoneDirectory(path, parts);
    await directory.reload();
    return directory;
  }

  private constructor(path: string, parts: ZoneDirectoryParts) {
    this.#path = path;
    this.#parts = parts;
  }

  /** Looks at all files now, and resolves when what differs is served. */
  reload(): Promise<void> {
    this.#work = this.#work.then(() => this.#compare()).then(() => this.#follow());
    return this.#work;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#timer?.cancel();
    await this.#work;
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  /** Watches directories and not their files: what replaces a file would not be watched any more. */
  #follow(): void {
    if (!this.#isOpen) return;
    const files = [...this.#read.values()].flatMap((state) => state.files);
    for (const path of new Set([this.#path, ...files.map((file) => dirname(file))])) {
      if (!this.#watchers.has(path)) this.#watch(path);
    }
  }

  #watch(path: string): void {
    const { log, clock } = this.#parts;
    try {
      const watcher = watch(path, { persistent: false }, () => {
        this.#timer?.cancel();
        this.#timer = clock.after(quiet, () => void this.reload());
      });
      watcher.on('error', (error) => log.warn({ err: error, path }, 'zone files are not followed any more: SIGHUP reloads'));
      this.#watchers.set(path, watcher);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'ENOENT') log.warn({ err: error, path }, 'zone files are not followed: SIGHUP reloads');
    }
  }

  async #compare(): Promise<void> {
    const present = this.#list();
    if (present === null) return;
    for (const path of present) {
      const known = this.#read.get(path);
      if (known === undefined || known.print !== fingerprint(known.files)) await this.#take(path);
    }
    for (const path of [...this.#read.keys()].filter((each) => !present.includes(each))) await this.#leave(path);
  }

  /** The paths of the zone files; null when the directory cannot be read, which takes no zone away. */
  #list(): string[] | null {
    try {
      return readdirSync(this.#path).filter((file) => file.endsWith('.zone')).sort().map((file) => join(this.#path, file));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && this.#read.size === 0) return [];
      this.#parts.log.error({ err: error }, 'the directory of zone files cannot be read; what was served goes on');
      return null;
    }
  }

  async #take(path: string): Promise<void> {
    const { sink, log } = this.#parts;
    // Taken before reading: what changes meanwhile is seen as a change the next time.
    const before = fingerprint([path]);
    try {
      const zone = loadZoneFile(path);
      for (const problem of zone.warnings) log.warn({ file: problem.file, line: problem.line }, printProblem(problem));
      await sink.serve(zone);
      const last = this.#read.get(path)?.serial ?? zone.serial;
      // RFC 1982 section 3.2: by sign of the difference, as the numbers go round.
      if (((zone.serial - last) | 0) < 0) log.warn({ file: path }, `found serial ${zone.serial} after ${last}, wanted one that is later`);
      const print = zone.files.length === 1 ? before : fingerprint(zone.files);
      this.#read.set(path, { files: zone.files, print, serial: zone.serial });
    } catch (error) {
      const known = this.#read.get(path);
      // Tried again at the next look, whatever changed: the fault may lie in a file that it includes.
      this.#read.set(path, { files: known?.files ?? [path], print: 'failed', serial: known?.serial ?? null });
      for (const problem of problemsOf(error, path)) log.error({ file: problem.file, line: problem.line }, printProblem(problem));
      log.error({ file: path }, isServed(known) ? 'zone file not loaded; the zone is served as it was' : 'zone file not loaded');
    }
  }

  async #leave(path: string): Promise<void> {
    const known = this.#read.get(path);
    this.#read.delete(path);
    if (isServed(known)) await this.#parts.sink.drop(apexOf(path));
  }
}

interface FileState {
  readonly files: readonly string[];
  readonly print: string;
  /** That of the version that is served; null where none could be loaded. */
  readonly serial: number | null;
}

function isServed(state: FileState | undefined): boolean {
  return state !== undefined && state.serial !== null;
}

/** What changes when a file is written or replaced. */
function fingerprint(files: readonly string[]): string {
  return files.map(fingerprintOf).join(' ');
}

function fingerprintOf(file: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return `${ino}/${size}/${mtimeNs}/${ctimeNs}`;
  } catch {
    return 'absent';
  }
}

function problemsOf(error: unknown, path: string): readonly Problem[] {
  if (error instanceof ZoneFileError) return error.problems;
  return [{ file: path, line: 1, column: 1, message: error instanceof Error ? error.message : String(error) }];
}
