import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZoneFileError } from '../../src/zonefile/error.ts';
import { lines, parse, problemsOf } from './support.ts';

describe('a line', () => {
  it.each([
    ['a 60 IN A 192.0.2.1', 'a.example. 60 A 192.0.2.1'],
    ['a IN 60 A 192.0.2.1', 'a.example. 60 A 192.0.2.1'],
    ['a 1h30m A 192.0.2.1', 'a.example. 5400 A 192.0.2.1'],
    ['a 60 CLASS1 TYPE1 192.0.2.1', 'a.example. 60 A 192.0.2.1'],
    ['a.b. 60 in a 192.0.2.1', 'a.b. 60 A 192.0.2.1'],
    ['@ 60 MX 10 mail', 'example. 60 MX 10 mail.example.'],
    ['a 60 A 192.0.2.1 ; a comment with " and (', 'a.example. 60 A 192.0.2.1'],
    ['a 60 TXT "a ; b" c;d', 'a.example. 60 TXT "a ; b" "c"'],
    ['a 60 TXT ( "one"\n "two" ; more\n )', 'a.example. 60 TXT "one" "two"'],
    ['a 60 TXT "one""two"', 'a.example. 60 TXT "one" "two"'],
    ['a 60 ( IN\nA\n192.0.2.1 )', 'a.example. 60 A 192.0.2.1'],
    ['a\\.b 60 A 192.0.2.1', 'a\\.b.example. 60 A 192.0.2.1'],
    ['\\$ORIGIN 60 A 192.0.2.1', '\\$ORIGIN.example. 60 A 192.0.2.1'],
    ['60 60 A 192.0.2.1', '60.example. 60 A 192.0.2.1'],
    ['in 60 in a 192.0.2.1', 'in.example. 60 A 192.0.2.1'],
    ['a 60 TXT \xfc\xa0\xff', 'a.example. 60 TXT "\\252\\160\\255"'],
    ['a 60 HTTPS 1 . alpn="h2,h3" key9="x y"', 'a.example. 60 HTTPS 1 . alpn="h2,h3" key9="x y"'],
    ['a 60 A 192.0.2.1\r\n', 'a.example. 60 A 192.0.2.1'],
    ['\n\n \t\n;\na 60 A 192.0.2.1\n\n', 'a.example. 60 A 192.0.2.1'],
  ])('%j', (text, line) => {
    expect(lines(parse(text))).toEqual([line]);
  });

  it('that begins with a blank has the owner of the one before', () => {
    expect(lines(parse('a 60 A 192.0.2.1\n 60 A 192.0.2.2\n\tTXT x'))).toEqual([
      'a.example. 60 A 192.0.2.1',
      'a.example. 60 A 192.0.2.2',
      'a.example. 60 TXT "x"',
    ]);
  });

  it('knows where it stands', () => {
    const [first, second] = parse('\n  \na 60 TXT (\n x )\n  60 TXT y', { file: 'z' });
    expect(first!.position).toEqual({ file: 'z', line: 3, column: 1 });
    expect(second!.position).toEqual({ file: 'z', line: 5, column: 3 });
  });
});

describe('a TTL left out', () => {
  it('is that of $TTL, whatever was stated between (RFC 2308 section 4)', () => {
    expect(lines(parse('$TTL 1m\na A 192.0.2.1\nb 5 A 192.0.2.1\nc A 192.0.2.1'))).toEqual([
      'a.example. 60 A 192.0.2.1',
      'b.example. 5 A 192.0.2.1',
      'c.example. 60 A 192.0.2.1',
    ]);
  });

  it('is without $TTL the one stated last (RFC 1035 section 5.1)', () => {
    expect(lines(parse('a 5 A 192.0.2.1\nb A 192.0.2.1'))[1]).toBe('b.example. 5 A 192.0.2.1');
  });

  it('is at an SOA that comes first the one for negative answers, as BIND has it', () => {
    expect(lines(parse('@ SOA a b 1 2 3 4 300\nb A 192.0.2.1'))).toEqual([
      'example. 300 SOA a.example. b.example. 1 2 3 4 300',
      'b.example. 300 A 192.0.2.1',
    ]);
  });
});

describe('directives', () => {
  it('$ORIGIN moves what relative names are relative to, itself too', () => {
    expect(
      lines(parse('$ORIGIN sub\na 60 CNAME b\n$ORIGIN deep\n@ 60 A 192.0.2.1\n$origin .\nx 60 A 192.0.2.1')),
    ).toEqual(['a.sub.example. 60 CNAME b.sub.example.', 'deep.sub.example. 60 A 192.0.2.1', 'x. 60 A 192.0.2.1']);
  });

  it('$INCLUDE reads another file and restores origin and owner after it', () => {
    const files: Record<string, string> = {
      'zones/parts/a.inc': '$ORIGIN inner\nb 60 A 192.0.2.2\n$INCLUDE parts/b.inc outer.\nc 60 A 192.0.2.4',
      'zones/parts/b.inc': '@ 60 A 192.0.2.3',
    };
    const readInclude = (path: string): string => files[path]!;
    expect(
      lines(parse('a 60 A 192.0.2.1\n$INCLUDE parts/a.inc sub\n 60 A 192.0.2.5\nd 60 A 192.0.2.6', { readInclude })),
    ).toEqual([
      'a.example. 60 A 192.0.2.1',
      'b.inner.sub.example. 60 A 192.0.2.2',
      'outer. 60 A 192.0.2.3',
      'c.inner.sub.example. 60 A 192.0.2.4',
      'a.example. 60 A 192.0.2.5',
      'd.example. 60 A 192.0.2.6',
    ]);
  });

  it('$INCLUDE says in which file an error is', () => {
    const readInclude = (): string => 'a 60 A 192.0.2';
    expect(() => parse('\n$INCLUDE a.inc', { readInclude })).toThrow(
      expect.objectContaining({ file: 'zones/a.inc', line: 1, column: 8 }),
    );
  });

  it.each([
    ['$INCLUDE ../a.inc', 'found "../a.inc", wanted a file in the directory of the zone file or below it'],
    ['$INCLUDE parts/../../a.inc', 'in the directory of the zone file'],
    ['$INCLUDE /etc/passwd', 'in the directory of the zone file'],
    ['$INCLUDE gone', 'a file that can be read (no such file)'],
    ['$INCLUDE loop', 'at most 10 files that include each other'],
    ['$INCLUDE', 'found nothing more, wanted a file name'],
    ['$INCLUDE empty sub more', 'found "more", wanted nothing more after $INCLUDE'],
  ])('%s is refused', (text, message) => {
    const readInclude = (path: string): string => {
      if (path === 'zones/loop') return '$INCLUDE loop';
      if (path === 'zones/empty') return '';
      throw new Error('no such file');
    };
    expect(() => parse(text, { readInclude })).toThrow(message);
  });

  it('$INCLUDE is refused where there are no files', () => {
    expect(() => parse('$INCLUDE a')).toThrow('wanted no $INCLUDE here');
  });

  it('$GENERATE makes a record for each number of the range', () => {
    expect(
      lines(parse('$TTL 60\n$GENERATE 8-12/2 a$ 30 IN A 192.0.2.$\n$GENERATE 1-2 b${0,2} SRV 0 0 80${0,2} a${7}')),
    ).toEqual([
      'a8.example. 30 A 192.0.2.8',
      'a10.example. 30 A 192.0.2.10',
      'a12.example. 30 A 192.0.2.12',
      'b01.example. 60 SRV 0 0 8001 a8.example.',
      'b02.example. 60 SRV 0 0 8002 a9.example.',
    ]);
  });

  it('$GENERATE takes rdata within one pair of quotes apart, as BIND does', () => {
    expect(lines(parse('$GENERATE 1-1 a$ 60 MX "10 mail$"'))).toEqual(['a1.example. 60 MX 10 mail1.example.']);
  });
});

describe('an error', () => {
  it.each([
    ['a 60 A 192.0.2', '1:8: found "192.0.2", wanted an IPv4 address'],
    ['a 60 A', '1:6: found nothing more, wanted an IPv4 address'],
    ['a 60 A 192.0.2.1 x', '1:18: found "x", wanted nothing after the rdata of A'],
    ['a 60 SRV 10 70000 1 b', '1:13: found "70000", wanted a number from 0 to 65535'],
    ['a 60 FOO x', '1:6: found "FOO", wanted a record type'],
    ['a 60', '1:3: found nothing more, wanted a record type'],
    ['a', '1:1: found nothing more, wanted a record type'],
    ['a 60 60 A 192.0.2.1', '1:6: found "60", wanted a record type'],
    ['a 60 AXFR x', '1:6: found "AXFR", wanted a type of which there are records'],
    ['a 60 TYPE0 \\# 0', '1:6: found "TYPE0", wanted a type of which there are records'],
    ['a 60 CH TXT x', '1:6: found "CH", wanted class IN, the only one served'],
    ['a 60 ANY x', '1:6: found "ANY", wanted a type of which there are records'],
    ['a 2147483648 A 192.0.2.1', '1:3: found "2147483648", wanted a TTL from 0 to 2147483647 seconds, or as in 1h30m'],
    ['a A 192.0.2.1', '1:5: found "A", wanted a TTL before it, or $TTL at the top of the file'],
    [' 60 A 192.0.2.1', '1:5: found "A", wanted an owner name at the beginning of the line, as no record is before it'],
    ['a..b 60 A 192.0.2.1', '1:1: found "a..b", wanted a domain name with labels of 1 to 63 octets'],
    ['a 60 TXT "x', '1:10: found "\\"x", wanted a " that ends the quotes on the same line'],
    ['a 60 TXT "x\ny"', '1:10: found "\\"x", wanted a " that ends the quotes on the same line'],
    ['a 60 TXT x"y"', '1:11: found "\\"y\\"", wanted a blank before the quotes, or \\" for a quote in a word'],
    ['a 60 TXT x\\', '1:11: found "\\\\", wanted a character after the backslash'],
    ['a 60 TXT (x', '1:10: found "(", wanted a ) that closes it'],
    ['a 60 TXT ((x))', '1:11: found "(", wanted parentheses that are not nested'],
    ['a 60 TXT x)', '1:11: found ")", wanted a ( before it'],
    ['$TTL', '1:1: found nothing more, wanted a TTL'],
    ['$TTL 1x', '1:6: found "1x", wanted a TTL from 0 to 2147483647 seconds, or as in 1h30m'],
    ['$ORIGIN a b', '1:11: found "b", wanted nothing more after $ORIGIN'],
    ['$FOO x', '1:1: found "$FOO", wanted $ORIGIN, $TTL, $INCLUDE or $GENERATE'],
    ['$GENERATE 1 a$ A 1', '1:11: found "1", wanted a range: start-stop or start-stop/step'],
    [
      '$GENERATE 1-2 a$ 60 A 192.0.2.${x}',
      '1:23: found "${x}", wanted ${offset,width,base}, width up to 255, base one of d o x X n N',
    ],
    ['$GENERATE 250-260 a$ 60 A 192.0.2.$', '1:27: found "192.0.2.256", wanted an IPv4 address'],
  ])('in %j is %s', (text, problem) => {
    expect(problemsOf(() => parse(text))).toContain(problem);
  });

  it('does not hide those after it', () => {
    expect(problemsOf(() => parse('a 60 A x\nb 60 A 192.0.2.1\nc 60 TXT "x\nd 60 AAAA y'))).toEqual([
      '1:8: found "x", wanted an IPv4 address',
      '3:10: found "\\"x", wanted a " that ends the quotes on the same line',
      '4:11: found "y", wanted an IPv6 address',
    ]);
  });

  it('is the last that is looked for when there were 100', () => {
    const problems = problemsOf(() => parse('a 60 A x\n'.repeat(1000)));
    expect(problems).toHaveLength(100);
    expect(problems[99]).toContain('after 100 errors no more are looked for');
  });

  it('prints as file, line and column', () => {
    expect(() => parse('\na 60 A x')).toThrow('zones/example.zone:2:8: found "x", wanted an IPv4 address');
  });

  it('is a ZoneFileError whatever the text is', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'a',
        '60',
        'IN',
        'A',
        '192.0.2.1',
        'TXT',
        'SRV',
        ' ',
        '\n',
        '\t',
        '(',
        ')',
        '"',
        ';',
        '\\',
        '$ORIGIN',
        '$TTL',
        '$GENERATE',
        '1-3',
        '$',
        '${0,2,x}',
        '@',
        '.',
      ),
      fc.string({ unit: 'binary-ascii', maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          parse(pieces.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(ZoneFileError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
