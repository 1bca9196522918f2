import { expect, test } from 'vitest';
import { admit } from '../../src/registry/admission.ts';
import { RegistryError } from '../../src/registry/error.ts';
import { caller, web, zone } from './support.ts';

const terms = { zone, service: null, defaultLease: 30, wall: 0 };

type Place = 'service' | 'id' | 'tags' | 'ports';
const places: readonly Place[] = ['service', 'id', 'tags', 'ports'];

/** What becomes of a label in a place: the label as kept, or `refused` where it is invalid. */
function labelIn(place: Place, text: string): string {
  const what = {
    service: { service: text },
    id: { id: text },
    tags: { tags: [text] },
    // As JSON.parse makes it: an own property whatever its name, which a literal with __proto__ has not.
    ports: { ports: JSON.parse(`{${JSON.stringify(text)}: {"port": 1}}`) as Record<string, { port: number }> },
  }[place];
  try {
    const { service, id, tags, ports } = admit(web('a', what), caller, terms);
    return { service, id, tags: tags[0], ports: ports[0]?.name }[place] ?? 'none';
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'invalid') return 'refused';
    throw error;
  }
}

const long = (count: number): string => 'a'.repeat(count);

/** Each label, and what is kept of it; null: refused. */
const cases: readonly (readonly [text: string, kept: string | null])[] = [
  // Taken as they are.
  ...[
    'a',
    '0',
    'web',
    'web2',
    '2web',
    'a-b',
    'a--b',
    'a-b-c',
    'xn--bcher-kva',
    '1-2',
    '007',
    long(62),
    long(63),
    `a${'-'.repeat(61)}a`,
  ].map((text) => [text, text] as const),
  // Words that mean something to JavaScript, JSON or a database, and nothing here.
  ...[
    'constructor',
    'tostring',
    'valueof',
    'hasownproperty',
    'prototype',
    'null',
    'undefined',
    'true',
    'false',
    'nan',
    'infinity',
    'select',
    'any',
    'in',
    'srv',
  ].map((text) => [text, text] as const),
  // Folded from ASCII.
  ...([
    ['Web', 'web'],
    ['WEB', 'web'],
    ['wEb-01', 'web-01'],
    ['A', 'a'],
    ['Z9', 'z9'],
    ['toString', 'tostring'],
    ['hasOwnProperty', 'hasownproperty'],
    ['A'.repeat(63), long(63)],
    ['NULL', 'null'],
    ['CON', 'con'],
  ] as const),
  // Too short, too long.
  ...['', long(64), long(65), long(255), long(256), long(100_000)].map((text) => [text, null] as const),
  // Hyphens at the ends.
  ...['-', '--', '-a', 'a-', '-a-', '---a', 'a---', `-${long(62)}`, `${long(62)}-`].map(
    (text) => [text, null] as const,
  ),
  // What the server reserves for itself, and what JavaScript does.
  ...[
    '_',
    '_a',
    'a_',
    'a_b',
    '__proto__',
    '__defineGetter__',
    '_tcp',
    '_udp',
    '_tag',
    '_sel',
    '_sub',
    '_services',
    '_dns-sd',
    '_acme-challenge',
    '_dns',
    '_domainkey',
  ].map((text) => [text, null] as const),
  // More than one label, or none.
  ...[
    '.',
    '..',
    'a.',
    '.a',
    'a.b',
    'a..b',
    'web.svc.internal',
    'web.svc.internal.',
    '1.2.3.4',
    '@',
    '*',
    '*.a',
    'a*',
    '**',
    'a\\.b',
    '\\097',
    '\\046',
  ].map((text) => [text, null] as const),
  // Letters that look like or fold to ASCII ones: Kelvin sign, long s, dotless i, I with dot, fullwidth, circled,
  // Cyrillic, Greek, sharp s.
  ...[
    '\u212a',
    '\u212aube',
    'wor\u212a',
    '\u017f',
    'ba\u017fe',
    '\u0131',
    '\u0130',
    'W\u0130NDOW',
    '\uff57\uff45\uff42',
    '\u24d0',
    '\u0430pp',
    '\u03bfne',
    'stra\u00dfe',
    '\u00c5',
    '\u212b',
    '\ufb01le',
    '\u01c4',
  ].map((text) => [text, null] as const),
  // Other alphabets, combining marks, emoji, surrogates.
  ...[
    'b\u00fccher',
    '\u65e5\u672c',
    '\u0645\u0648\u0642\u0639',
    'e\u0301',
    '\u{1f600}',
    '\ud800',
    '\udc00',
    'a\ud800b',
    '\u{10ffff}',
    '\u00e9',
    '\u00ff',
    '\u0080',
    '\u00ad',
  ].map((text) => [text, null] as const),
  // Dots of other alphabets, which IDNA software takes for separators.
  ...['a\u3002b', 'a\uff0eb', 'a\uff61b', '\u3002', 'a\u00b7b', 'a\u2024b'].map((text) => [text, null] as const),
  // Invisible, and hyphens that are none.
  ...[
    'a\u200bb',
    'a\u200cb',
    'a\u200db',
    '\ufeffa',
    'a\u2060b',
    'a\u00a0b',
    'a\u202eb',
    'a\u2010b',
    'a\u2011b',
    'a\u2012b',
    'a\u2013b',
    'a\u2212b',
    'a\ufe63b',
    'a\uff0db',
    'a\u180eb',
    'a\u034fb',
  ].map((text) => [text, null] as const),
  // Space and control characters.
  ...[
    ' ',
    ' a',
    'a ',
    'a b',
    '\t',
    'a\tb',
    '\n',
    'a\n',
    '\na',
    'a\nb',
    'a\r\nb',
    '\0',
    'a\0',
    'a\0b',
    '\u0001',
    '\u001b[31m',
    '\u007f',
    'a\u0085b',
    'a\u2028b',
    'a\u3000b',
    '\v',
    '\f',
  ].map((text) => [text, null] as const),
  // Escapes of other languages: paths, URLs, zone files, HTML, shells, SQL.
  ...[
    '%2e',
    '%2E%2e',
    'a%00b',
    '%',
    'a/b',
    '/',
    '//',
    '../a',
    '..\\a',
    'a\\b',
    'a?b',
    'a#b',
    'a&b',
    'a=b',
    'a+b',
    'a,b',
    'a;b',
    ';$INCLUDE',
    '$INCLUDE',
    '$ORIGIN',
    '$GENERATE',
    '(a)',
    '"a"',
    "'a'",
    '`a`',
    '<a>',
    '&lt;',
    '${a}',
    '{{a}}',
    '$(a)',
    'a|b',
    'a:b',
    '[::1]',
    'a!b',
    'a~b',
    'a^b',
    "a'--",
    'a@b',
    '\\u0061',
    '\\x61',
    '0x7f.1',
  ].map((text) => [text, null] as const),
];

test('there are at least 200 cases of names', () => {
  expect(new Set(cases.map(([text]) => text)).size).toBe(cases.length);
  expect(cases.length).toBeGreaterThanOrEqual(200);
});

test.each(cases.map(([text, kept]) => [JSON.stringify(text).slice(0, 40), text, kept] as const))(
  'label %s',
  (_, text, kept) => {
    for (const place of places) expect([place, labelIn(place, text)]).toEqual([place, kept ?? 'refused']);
  },
);

test.each(['wpad', 'WPAD', 'isatap', 'localhost', 'LocalHost', 'ns', 'ns1', 'NS2', 'ns-primary', 'signpost'])(
  '%s is no name for a service',
  (text) => {
    expect(labelIn('service', text)).toBe('refused');
  },
);

test.each(['wpad', 'isatap', 'localhost'])('%s is no id of an instance', (text) => {
  expect(labelIn('id', text)).toBe('refused');
});

test.each(['ns1', 'ns-a'])('%s is an id like any other', (text) => {
  expect(labelIn('id', text)).toBe(text);
});

test('names of objects are no members of anything by birth', () => {
  const { tags, ports, meta } = admit(web('constructor', { service: 'valueof' }), caller, terms);
  expect([tags, ports, meta]).toEqual([[], [], {}]);
});

test('a meta key named __proto__ is a key and nothing else', () => {
  const meta = JSON.parse('{"__proto__": "x", "constructor": "y"}') as Record<string, string>;
  const admitted = admit(web('a', { meta }), caller, terms).meta;
  expect(Object.entries(admitted)).toEqual([['__proto__', 'x'], ['constructor', 'y']]);
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
});

test('every name made of an instance fits into 255 octets, or the registration is refused', () => {
  const deep = (length: number): typeof terms => ({ ...terms, zone: `${long(63)}.${long(63)}.${'b'.repeat(length)}` });
  // 1 + 63 + 1 + 63 + 1 + 63 + 1 + zone + 1 octets
  const names = { service: long(50), id: long(63) };
  expect(admit(web('a', names), caller, deep(3)).id).toHaveLength(63);
  expect(() => admit(web('a', names), caller, deep(9))).toThrow(
    expect.objectContaining({ code: 'invalid', path: 'id' }),
  );
  expect(() => admit(web('a', { service: long(50), tags: [long(63)] }), caller, deep(3))).toThrow(
    expect.objectContaining({ path: 'tags' }),
  );
});
