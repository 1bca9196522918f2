/** What etcd's transactions are made of. */
import type { ICompare, IRequestOp } from 'etcd3';

export function put(key: Buffer, value: string, lease = '0'): IRequestOp {
  return { request_put: { key, value: Buffer.from(value), lease } };
}

export function remove(key: Buffer): IRequestOp {
  return { request_delete_range: { key } };
}

export function read(key: Buffer): IRequestOp {
  return { request_range: { key } };
}

/** Reads nothing of an entry but its revisions. */
export function readRevision(key: Buffer): IRequestOp {
  return { request_range: { key, keys_only: true } };
}

/** Holds while the key has this mod revision; 0: while it is not there. */
export function unchanged(key: Buffer, revision: number): ICompare {
  return { key, ...isAt, mod_revision: revision };
}

/** Holds while the key, or any of the range, has not been written after `revision`. */
export function unwrittenSince(range: Pick<ICompare, 'key' | 'range_end'>, revision: number): ICompare {
  return { ...range, ...isBefore, mod_revision: revision + 1 };
}

/** Holds while the key is there. */
export function exists(key: Buffer): ICompare {
  return { key, ...isAfter, mod_revision: 0 };
}

export interface KeyRange {
  readonly key: Buffer;
  readonly range_end: Buffer;
}

/** All keys that begin with `prefix`, which does not end in octet 255. */
export function rangeBelow(prefix: Buffer): KeyRange {
  const range_end = Buffer.from(prefix);
  range_end[range_end.length - 1]!++;
  return { key: prefix, range_end };
}

/** Comparisons of mod revisions, in the numbers of the protocol, since the library's names load only with it. */
const isAt = { target: 2, result: 0 } as unknown as Comparison;
const isAfter = { target: 2, result: 1 } as unknown as Comparison;
const isBefore = { target: 2, result: 2 } as unknown as Comparison;
type Comparison = Pick<ICompare, 'target' | 'result'>;
