/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012), the keyed hash of interoperable DNS cookies (RFC 9018 section 4.4). Its
 * 64-bit words are pairs of 32-bit halves here: BigInt would take twenty times as long, for each query with a cookie.
 */
export class SipHash {
  /** Takes the octets to hash, at most 255. */
  readonly input = Buffer.alloc(256);
  /** The result: its first four octets as a little-endian number, and its last four. */
  low = 0;
  high = 0;

  readonly #words = new DataView(this.input.buffer, this.input.byteOffset, this.input.length);
  readonly #key: Int32Array;

  /** `key` has 16 octets. */
  constructor(key: Buffer) {
    this.#key = Int32Array.from([0, 4, 8, 12], (offset) => key.readInt32LE(offset));
  }

  /** Hashes the first `length` octets of `input`, and overwrites up to eight after them. */
  hash(length: number): void {
    const input = this.input;
    const end = (length & ~7) + 8;
    for (let i = length; i < end; i++) input[i] = 0;
    input[end - 1] = length;
    const key = this.#key;
    let low0 = key[0]! ^ 0x70736575;
    let high0 = key[1]! ^ 0x736f6d65;
    let low1 = key[2]! ^ 0x6e646f6d;
    let high1 = key[3]! ^ 0x646f7261;
    let low2 = key[0]! ^ 0x6e657261;
    let high2 = key[1]! ^ 0x6c796765;
    let low3 = key[2]! ^ 0x79746573;
    let high3 = key[3]! ^ 0x74656462;
    // Two rounds a word, and four behind the last.
    for (let offset = 0; offset <= end; offset += 8) {
      const isWord = offset < end;
      const low = isWord ? this.#words.getInt32(offset, true) : 0;
      const high = isWord ? this.#words.getInt32(offset + 4, true) : 0;
      low3 ^= low;
      high3 ^= high;
      if (!isWord) low2 ^= 0xff;
      for (let rounds = isWord ? 2 : 4; rounds > 0; rounds--) {
        let sum = (low0 + low1) | 0;
        high0 = (high0 + high1 + (sum >>> 0 < low0 >>> 0 ? 1 : 0)) | 0;
        low0 = sum;
        sum = (low2 + low3) | 0;
        high2 = (high2 + high3 + (sum >>> 0 < low2 >>> 0 ? 1 : 0)) | 0;
        low2 = sum;
        let rotated = (low1 << 13) | (high1 >>> 19);
        high1 = ((high1 << 13) | (low1 >>> 19)) ^ high0;
        low1 = rotated ^ low0;
        rotated = (low3 << 16) | (high3 >>> 16);
        high3 = ((high3 << 16) | (low3 >>> 16)) ^ high2;
        low3 = rotated ^ low2;
        // Rotating by 32 exchanges the halves.
        rotated = high0;
        high0 = low0;
        low0 = rotated;
        sum = (low0 + low3) | 0;
        high0 = (high0 + high3 + (sum >>> 0 < low0 >>> 0 ? 1 : 0)) | 0;
        low0 = sum;
        sum = (low2 + low1) | 0;
        high2 = (high2 + high1 + (sum >>> 0 < low2 >>> 0 ? 1 : 0)) | 0;
        low2 = sum;
        rotated = (low3 << 21) | (high3 >>> 11);
        high3 = ((high3 << 21) | (low3 >>> 11)) ^ high0;
        low3 = rotated ^ low0;
        rotated = (low1 << 17) | (high1 >>> 15);
        high1 = ((high1 << 17) | (low1 >>> 15)) ^ high2;
        low1 = rotated ^ low2;
        rotated = high2;
        high2 = low2;
        low2 = rotated;
      }
      low0 ^= low;
      high0 ^= high;
    }
    this.low = low0 ^ low1 ^ low2 ^ low3;
    this.high = high0 ^ high1 ^ high2 ^ high3;
  }
}
