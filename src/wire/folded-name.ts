/**
 * A domain name as it is looked up: its octets with letters in lower case (RFC 4343), and a hash of it and of each of its
 * ancestors, so that tables of names are searched without a string being made. One is filled anew for each name.
 */
import { fnvPrime } from '../runtime/hash.ts';
import { type Name, foldedOctet, maxLabelLength, maxNameLength } from './name.ts';
import { octetsOf } from './octets.ts';

const mostLabels = 127;

/** Differs from process to process, so that nobody can choose names whose hashes collide. */
const seed = crypto.getRandomValues(new Int32Array(1))[0]!;

export class FoldedName {
  /** The wire form: the first `length` octets, and zeros up to the next whole word. */
  readonly octets = Buffer.from(new ArrayBuffer(maxNameLength + 1));
  /** The same memory, to compare four octets at once. */
  readonly words = new Int32Array(this.octets.buffer);
  /** 1 to 255. */
  length = 0;
  /** Labels before the root label, 0 to 127. An index of a label stands for the name that begins with it. */
  labels = 0;
  /** Where each label begins, the root label too. */
  readonly starts = new Uint8Array(mostLabels + 1);
  /** The hash of the name that begins with each label, the root label too; never 0. */
  readonly hashes = new Int32Array(mostLabels + 1);

  static of(name: Name): FoldedName {
    return new FoldedName().take(name);
  }

  take(name: Name): this {
    let at = 0;
    let labels = 0;
    for (let length = name.charCodeAt(0); ; length = name.charCodeAt(at)) {
      this.starts[labels] = at;
      this.octets[at++] = length;
      if (length === 0) break;
      labels += 1;
      for (const end = at + length; at < end; at++) this.octets[at] = foldedOctet[name.charCodeAt(at)]!;
    }
    this.#finish(at, labels);
    return this;
  }

  /**
   * Reads the uncompressed name at `start` of `buffer[.., end)`; returns the offset after it, or -1 where there is none.
   */
  read(buffer: Buffer, start: number, end: number): number {
    const { octets } = this;
    let at = start;
    let length = 0;
    let labels = 0;
    for (;;) {
      const labelLength = at < end ? buffer[at]! : maxNameLength;
      if (labelLength > maxLabelLength || at + labelLength >= end) return -1;
      if (length + labelLength >= maxNameLength) return -1;
      this.starts[labels] = length;
      octets[length++] = labelLength;
      const labelEnd = at + labelLength;
      while (at < labelEnd) octets[length++] = foldedOctet[buffer[++at]!]!;
      at += 1;
      if (labelLength === 0) break;
      labels += 1;
    }
    this.#finish(length, labels);
    return at;
  }

  /** The name that begins with label `label`, in a string of its own. */
  name(label = 0): Name {
    return octetsOf(this.octets, this.starts[label], this.length);
  }

  /** True when the name that begins with label `label` is the folded `name`. */
  equals(name: Name, label: number): boolean {
    const { octets } = this;
    const start = this.starts[label]!;
    const { length } = name;
    if (length !== this.length - start) return false;
    for (let i = 0; i < length; i++) if (name.charCodeAt(i) !== octets[start + i]) return false;
    return true;
  }

  #finish(length: number, labels: number): void {
    const { octets, starts, hashes } = this;
    this.length = length;
    this.labels = labels;
    for (let i = length; i % 4 !== 0; i++) octets[i] = 0;
    // From the right, so that each ancestor's hash is a step on the way.
    let hash = seed;
    hashes[labels] = hash | 1;
    for (let label = labels - 1; label >= 0; label--) {
      const end = starts[label + 1]!;
      for (let i = starts[label]!; i < end; i++) hash = Math.imul(hash ^ octets[i]!, fnvPrime);
      hashes[label] = hash === 0 ? 1 : hash;
    }
  }
}
