/** The layout of a compiled rrset: what stands where in its block of words, for those who make blocks and who copy. */
import { RRType } from '../wire/codes.ts';
import type { FoldedName } from '../wire/folded-name.ts';

/** What the words of a block say. Behind these stand the records, and behind the records the name, folded. */
export const Word = {
  /** The next block at the same place of the table; 0 without. */
  next: 0,
  /** Of name and type. */
  hash: 1,
  /** The length of the name above 16 bits for the type. */
  key: 2,
  /** A number that no other block has; 0 once the block has ended. */
  id: 3,
  /** Seconds. */
  ttl: 4,
  /** Until when a resolver may hold an answer with these records, in seconds of the responder's clock. */
  heldUntil: 5,
  /** How many records, and how many octets they have. */
  count: 6,
  octets: 7,
  /** How many words each record has room in, and above 16 bits the order: see Order. */
  stride: 8,
  /** Counts the answers. */
  turn: 9,
  /** Of A records: the block with the AAAA records of the same name; 0 without. */
  sibling: 10,
  /** Of SRV records: the moment, as CompiledRRsets counts them, in which the addresses were last compared with those of the targets. */
  checkedAt: 10,
  records: 11,
} as const;

/**
 * What the words of a record say. Behind them stand its octets, filled up to whole words, then the addresses of the
 * target, and at the end of an SRV record's room the first of the blocks that these are from, and its id; 0 without.
 */
export const RecordWord = {
  /** Octets, above 16 bits how many A records the target has, and above 24 bits how many AAAA records. */
  lengths: 0,
  content: 1,
} as const;
/** Words of the two at the end. */
export const linkWords = 2;

/** In which order the records are sent. */
export const Order = { asTheyStand: 0, inTurn: 1, byWeight: 2 } as const;

/** Octets of a record in front of its rdata: a pointer to the owner, which stands in the question, and its fields. */
export const rdataStart = 12;
export const ownerPointer = 0xc00c;
/** Where in the rdata of SRV records the target is (RFC 2782). */
export const targetStart = 6;
/** Words of an A and an AAAA record. */
export const aWords = 4;
export const aaaaWords = 7;

/** Words of the room of each record. */
export function strideOf(words: Int32Array, block: number): number {
  return words[block + Word.stride]! & 0xffff;
}

/** Where the records of a block end. */
export function recordsEnd(words: Int32Array, block: number): number {
  return block + Word.records + words[block + Word.count]! * strideOf(words, block);
}

/** Words of each record of a block with addresses. */
export function addressLength(words: Int32Array, block: number): number {
  return (words[block + Word.key]! & 0xffff) === RRType.A ? aWords : aaaaWords;
}

/** The word at `key`. */
export function keyOf(name: FoldedName, type: number): number {
  return (name.length << 16) | type;
}

/** Words that so many octets take. */
export function wordsOf(octets: number): number {
  return (octets + 3) >> 2;
}
