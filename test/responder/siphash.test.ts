import { describe, expect, it } from 'vitest';
import { SipHash } from '../../src/responder/siphash.ts';

/** The first test vectors of the reference implementation: key 00 01 ... 0f, input of so many octets 00 01 .... */
const vectors: readonly (readonly [number, string])[] = [
  [0, '310e0edd47db6f72'],
  [1, 'fd67dc93c539f874'],
  [2, '5a4fa9d909806c0d'],
  [7, '37d1018bf50002ab'],
  [8, '6224939a79f5f593'],
  [15, 'e545be4961ca29a1'],
  [63, '724506eb4c328a95'],
];

describe('SipHash-2-4', () => {
  it.each(vectors)('of %i octets is %s', (length, expected) => {
    const hash = new SipHash(Buffer.from(Array.from({ length: 16 }, (_, index) => index)));
    for (let i = 0; i < length; i++) hash.input[i] = i;
    hash.hash(length);
    const result = Buffer.alloc(8);
    result.writeInt32LE(hash.low, 0);
    result.writeInt32LE(hash.high, 4);
    expect(result.toString('hex')).toBe(expected);
  });
});
