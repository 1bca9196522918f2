import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PresentationError } from '../../src/wire/error.ts';
import {
  childOf,
  foldName,
  isAtOrBelow,
  labelCount,
  labelsOf,
  type Name,
  parentOf,
  parseName,
  printName,
  readName,
  rootName,
  skipName,
} from '../../src/wire/name.ts';
import { name } from './arbitrary.ts';

const example = parseName('example.');

describe('parseName', () => {
  it.each([
    ['.', '\0'],
    ['a', '\x01a\0'],
    ['a.', '\x01a\0'],
    ['www.Example.', '\x03www\x07Example\0'],
    ['a\\.b.c', '\x03a.b\x01c\0'],
    ['\\065\\000.', '\x02A\0\0'],
    ['a\\\\.b', '\x02a\\\x01b\0'],
    ['\\@', '\x01@\0'],
  ])('reads %s', (text, octets) => {
    expect(parseName(text)).toBe(octets);
  });

  it('takes what does not end with a dot as relative to the origin, and @ as the origin', () => {
    expect(parseName('www', example)).toBe(parseName('www.example.'));
    expect(parseName('www\\.', example)).toBe('\x04www.\x07example\0');
    expect(parseName('www\\\\.', example)).toBe('\x04www\\\0');
    expect(parseName('@', example)).toBe(example);
  });

  it.each([
    ['', 'found ""'],
    ['..', 'labels of 1 to 63 octets'],
    ['a..b', 'labels of 1 to 63 octets'],
    ['.a', 'labels of 1 to 63 octets'],
    [`${'a'.repeat(64)}.b`, 'labels of 1 to 63 octets'],
    ['a.'.repeat(128), 'at most 255 octets'],
    ['a\\256', '\\\\000 to \\\\255'],
    ['a\\2', 'an escape'],
    ['a\\', 'an escape'],
    ['a"b', 'a quote'],
    ['ü\u20ac', 'octets'],
  ])('refuses %j', (text, message) => {
    expect(() => parseName(text)).toThrow(PresentationError);
    expect(() => parseName(text)).toThrow(message.replaceAll('\\\\', '\\'));
  });

  it('accepts a name of 255 octets and of 127 labels, the most there are', () => {
    expect(parseName('a.'.repeat(127))).toHaveLength(255);
    expect(labelCount(parseName('a.'.repeat(127)))).toBe(127);
  });

  it('gives the same octets for what printName has printed', () => {
    fc.assert(fc.property(name, (octets) => parseName(printName(octets)) === octets));
  });
});

describe('printName', () => {
  it.each([
    ['\0', '.'],
    ['\x03a.b\0', 'a\\.b.'],
    ['\x02\x00\xff\0', '\\000\\255.'],
    ['\x05 @$;(\0', '\\032\\@\\$\\;\\(.'],
    ['\x03_Aa\0', '_Aa.'],
  ])('prints %j', (octets, text) => {
    expect(printName(octets as Name)).toBe(text);
  });
});

describe('names', () => {
  it('fold ASCII letters only, not the octets between and above them', () => {
    expect(foldName('\x05AZ[`\xc0\0' as Name)).toBe('\x05az[`\xc0\0');
  });

  it('compare by whole labels', () => {
    expect(isAtOrBelow(parseName('a.example.'), example)).toBe(true);
    expect(isAtOrBelow(example, example)).toBe(true);
    expect(isAtOrBelow(parseName('anexample.'), example)).toBe(false);
    expect(isAtOrBelow('\x09x\x07example\0' as Name, example)).toBe(false);
    expect(isAtOrBelow(example, rootName)).toBe(true);
  });

  it('are their first label in front of their parent', () => {
    fc.assert(
      fc.property(name, (octets) => {
        if (octets === rootName) return parentOf(octets) === rootName;
        return (
          childOf(labelsOf(octets)[0]!, parentOf(octets)) === octets && labelCount(octets) === labelsOf(octets).length
        );
      }),
    );
  });

  it('refuse a child that makes them too long', () => {
    const long = parseName('a.'.repeat(126));
    expect(childOf('b', long)).toHaveLength(255);
    expect(() => childOf('bb', long)).toThrow('within 255 octets');
    expect(() => childOf('', example)).toThrow('1 to 63');
  });
});

describe('readName', () => {
  it('reads what stands there and skipName goes behind it', () => {
    fc.assert(
      fc.property(name, (octets) => {
        const buffer = Buffer.from(`header......${octets}rest`, 'latin1');
        return (
          readName(buffer, 12, buffer.length) === octets && skipName(buffer, 12, buffer.length) === 12 + octets.length
        );
      }),
    );
  });

  it('follows pointers, also where the message does not begin with the buffer', () => {
    const buffer = Buffer.from(`before-----------.\x03www\x07example\0\x04mail\xc0\x10\x01a\xc0\x19`, 'latin1');
    const start = 6;
    expect(printName(readName(buffer, 31, buffer.length, start))).toBe('mail.example.');
    expect(printName(readName(buffer, 38, buffer.length, start))).toBe('a.mail.example.');
    expect(skipName(buffer, 31, buffer.length)).toBe(38);
  });
});
