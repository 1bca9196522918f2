/** A zone file from the disk: read within bounds, parsed, checked. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { RRType } from '../wire/codes.ts';
import { type Name, parseName, rootName } from '../wire/name.ts';
import type { ResourceRecord } from '../wire/record.ts';
import { checkZone } from './check.ts';
import { type Problem, ZoneFileError } from './error.ts';
import { isWithin, maxZoneLength, parseZone } from './parse.ts';

export interface Zone {
  readonly apex: Name;
  /** Those that can be served: no duplicates, one TTL an rrset. */
  readonly records: readonly ResourceRecord[];
  /** SOA serial, 0 to 2^32-1. */
  readonly serial: number;
  readonly warnings: readonly Problem[];
  /** The file and all that it includes: what to watch for changes. */
  readonly files: readonly string[];
}

/**
 * Loads `path`. The apex is in its name unless given: see `apexOf`. Throws ZoneFileError, also where it cannot be read.
 */
export function loadZoneFile(path: string, apex: Name = apexOf(path)): Zone {
  const start = { file: path, line: 1, column: 1 };
  const files = [path];
  const readInclude = (included: string): string => {
    refuseLeaving(dirname(path), included);
    files.push(included);
    return readOctets(included);
  };
  const text = reportAt(path, () => readOctets(path));
  const { records, errors, warnings } = checkZone(parseZone(text, { file: path, apex, readInclude }), apex, start);
  const [first, ...others] = errors;
  if (first !== undefined) throw new ZoneFileError([first, ...others]);
  return { apex, records, serial: serialOf(records), warnings, files };
}

/**
 * The apex that a file name stands for: `zones/example.org.zone` for example.org., `@.zone` for the root. Escapes make
 * up for what file names cannot hold, as in `0\04725.2.0.192.in-addr.arpa.zone`. Throws ZoneFileError.
 */
export function apexOf(path: string): Name {
  const name = basename(path).replace(/\.zone$/, '');
  return name === '@' ? rootName : reportAt(path, () => parseName(name));
}

/** The first of the five numbers that end the SOA's rdata (RFC 1035 section 3.3.13); a checked zone has one SOA. */
function serialOf(records: readonly ResourceRecord[]): number {
  const { rdata } = records.find(({ type }) => type === RRType.SOA)!;
  return Buffer.from(rdata.slice(-20, -16), 'latin1').readUInt32BE();
}

/** The text of a file, one char an octet, without the byte order mark that some editors put first. */
function readOctets(path: string): string {
  const stat = statSync(path);
  if (!stat.isFile()) throw new Error('it is no regular file');
  if (stat.size > maxZoneLength) throw new Error(`it has ${stat.size} octets, at most ${maxZoneLength} are read`);
  return readFileSync(path, 'latin1').replace(/^\xef\xbb\xbf/, '');
}

/** A link may lead out of the directory that the path seems to stay in. */
function refuseLeaving(directory: string, path: string): void {
  if (!isWithin(realpathSync(directory), realpathSync(path))) {
    throw new Error('it is a link that leads out of the directory');
  }
}

function reportAt<Result>(path: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ZoneFileError([{ file: path, line: 1, column: 1, message }]);
  }
}
