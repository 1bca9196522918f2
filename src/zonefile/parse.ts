/**
 * Zone files (RFC 1035 section 5) into records: $ORIGIN, $INCLUDE, $TTL (RFC 2308 section 4) and BIND's $GENERATE. Text
 * in, records out; the disk is behind `readInclude`. It goes on after an error, to find the others too.
 */
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { isMetaType, parseClass, parseType, printClass, printType, RRClass, RRType } from '../wire/codes.ts';
import { PresentationError } from '../wire/error.ts';
import { unescapeText } from '../wire/escape.ts';
import { type Name, parseName } from '../wire/name.ts';
import { parsePeriod } from '../wire/number.ts';
import { copyOctets, type Octets, uint32At } from '../wire/octets.ts';
import { parseRdata } from '../wire/rdata/rdata.ts';
import { maxTtl, type ResourceRecord } from '../wire/record.ts';
import { type Token, Tokens } from '../wire/tokens.ts';
import { type Position, type Problem, ZoneFileError } from './error.ts';
import { fillTemplate, parseRange } from './generate.ts';
import { type Entry, readEntries } from './lexer.ts';

/** A record and where it stands. */
export interface ZoneRecord extends ResourceRecord {
  readonly position: Position;
}

export interface ParseOptions {
  /** For messages; its directory is what the paths of $INCLUDE are relative to. */
  readonly file: string;
  /** The first origin. */
  readonly apex: Name;
  /** Returns the text of a file to include, one char an octet, or throws. Absent: $INCLUDE is refused. */
  readonly readInclude?: (path: string) => string;
}

/** Octets of text, with all that is included. */
export const maxZoneLength = 128 * 2 ** 20;
export const maxRecords = 2_000_000;
const maxProblems = 100;
const maxIncludeDepth = 10;

/** The records of `text`, one char an octet. Throws ZoneFileError with up to 100 problems. */
export function parseZone(text: string, options: ParseOptions): ZoneRecord[] {
  return new ZoneParser(options).zone(text);
}

/**
 * What a file sees of its own: after $INCLUDE the including file has its origin and owner again (RFC 1035 section 5.1).
 */
interface Scope {
  readonly file: string;
  readonly depth: number;
  origin: Name;
  owner: Name | null;
}

/** Ends the parsing of all files; what it is about stands among the errors. */
class TooMuch extends Error {}

class ZoneParser {
  readonly #options: ParseOptions;
  readonly #records: ZoneRecord[] = [];
  readonly #errors: Problem[] = [];
  #length = 0;
  /** Of $TTL. It outlives the file that sets it, as with BIND. */
  #defaultTtl: number | null = null;
  /** The TTL stated last: what counts without $TTL (RFC 1035 section 5.1). */
  #lastTtl: number | null = null;

  constructor(options: ParseOptions) {
    this.#options = options;
  }

  zone(text: string): ZoneRecord[] {
    const { file, apex } = this.#options;
    try {
      this.#file(text, { file, origin: apex, owner: null, depth: 0 });
    } catch (error) {
      if (!(error instanceof TooMuch)) throw error;
    }
    const [first, ...others] = this.#errors;
    if (first !== undefined) throw new ZoneFileError([first, ...others]);
    return this.#records;
  }

  #file(text: string, scope: Scope): void {
    this.#length += text.length;
    if (this.#length > maxZoneLength) {
      this.#stop({ file: scope.file, line: 1, column: 1 }, `more than ${maxZoneLength} octets of zone file`);
    }
    const report = (error: PresentationError, line: number, column: number): void => {
      this.#error({ file: scope.file, line, column }, error);
    };
    for (const entry of readEntries(text, report)) this.#entry(entry, scope);
  }

  #entry(entry: Entry, scope: Scope): void {
    const words = new Tokens(entry.tokens, scope.origin);
    const first = entry.tokens[0]!;
    try {
      if (!entry.ownerIsBlank && !first.quoted && first.text.startsWith('$')) this.#directive(words, scope, entry);
      else this.#record(words, scope, entry);
    } catch (error) {
      if (!(error instanceof PresentationError)) throw error;
      const { line, column } = entry.tokens[Math.max(words.taken, 1) - 1]!;
      this.#error({ file: scope.file, line, column }, error);
    }
  }

  #directive(words: Tokens, scope: Scope, entry: Entry): void {
    const directive = words.next('a directive').text;
    switch (directive.toUpperCase()) {
      case '$ORIGIN':
        scope.origin = parseName(words.next('a domain name').text, scope.origin);
        break;
      case '$TTL':
        this.#defaultTtl = parseTtl(words.next('a TTL').text);
        break;
      case '$INCLUDE':
        this.#include(words, scope);
        return;
      case '$GENERATE':
        this.#generate(words, scope, entry);
        return;
      default:
        throw new PresentationError(directive, '$ORIGIN, $TTL, $INCLUDE or $GENERATE');
    }
    expectEnd(words, directive);
  }

  #include(words: Tokens, scope: Scope): void {
    const { text } = words.next('a file name');
    const path = this.#includePath(text);
    const content = this.#readInclude(text, path);
    const origin = words.done ? scope.origin : parseName(words.next('').text, scope.origin);
    expectEnd(words, '$INCLUDE');
    if (scope.depth === maxIncludeDepth) {
      throw new PresentationError(text, `at most ${maxIncludeDepth} files that include each other`);
    }
    this.#file(content, { file: path, origin, owner: scope.owner, depth: scope.depth + 1 });
  }

  /** Paths count from the directory of the zone file, wherever the $INCLUDE stands, and do not lead out of it. */
  #includePath(text: string): string {
    const directory = dirname(this.#options.file);
    const name = unescapeText(text);
    const path = isAbsolute(name) ? name : join(directory, name);
    if (!isWithin(directory, path)) {
      throw new PresentationError(text, 'a file in the directory of the zone file or below it');
    }
    return path;
  }

  #readInclude(text: string, path: string): string {
    const { readInclude } = this.#options;
    if (readInclude === undefined) throw new PresentationError(text, 'no $INCLUDE here');
    try {
      return readInclude(path);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new PresentationError(text, `a file that can be read (${reason})`);
    }
  }

  #generate(words: Tokens, scope: Scope, entry: Entry): void {
    const range = parseRange(words.next('a range').text);
    const owner = words.next('an owner name').text;
    const { ttl, type } = this.#head(words);
    const templates = generatedWords(words);
    const fill = (text: string, value: number): Token => ({ text: fillTemplate(text, value), quoted: false });
    for (let value = range.start; value <= range.stop; value += range.step) {
      const rdata = parseRdata(type, new Tokens(templates.map(({ text }) => fill(text, value)), scope.origin));
      const name = parseName(fillTemplate(owner, value), scope.origin);
      this.#add(name, type, this.#ttl(ttl, type, rdata), rdata, scope, entry);
    }
  }

  #record(words: Tokens, scope: Scope, entry: Entry): void {
    if (!entry.ownerIsBlank) scope.owner = parseName(words.next('an owner name').text, scope.origin);
    const { ttl, type } = this.#head(words);
    if (scope.owner === null) {
      const wanted = 'an owner name at the beginning of the line, as no record is before it';
      throw new PresentationError(printType(type), wanted);
    }
    const rdata = parseRdata(type, words);
    this.#add(scope.owner, type, this.#ttl(ttl, type, rdata), rdata, scope, entry);
  }

  /** TTL and class, each at most once, in either order, and the type. */
  #head(words: Tokens): { ttl: number | null; type: number } {
    let ttl: number | null = null;
    let rrClass: number | null = null;
    for (;;) {
      const { text } = words.next('a record type');
      if (ttl === null && parsePeriod(text) !== null) ttl = parseTtl(text);
      else if (rrClass === null && isClass(text)) rrClass = inClass(text);
      else return { ttl, type: storableType(text) };
    }
  }

  #ttl(stated: number | null, type: number, rdata: Octets): number {
    if (stated !== null) return (this.#lastTtl = stated);
    const inherited = this.#defaultTtl ?? this.#lastTtl;
    if (inherited !== null) return inherited;
    if (type !== RRType.SOA) {
      throw new PresentationError(printType(type), 'a TTL before it, or $TTL at the top of the file');
    }
    // As BIND does; RFC 1035 would have no TTL here either.
    return (this.#lastTtl = Math.min(uint32At(rdata, rdata.length - 4), maxTtl));
  }

  #add(owner: Name, type: number, ttl: number, rdata: Octets, scope: Scope, entry: Entry): void {
    const { line, column } = entry.tokens[0]!;
    const position = { file: scope.file, line, column };
    if (this.#records.length === maxRecords) this.#stop(position, `more than ${maxRecords} records`);
    this.#records.push({ owner: copyOctets(owner), type, ttl, rdata: copyOctets(rdata), position });
  }

  #error(position: Position, error: PresentationError): void {
    if (this.#errors.length === maxProblems - 1) {
      this.#stop(position, `${error.message}; after ${maxProblems} errors no more are looked for`);
    }
    this.#errors.push({ ...position, message: error.message });
  }

  #stop(position: Position, message: string): never {
    this.#errors.push({ ...position, message });
    throw new TooMuch(message);
  }
}

/** True when `path` is in `directory` or below it, as far as the names tell. */
export function isWithin(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function parseTtl(text: string): number {
  const ttl = parsePeriod(text);
  if (ttl === null || ttl > maxTtl) {
    throw new PresentationError(text, `a TTL from 0 to ${maxTtl} seconds, or as in 1h30m`);
  }
  return ttl;
}

function isClass(text: string): boolean {
  const rrClass = parseClass(text);
  return rrClass !== null && rrClass !== RRClass.ANY && rrClass !== RRClass.NONE;
}

function inClass(text: string): number {
  const rrClass = parseClass(text)!;
  if (rrClass !== RRClass.IN) throw new PresentationError(printClass(rrClass), 'class IN, the only one served');
  return rrClass;
}

function storableType(text: string): number {
  const type = parseType(text);
  if (type === null) throw new PresentationError(text, 'a record type');
  if (type === 0 || isMetaType(type)) throw new PresentationError(text, 'a type of which there are records');
  return type;
}

function expectEnd(words: Tokens, directive: string): void {
  if (!words.done) throw new PresentationError(words.next('').text, `nothing more after ${directive}`);
}

/** The words of generated rdata: as they stand, or those within one pair of quotes, as in BIND. */
function generatedWords(words: Tokens): readonly Token[] {
  const list: Token[] = [];
  while (!words.done) list.push(words.next(''));
  if (list.length !== 1 || !list[0]!.quoted) return list;
  const refuse = (error: PresentationError): never => {
    throw error;
  };
  return [...readEntries(list[0]!.text, refuse)].flatMap((entry) => entry.tokens);
}
