/**
 * The order of the records of an rrset in an answer, and which of them go into one that is too small for all. SRV records
 * come by priority, then by exponential keys: -ln(U)/weight, smallest first, weight 0 last. That gives each record the share
 * of first places that RFC 2782 intends; other records have equal shares. With U drawn at random that is an order to
 * spread load; with U made from client and record it is the same subset for a client each time.
 */
import { RRType } from '../wire/codes.ts';
import { type Octets, uint16At } from '../wire/octets.ts';
import type { StoredRRset } from '../zone/rrset.ts';
import { hashOctets } from './hash.ts';

/** The record indexes of one rrset at a time, in an order. Made once and used for each answer. */
export class RecordOrder {
  /** Indexes of records, the first `length` of them in order. */
  indexes = new Uint32Array(initialSize);
  length = 0;
  #keys = new Float64Array(initialSize);

  /** The records as they are kept. */
  natural(size: number): void {
    this.#reserve(size);
    for (let i = 0; i < size; i++) this.indexes[i] = i;
    this.length = size;
  }

  /**
   * All records in an order to spread load. `turn`, 0 and up, numbers the orders of one answer and `phase`, 0 to 1, tells answers
   * apart: over the turns each record comes first as often as its weight says, sooner than chance would have it.
   */
  spread(rrset: StoredRRset, turn: number, phase: number): void {
    const size = rrset.size;
    if (rrset.type !== RRType.SRV) {
      this.#rotate(size, turn + Math.floor(phase * size));
      return;
    }
    this.#reserve(size);
    for (let i = 0; i < size; i++) this.#keys[i] = srvKey(rrset.rdata(i), 1 - Math.random());
    // A sequence that fills the interval evenly (Weyl), instead of a random number.
    const first = this.#firstSrv(rrset, (phase + turn * goldenRatio) % 1);
    if (first >= 0) this.#keys[first] = -1;
    this.#sort(size, size);
  }

  /** The `count` records that the client with `seed` gets, always the same ones as long as they are there. */
  draw(rrset: StoredRRset, seed: number, count: number): void {
    const size = rrset.size;
    this.#reserve(size);
    const isSrv = rrset.type === RRType.SRV;
    for (let i = 0; i < size; i++) {
      const rdata = rrset.rdata(i);
      const uniform = (hashOctets(rdata, seed) + 0.5) / 2 ** 32;
      this.#keys[i] = isSrv ? srvKey(rdata, uniform) : uniform;
    }
    this.#sort(size, Math.min(size, count));
  }

  #rotate(size: number, start: number): void {
    this.#reserve(size);
    for (let i = 0; i < size; i++) this.indexes[i] = (start + i) % size;
    this.length = size;
  }

  /** The record of the lowest priority into whose part of the sum of weights `point`, 0 to 1, falls; -1 where all weights are 0. */
  #firstSrv(rrset: StoredRRset, point: number): number {
    let lowest = Infinity;
    let total = 0;
    for (let i = 0; i < rrset.size; i++) {
      const rdata = rrset.rdata(i);
      const priority = uint16At(rdata, 0);
      if (priority > lowest) continue;
      if (priority < lowest) total = 0;
      lowest = priority;
      total += uint16At(rdata, 2);
    }
    let left = point * total;
    for (let i = 0; i < rrset.size; i++) {
      const rdata = rrset.rdata(i);
      if (uint16At(rdata, 0) !== lowest) continue;
      left -= uint16At(rdata, 2);
      if (left < 0) return i;
    }
    return -1;
  }

  /** Puts the indexes of the `count` smallest keys in order. */
  #sort(size: number, count: number): void {
    const { indexes } = this;
    const keys = this.#keys;
    let kept = size;
    if (count < size && size > insertionSize) {
      const limit = keys.slice(0, size).sort()[count - 1]!;
      kept = 0;
      for (let i = 0; i < size; i++) if (keys[i]! <= limit) indexes[kept++] = i;
    } else {
      for (let i = 0; i < size; i++) indexes[i] = i;
    }
    if (kept > insertionSize) indexes.subarray(0, kept).sort((a, b) => keys[a]! - keys[b]!);
    else sortByInsertion(indexes, keys, kept);
    this.length = count;
  }

  #reserve(size: number): void {
    if (size <= this.indexes.length) return;
    this.indexes = new Uint32Array(2 * size);
    this.#keys = new Float64Array(2 * size);
  }
}

const initialSize = 256;

/** Up to so many elements are sorted by insertion, which is then the quickest and leaves no garbage. */
const insertionSize = 48;

const goldenRatio = (Math.sqrt(5) - 1) / 2;

/** A number by which SRV records sort: the priority, then a half of the unit interval for all weights above 0, one for weight 0. */
function srvKey(rdata: Octets, uniform: number): number {
  const priority = uint16At(rdata, 0);
  const weight = uint16At(rdata, 2);
  if (weight === 0) return priority + 0.5 + uniform / 2;
  const exponential = -Math.log(uniform) / weight;
  return priority + exponential / (1 + exponential) / 2;
}

function sortByInsertion(indexes: Uint32Array, keys: Float64Array, length: number): void {
  for (let i = 1; i < length; i++) {
    const index = indexes[i]!;
    const key = keys[index]!;
    let at = i;
    for (; at > 0 && keys[indexes[at - 1]!]! > key; at--) indexes[at] = indexes[at - 1]!;
    indexes[at] = index;
  }
}
