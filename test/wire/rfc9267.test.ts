/** The anti-patterns of RFC 9267, section by section, and the work that hostile messages may cause. */
import { describe, expect, it } from 'vitest';
import { RRType } from '../../src/wire/codes.ts';
import { decodeMessage } from '../support/message.ts';
import type { Octets } from '../../src/wire/octets.ts';
import { isRdata } from '../../src/wire/rdata/rdata.ts';
import { readName } from '../../src/wire/name.ts';

/** A message of a header with these counts and the octets after it, given as latin1 text. */
function messageOf(counts: [questions: number, answers: number], body: string): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(counts[0], 4);
  header.writeUInt16BE(counts[1], 6);
  return Buffer.concat([header, Buffer.from(body, 'latin1')]);
}

const fields = '\0\x01\0\x01';
const recordFields = '\0\x01\0\x01\0\0\0\0';

describe('RFC 9267', () => {
  it.each([
    ['2: a pointer to itself', [1, 0], `\xc0\x0c${fields}`, 'bad-pointer'],
    ['2: a pointer forwards', [1, 0], `\xc0\x10${fields}\x01a\0`, 'bad-pointer'],
    ['2: a pointer beyond the message', [1, 0], `\xc1\x00${fields}`, 'bad-pointer'],
    ['2: a pointer into the header', [1, 0], `\xc0\x04${fields}`, 'bad-pointer'],
    ['2: two pointers at each other', [2, 0], `\xc0\x12${fields}\xc0\x0c${fields}`, 'bad-pointer'],
    ['2: labels and a pointer back to them', [1, 0], `\x01a\xc0\x0c${fields}`, 'bad-pointer'],
    ['2: a pointer cut in half', [1, 0], '\xc0', 'truncated'],
    ['3: a label of 64 octets', [1, 0], `\x40${'a'.repeat(64)}\0${fields}`, 'bad-label'],
    ['3: a label of type 10', [1, 0], `\x80${'a'.repeat(64)}\0${fields}`, 'bad-label'],
    ['3: a label that goes beyond the message', [1, 0], '\x3fabc', 'truncated'],
    ['3: a name of 256 octets', [1, 0], `${`\x3e${'a'.repeat(62)}`.repeat(4)}\x02aa\0${fields}`, 'name-too-long'],
    [
      '3: a name that pointers make too long',
      [2, 0],
      `${`\x3f${'a'.repeat(63)}`.repeat(3)}\0${fields}\x3f${'a'.repeat(63)}\xc0\x0c${fields}`,
      'name-too-long',
    ],
    ['4: a name without its end', [1, 0], '\x03www', 'truncated'],
    ['5: RDLENGTH beyond the message', [0, 1], `\0${recordFields}\0\x05\x01\x02\x03\x04`, 'truncated'],
    ['5: RDLENGTH 65535', [0, 1], `\0${recordFields}\xff\xff\x01\x02\x03\x04`, 'truncated'],
    ['5: RDLENGTH shorter than the type', [0, 1], `\0${recordFields}\0\x03\x01\x02\x03`, 'bad-rdata'],
    ['5: RDLENGTH longer than the type', [0, 1], `\0${recordFields}\0\x05\x01\x02\x03\x04\x05`, 'bad-rdata'],
    ['6: a question less than counted', [1, 0], '', 'truncated'],
    ['6: 65,535 records counted, none there', [0, 65535], '', 'truncated'],
  ] as const)('section %s', (_, [questions, answers], body, code) => {
    expect(() => decodeMessage(messageOf([questions, answers], body))).toThrow(expect.objectContaining({ code }));
  });

  it('section 3: a name of 255 octets is one', () => {
    const name = `${`\x3e${'a'.repeat(62)}`.repeat(4)}\x01a\0`;
    expect(decodeMessage(messageOf([1, 0], name + fields)).questions[0]!.name).toBe(name);
  });
});

/** A buffer that counts the octets read from it. */
function counting(octets: Buffer): { buffer: Buffer; reads: () => number } {
  let reads = 0;
  const buffer = new Proxy(octets, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) reads += 1;
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return (...args: number[]): unknown => {
        const [from = 0, to = target.length] = key === 'copy' ? args.slice(2) : args;
        reads += key === 'readUInt16BE' ? 2 : to - from;
        return Reflect.apply(value, target, args);
      };
    },
  });
  return { buffer, reads: () => reads };
}

describe('the work of decoding', () => {
  it('of a service parameter that might be a URI template does not go back and forth', () => {
    const value = `/${'{dns'.repeat(15_000)}`;
    const rdata = `\0\x01\0\0\x07${String.fromCharCode(value.length >> 8, value.length & 0xff)}${value}` as Octets;
    expect(isRdata(RRType.SVCB, rdata)).toBe(false);
  });

  /** Pointers, each to the one before, behind one label. */
  function pointerChain(pointers: number): Buffer {
    let body = '\x01a\0';
    for (let i = 0; i < pointers; i++) {
      const target = i === 0 ? 12 : 15 + (i - 1) * 2;
      body += String.fromCharCode(0xc0 | (target >> 8), target & 0xff);
    }
    return messageOf([0, 0], body);
  }

  it('ends after 127 pointers of one name', () => {
    const chain = pointerChain(8000);
    const { buffer, reads } = counting(chain);
    expect(() => readName(buffer, chain.length - 2, chain.length)).toThrow(
      expect.objectContaining({ code: 'bad-pointer' }),
    );
    expect(reads()).toBeLessThan(3 * 128);
    expect(readName(chain, 15 + 126 * 2, chain.length)).toBe('\x01a\0');
  });

  it('grows linearly with the message where every record points to the longest chain of labels', () => {
    const work = [6_000, 12_000, 24_000, 48_000].map((length) => {
      // 127 labels of one octet, then records of 12 octets that own that name.
      const records = Math.floor((length - 12 - 255) / 12);
      const body = `${'\x01a'.repeat(127)}\0${fields}` + `\xc0\x0c\xff\0\0\x01\0\0\0\0\0\0`.repeat(records);
      const { buffer, reads } = counting(messageOf([1, records], body));
      expect(decodeMessage(buffer).answers).toHaveLength(records);
      return reads() / length;
    });
    for (const each of work) expect(each).toBeLessThan(60);
    expect(work.at(-1)! / work[0]!).toBeLessThan(1.2);
  });
});
