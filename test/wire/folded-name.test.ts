/** Names as they are looked up, against names as strings. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FoldedName } from '../../src/wire/folded-name.ts';
import { foldName, labelCount, maxNameLength, type Name, parentOf, parseName } from '../../src/wire/name.ts';
import { writeOctets } from '../../src/wire/octets.ts';

const label = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 63 });
const someName = fc
  .array(label, { maxLength: 127 })
  .map((labels) => {
    let name = '\0';
    for (const each of labels) {
      if (name.length + each.length < maxNameLength) name = String.fromCharCode(each.length) + each + name;
    }
    return name as Name;
  });

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

describe('a folded name', () => {
  it('is the same, taken from a string or read from a message', () => {
    fc.assert(
      fc.property(someName, fc.nat({ max: 20 }), (name, start) => {
        const buffer = Buffer.alloc(start + name.length + 4);
        const end = writeOctets(name, buffer, start);
        const read = new FoldedName();
        expect(read.read(viewOf(buffer), start, buffer.length)).toBe(end);
        const taken = FoldedName.of(name);
        expect(read.name()).toBe(foldName(name));
        expect(taken.name()).toBe(foldName(name));
        expect(read.labels).toBe(labelCount(name));
        expect(read.hashes.subarray(0, read.labels + 1)).toEqual(taken.hashes.subarray(0, taken.labels + 1));
        expect(read.words.subarray(0, Math.ceil(name.length / 4))).toEqual(
          taken.words.subarray(0, Math.ceil(name.length / 4)),
        );
      }),
    );
  });

  it('has the hash of each ancestor', () => {
    fc.assert(
      fc.property(someName, (name) => {
        const whole = FoldedName.of(name);
        let ancestor = name;
        for (let index = 0; index <= whole.labels; index++) {
          expect(whole.hashes[index]).toBe(FoldedName.of(ancestor).hashes[0]);
          expect(whole.equals(foldName(ancestor), index)).toBe(true);
          expect(whole.ends(FoldedName.of(ancestor), index)).toBe(true);
          ancestor = parentOf(ancestor);
        }
      }),
    );
  });

  it.each([
    ['a pointer', 'c00c', 0],
    ['a label type that is not to be used', '4161', 0],
    ['an end inside a label', '0361', 0],
    ['no root label', '0161', 0],
    ['a question without type and class', '0161000001', 0],
    ['256 octets', `${`3f${'61'.repeat(63)}`.repeat(4)}0000010001`, 0],
  ])('is not read from %s', (_, hex, start) => {
    const buffer = Buffer.from(hex, 'hex');
    expect(new FoldedName().read(viewOf(buffer), start, buffer.length)).toBe(-1);
  });

  it.each(['\x03ab', '\x03abc', '\x3f', ''])('comes to an end where its octets do: %j', (octets) => {
    expect(FoldedName.of(octets as Name).length).toBeLessThanOrEqual(maxNameLength);
  });

  it('is longer than its zeros: parts of an earlier name do not show', () => {
    const name = FoldedName.of(parseName('a.long.name.'));
    name.take(parseName('b.'));
    expect([...name.octets.subarray(0, 4)]).toEqual([1, 0x62, 0, 0]);
  });
});
