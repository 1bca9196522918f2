/** The table of names against a Map. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { homeOf } from '../../src/runtime/hash.ts';
import { FoldedName } from '../../src/wire/folded-name.ts';
import { type Name, parseName } from '../../src/wire/name.ts';
import { NameTable, type Named } from '../../src/zone/name-table.ts';

const someName = fc
  .array(fc.constantFrom('a', 'b', 'C', 'xn--d', '*', '_tcp'), { minLength: 1, maxLength: 4 })
  .map((labels) => parseName(`${labels.join('.')}.`));

const step = fc.record({ act: fc.constantFrom('add', 'delete', 'find'), name: someName });

interface Entry extends Named {
  readonly name: Name;
}

function entryOf(name: Name): Entry {
  return { name, isAt: (sought, label) => sought.name(label) === name };
}

describe('a table of names', () => {
  it('finds what was added and not deleted, in any letters', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const table = new NameTable<Entry>();
        const model = new Map<Name, Entry>();
        for (const { act, name } of steps) {
          const sought = FoldedName.of(name);
          const folded = sought.name();
          if (act === 'add' && !model.has(folded)) {
            const entry = entryOf(folded);
            table.add(sought, 0, entry);
            model.set(folded, entry);
          }
          if (act === 'delete') {
            table.delete(sought, 0);
            model.delete(folded);
          }
          expect(table.find(sought, 0)).toBe(model.get(folded) ?? null);
        }
        expect(new Set(table.values())).toEqual(new Set(model.values()));
      }),
    );
  });

  it('finds the ancestors of a name by their labels', () => {
    const table = new NameTable<Entry>();
    for (const text of ['.', 'org.', 'example.org.']) {
      const name = FoldedName.of(parseName(text));
      table.add(name, 0, entryOf(name.name()));
    }
    const sought = FoldedName.of(parseName('www.Example.org.'));
    const found = [0, 1, 2, 3].map((label) => table.find(sought, label)?.name ?? null);
    expect(found).toEqual([null, ...['example.org.', 'org.', '.'].map((text) => parseName(text))]);
  });

  it('spreads names that differ in their last octets', () => {
    const places = 2 ** 16;
    for (const text of ['web-N.z.', 'abcN.z.', 'i-N.web.z.', 'N.z.']) {
      const homes = new Set<number>();
      for (let n = 1000; n < 11_000; n++) homes.add(homeOf(FoldedName.of(parseName(text.replace('N', `${n}`))).hashes[0]!) & (places - 1));
      // Of balls thrown at random into so many bins 9,286 different ones are hit on average.
      expect(homes.size).toBeGreaterThan(9000);
    }
  });
});
