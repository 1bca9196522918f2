/**
 * Which names a message holds already, for compression (RFC 1035 section 4.1.4). The labels of names form a tree; each
 * is kept as a key and as the offset at which it stands in the message. The table is bounded, so that writing stays
 * linear, and is made once and used for every message, without garbage.
 */
import { foldedOctet } from './name.ts';
import type { Octets } from './octets.ts';

/** Labels beyond these are not pointed to. */
const maxLabels = 128;
export const maxPointerTarget = 0x3fff;
/** In front of which label a label stands: 1 + its index in the table, or this. */
export const root = 0;

export class CompressionTable {
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  /** Offset in the message up to which letters match in either case. */
  #foldedEnd = 0;

  // A key is a label's hash above eight bits for the label in front of which it stands.
  #labels = 0;
  readonly #keys = new Int32Array(maxLabels);
  readonly #offsets = new Uint16Array(maxLabels);

  // The name at hand: where its labels begin, the root label too, and their hashes.
  readonly #starts = new Uint16Array(maxLabels);
  readonly #hashes = new Int32Array(maxLabels);

  /** Begins anew with the message that begins at `start` of `buffer`. */
  reset(buffer: Buffer, start: number): void {
    this.#buffer = buffer;
    this.#start = start;
    this.#foldedEnd = 0;
    this.#labels = 0;
  }

  /** Takes up the name at `from` of `octets`; returns how many labels it has before the root. */
  takeUp(octets: Octets, from: number): number {
    let count = 0;
    let at = from;
    for (let length = octets.charCodeAt(at); length > 0; length = octets.charCodeAt(at)) {
      let hash = length;
      const end = at + length;
      for (let i = at + 1; i <= end; i++) hash = (Math.imul(hash, 31) + foldedOctet[octets.charCodeAt(i)]!) | 0;
      this.#starts[count] = at;
      this.#hashes[count] = hash;
      count += 1;
      at = end + 1;
    }
    this.#starts[count] = at;
    return count;
  }

  /** Where label `index` of the name at hand begins; that of the root for the count of labels. */
  startOf(index: number): number {
    return this.#starts[index]!;
  }

  /**
   * The label that equals label `index` of the name at hand, in `octets`, and stands in front of `parent`; `root`:
   * there is none.
   */
  find(octets: Octets, index: number, parent: number): number {
    const key = (this.#hashes[index]! << 8) | parent;
    for (let i = 0; i < this.#labels; i++) {
      if (this.#keys[i] === key && this.#isWritten(octets, this.#starts[index]!, this.#offsets[i]!)) return i + 1;
    }
    return root;
  }

  /** The offset in the message at which a found label stands. */
  offsetOf(label: number): number {
    return this.#offsets[label - 1]!;
  }

  /**
   * Adds labels 0 to `count` - 1 of the name at hand, of which the last stands in front of `parent`, at their place
   * plus `shift`.
   */
  add(count: number, parent: number, shift: number): void {
    for (let i = count - 1; i >= 0; i--) {
      const offset = this.#starts[i]! + shift;
      if (this.#labels === maxLabels || offset > maxPointerTarget) return;
      this.#keys[this.#labels] = (this.#hashes[i]! << 8) | parent;
      this.#offsets[this.#labels] = offset;
      this.#labels += 1;
      parent = this.#labels;
    }
  }

  /** Adds the name of the question at `offset` of the message, which ends at `end`. */
  addQuestion(offset: number, end: number): void {
    const buffer = this.#buffer;
    let count = 0;
    let at = this.#start + offset;
    for (let length = buffer[at]!; length > 0; length = buffer[at]!) {
      let hash = length;
      const labelEnd = at + length;
      for (let i = at + 1; i <= labelEnd; i++) hash = (Math.imul(hash, 31) + foldedOctet[buffer[i]!]!) | 0;
      this.#starts[count] = at - this.#start;
      this.#hashes[count] = hash;
      count += 1;
      at = labelEnd + 1;
    }
    this.add(count, root, 0);
    this.#foldedEnd = end;
  }

  /** Forgets what stands at `length` of the message or behind it. */
  truncate(length: number): void {
    while (this.#labels > 0 && this.#offsets[this.#labels - 1]! >= length) this.#labels -= 1;
  }

  #isWritten(octets: Octets, from: number, offset: number): boolean {
    const buffer = this.#buffer;
    const shift = this.#start + offset - from;
    const end = from + octets.charCodeAt(from);
    const foldable = offset < this.#foldedEnd;
    for (let i = from; i <= end; i++) {
      const octet = octets.charCodeAt(i);
      const written = buffer[i + shift]!;
      if (octet !== written && !(foldable && foldedOctet[octet] === foldedOctet[written])) return false;
    }
    return true;
  }
}
