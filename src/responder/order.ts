/**
 * The order of the records of an rrset in an answer, and which of them go into one that is too small for all. SRV
 * records come by priority, then by exponential keys: -ln(U)/weight, smallest first, weight 0 last. That gives each
 * record the share of first places that RFC 2782 intends; other records have equal shares. With U drawn at random that
 * is an order to spread load; with U made from client and record it is the same subset for a client each time.
 */
import { finishHash } from '../runtime/hash.ts';
import { RRType } from '../wire/codes.ts';
import { uint16At } from '../wire/octets.ts';
import { type StoredRRset, areEqual } from '../zone/rrset.ts';

/** The record indexes of one rrset at a time, in an order. Made once and used for each answer. */
export class RecordOrder {
  /** Indexes of records, the first `length` of them in order. */
  indexes = new Uint32Array(initialSize);
  length = 0;
  #keys = new Float64Array(initialSize);
  #priorities = new Uint16Array(initialSize);
  #weights = new Uint16Array(initialSize);

  /** The records as they are kept. */
  natural(size: number): void {
    this.reserve(size);
    for (let i = 0; i < size; i++) this.indexes[i] = i;
    this.length = size;
  }

  /**
   * All records in an order to spread load. `turn`, 0 and up, numbers the orders of one answer and `phase`, 0 to 1,
   * tells answers apart: over the turns each record comes first as often as its weight says, sooner than chance would
   * have it. Returns after how many turns the orders come again; Infinity for never.
   */
  spread(rrset: StoredRRset, turn: number, phase: number): number {
    const size = rrset.size;
    if (rrset.type !== RRType.SRV || areEqual(rrset)) {
      this.rotate(size, turn + Math.floor(phase * size));
      return size;
    }
    this.reserve(size);
    for (let i = 0; i < size; i++) {
      const rdata = rrset.rdata(i);
      this.weigh(i, uint16At(rdata, 0), uint16At(rdata, 2));
    }
    this.spreadWeighed(size, turn, phase);
    return Infinity;
  }

  /** Says what priority and weight the record at `index` has; room for it must be reserved. */
  weigh(index: number, priority: number, weight: number): void {
    this.#priorities[index] = priority;
    this.#weights[index] = weight;
  }

  /** The same for `size` SRV records that were weighed. */
  spreadWeighed(size: number, turn: number, phase: number): void {
    const priorities = this.#priorities;
    const weights = this.#weights;
    for (let i = 0; i < size; i++) this.#keys[i] = srvKey(priorities[i]!, weights[i]!, 1 - Math.random());
    // A sequence that fills the interval evenly (Weyl), instead of a random number.
    const first = this.#firstOf(size, (phase + turn * goldenRatio) % 1);
    if (first >= 0) this.#keys[first] = -1;
    this.#sort(size, size);
  }

  /**
   * Records that the client with `seed` gets, always the same ones as long as they are there: those that fit into
   * `room` octets, or `most`.
   */
  draw(rrset: StoredRRset, seed: number, room: number, most: number): void {
    const size = rrset.size;
    this.reserve(size);
    const isSrv = rrset.type === RRType.SRV;
    let shortest = Infinity;
    for (let i = 0; i < size; i++) {
      const rdata = rrset.rdata(i);
      const uniform = (finishHash(rrset.hash(i) ^ seed) + 0.5) / 2 ** 32;
      this.#keys[i] = isSrv ? srvKey(uint16At(rdata, 0), uint16At(rdata, 2), uniform) : uniform;
      shortest = Math.min(shortest, rdata.length);
    }
    this.#sort(size, Math.min(size, most, Math.floor(room / (recordOverhead + shortest))));
  }

  /** The records in turn, from that at `start` modulo `size` on. */
  rotate(size: number, start: number): void {
    this.reserve(size);
    let index = start % size;
    for (let i = 0; i < size; i++) {
      this.indexes[i] = index;
      index = index + 1 === size ? 0 : index + 1;
    }
    this.length = size;
  }

  /**
   * The record of the lowest priority into whose part of the sum of weights `point`, 0 to 1, falls; -1 where all
   * weights are 0.
   */
  #firstOf(size: number, point: number): number {
    const priorities = this.#priorities;
    const weights = this.#weights;
    let lowest = Infinity;
    let total = 0;
    for (let i = 0; i < size; i++) {
      const priority = priorities[i]!;
      if (priority > lowest) continue;
      if (priority < lowest) total = 0;
      lowest = priority;
      total += weights[i]!;
    }
    let left = point * total;
    for (let i = 0; i < size; i++) {
      if (priorities[i] !== lowest) continue;
      left -= weights[i]!;
      if (left < 0) return i;
    }
    return -1;
  }

  /** Puts the indexes of the `count` smallest keys in order. */
  #sort(size: number, count: number): void {
    const { indexes } = this;
    const keys = this.#keys;
    let kept = 0;
    const limit = count < size ? smallest(keys.slice(0, size), count) : Infinity;
    for (let i = 0; i < size; i++) if (keys[i]! <= limit) indexes[kept++] = i;
    sortByKeys(indexes, keys, kept);
    this.length = count;
  }

  /** Makes room for so many records. */
  reserve(size: number): void {
    if (size <= this.indexes.length) return;
    this.indexes = new Uint32Array(2 * size);
    this.#keys = new Float64Array(2 * size);
    this.#priorities = new Uint16Array(2 * size);
    this.#weights = new Uint16Array(2 * size);
  }
}

const initialSize = 256;

/** Octets of a record without its rdata, where its owner name is compressed to a pointer. */
export const recordOverhead = 12;

const goldenRatio = (Math.sqrt(5) - 1) / 2;

/**
 * A number by which SRV records sort: the priority, then a half of the unit interval for all weights above 0, one for
 * weight 0.
 */
function srvKey(priority: number, weight: number, uniform: number): number {
  if (weight === 0) return priority + 0.5 + uniform / 2;
  const exponential = -Math.log(uniform) / weight;
  return priority + exponential / (1 + exponential) / 2;
}

/** Shell sort: no garbage, no calls, and for the few records of most answers plain insertion. */
function sortByKeys(indexes: Uint32Array, keys: Float64Array, length: number): void {
  for (const gap of gaps) {
    for (let i = gap; i < length; i++) {
      const index = indexes[i]!;
      const key = keys[index]!;
      let at = i;
      for (; at >= gap && keys[indexes[at - gap]!]! > key; at -= gap) indexes[at] = indexes[at - gap]!;
      indexes[at] = index;
    }
  }
}

const gaps = [701, 301, 132, 57, 23, 10, 4, 1] as const;

/** The `count`-th smallest of the numbers, whose order it changes (quickselect, Hoare 1961); -Infinity for the 0th. */
function smallest(numbers: Float64Array, count: number): number {
  if (count === 0) return -Infinity;
  const wanted = count - 1;
  let first = 0;
  let last = numbers.length - 1;
  while (first < last) {
    const pivot = numbers[(first + last) >> 1]!;
    let low = first;
    let high = last;
    while (low <= high) {
      while (numbers[low]! < pivot) low += 1;
      while (numbers[high]! > pivot) high -= 1;
      if (low > high) break;
      const exchanged = numbers[low]!;
      numbers[low++] = numbers[high]!;
      numbers[high--] = exchanged;
    }
    if (wanted <= high) last = high;
    else if (wanted >= low) first = low;
    else break;
  }
  return numbers[wanted]!;
}
