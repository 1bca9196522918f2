/**
 * A domain name as it is looked up: its octets with letters in lower case (RFC 4343), and a hash of it and of each of its
 * ancestors, so that tables of names are searched without a string being made. One is filled anew for each name.
 */
import { endianness } from 'node:os';
import { type Name, maxLabelLength, maxNameLength } from './name.ts';
import { type Octets, octetsOf } from './octets.ts';

const mostLabels = 127;
/** Four octets can be read from wherever a name has one. */
const bufferLength = maxNameLength + 5;

/** Differs from process to process, so that names of letters and digits that collide in one do not in the next. */
const seed = crypto.getRandomValues(new Int32Array(1))[0]!;

export class FoldedName {
  /** The wire form: the first `length` octets, and zeros up to the next whole word. */
  readonly octets = Buffer.from(new ArrayBuffer(bufferLength));
  /** The same memory, to compare four octets at once. */
  readonly words = new Int32Array(this.octets.buffer);
  /** The octets as they were given, with letters in either case. */
  readonly given = new Int32Array(this.words.length);
  /** 1 to 255. */
  length = 0;
  /** Labels before the root label, 0 to 127. An index of a label stands for the name that begins with it. */
  labels = 0;
  /** Where each label begins, the root label too. */
  readonly starts = new Uint8Array(mostLabels + 1);
  /** The hash of the name that begins with each label, the root label too; never 0. */
  readonly hashes = new Int32Array(mostLabels + 1);

  readonly #given = new Uint8Array(this.given.buffer);
  readonly #view = new DataView(this.octets.buffer);

  static of(name: Name): FoldedName {
    return new FoldedName().take(name);
  }

  /** Takes the name at `start` of `octets`; where these end without a root label, the name does too. */
  take(octets: Octets, start = 0): this {
    let length = 0;
    let labels = 0;
    for (let next = 0; ; length++) {
      const octet = octets.charCodeAt(start + length);
      this.#given[length] = octet;
      if (length < next) continue;
      this.starts[labels] = length;
      // Not a number behind the end.
      if (!(octet > 0)) break;
      labels += 1;
      next = length + octet + 1;
    }
    this.#finish(length + 1, labels);
    return this;
  }

  /**
   * Reads the uncompressed name at `start` of `view[.., end)`, behind which four octets more must stand, as they do in a
   * question; returns the offset after the name, or -1 where there is none.
   */
  read(view: DataView, start: number, end: number): number {
    let at = start;
    let labels = 0;
    for (;;) {
      const labelLength = at < end ? view.getUint8(at) : maxNameLength;
      if (labelLength > maxLabelLength || at - start + labelLength >= maxNameLength) return -1;
      this.starts[labels] = at - start;
      at += labelLength + 1;
      if (labelLength === 0) break;
      labels += 1;
    }
    if (at + 4 > end) return -1;
    const { given } = this;
    const length = at - start;
    for (let i = 0; 4 * i < length; i++) given[i] = view.getInt32(start + 4 * i, isLittleEndian);
    this.#finish(length, labels);
    return at;
  }

  /** A hash of the name together with a type. */
  hashWith(type: number): number {
    return mix(this.hashes[0]! ^ type);
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

  /** True when the name that begins with label `label` is `name`: four octets at a time. */
  ends(name: FoldedName, label: number): boolean {
    const start = this.starts[label]!;
    const { words, length } = name;
    if (this.length - start !== length) return false;
    const view = this.#view;
    let at = 0;
    for (; at + 4 <= length; at += 4) if (view.getInt32(start + at, isLittleEndian) !== words[at >> 2]) return false;
    for (; at < length; at++) if (this.octets[start + at] !== name.octets[at]) return false;
    return true;
  }

  /** Folds what was given, and makes the hashes. */
  #finish(length: number, labels: number): void {
    this.length = length;
    this.labels = labels;
    const { octets, words, given, starts, hashes } = this;
    for (let i = 0; 4 * i < length; i++) words[i] = foldWord(given[i]!);
    for (let i = length; i % 4 !== 0; i++) octets[i] = 0;
    // From the right, so that each ancestor's hash is a step on the way.
    let hash = seed | 1;
    hashes[labels] = hash;
    const view = this.#view;
    for (let label = labels - 1; label >= 0; label--) {
      const end = starts[label + 1]!;
      let at = starts[label]!;
      for (; at + 4 <= end; at += 4) hash = mix(hash ^ view.getInt32(at, true));
      if (at < end) hash = mix(hash ^ (view.getInt32(at, true) & lowOctets[end - at]!));
      hashes[label] = hash === 0 ? 1 : hash;
    }
  }
}

const isLittleEndian = endianness() === 'LE';

/** By their number the bits of the first octets of a word that is read as little-endian. */
const lowOctets = [0, 0xff, 0xffff, 0xffffff] as const;

/** One step of a hash, which each bit of a word reaches the lower half of. */
function mix(hash: number): number {
  const product = Math.imul(hash, 0x85ebca6b);
  return product ^ (product >>> 15);
}

/**
 * Four octets with their letters in lower case, all at once (RFC 4343): of an octet below 128 the eighth bit of
 * `octet + 63` says that it is `A` or more, that of `octet + 37` that it is more than `Z`. Length octets are less than `A`.
 */
function foldWord(word: number): number {
  const octets = word & 0x7f7f7f7f;
  const isUpper = ((octets + 0x3f3f3f3f) ^ (octets + 0x25252525)) & ~word & 0x80808080;
  return word | (isUpper >>> 2);
}
