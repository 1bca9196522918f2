import { describe, expect, it } from 'vitest';
import { fillTemplate, parseRange } from '../../src/zonefile/generate.ts';

describe('parseRange', () => {
  it.each([
    ['1-10', { start: 1, stop: 10, step: 1 }],
    ['0-65535/5', { start: 0, stop: 65535, step: 5 }],
    ['7-7', { start: 7, stop: 7, step: 1 }],
    ['0-65535', { start: 0, stop: 65535, step: 1 }],
  ])('%s', (text, range) => {
    expect(parseRange(text)).toEqual(range);
  });

  it.each([
    ['1', 'a range'],
    ['1-', 'a range'],
    ['-1-2', 'a range'],
    ['2-1', 'whose stop is not below its start'],
    ['1-2/0', 'from 1 to'],
    ['0-65536', 'at most 65536 records'],
    ['0-2147483647', 'at most 65536 records'],
    ['0-2147483648/65536', 'from 0 to 2147483647'],
  ])('refuses %s', (text, message) => {
    expect(() => parseRange(text)).toThrow(message);
  });
});

describe('fillTemplate', () => {
  it.each([
    ['host-$', 7, 'host-7'],
    ['$.$', 7, '7.7'],
    ['\\$', 7, '\\$'],
    ['$$', 7, '\\$'],
    ['\\\\$', 7, '\\\\7'],
    ['${0}', 7, '7'],
    ['${-10}', 7, '-3'],
    ['${-10,3,d}', 7, '-03'],
    ['${5,3}', 7, '012'],
    ['${0,4,x}', 255, '00ff'],
    ['${0,0,X}', 255, 'FF'],
    ['${0,3,o}', 8, '010'],
    ['${0,0,n}', 0x1a, 'a.1'],
    ['${0,7,n}', 0x1a, 'a.1.0.0'],
    ['${0,3,N}', 0xf, 'F.0'],
  ])('%s with %i', (template, value, text) => {
    expect(fillTemplate(template, value)).toBe(text);
  });

  it.each(['${}', '${x}', '${0,256}', '${0,1,b}', '${0,1,d,1}'])('refuses %s', (template) => {
    expect(() => fillTemplate(template, 1)).toThrow('${offset,width,base}');
  });
});
