/** What the JSON at a key says. */
import { expect, test } from 'vitest';
import { SkydnsError } from '../../src/skydns/error.ts';
import { readValue, type SkydnsValue } from '../../src/skydns/value.ts';

const unsaid: SkydnsValue = {
  host: '', port: 0, priority: 10, weight: 100, text: '', mail: false, ttl: 300, targetstrip: 0, group: '',
};

test.each<[string, string, Partial<SkydnsValue>]>([
  ['nothing', '{}', {}],
  ['every field', '{"host":"a","port":1,"priority":2,"weight":3,"text":"t","mail":true,"ttl":4,"targetstrip":5,"group":"g"}',
    { host: 'a', port: 1, priority: 2, weight: 3, text: 't', mail: true, ttl: 4, targetstrip: 5, group: 'g' }],
  ['fields in any case', '{"Host":"a","TTL":60}', { host: 'a', ttl: 60 }],
  ['null for nothing', '{"host":"a","port":null,"group":null}', { host: 'a' }],
  ['fields of others', '{"host":"a","setIdentifier":"x","owner":{"a":[1]}}', { host: 'a' }],
  ['zero for the default', '{"host":"a","priority":0,"weight":0,"ttl":0}', { host: 'a' }],
  ['no port at all', '{"host":"a","port":-1}', { host: 'a', port: -1 }],
  ['more weight than SRV has', '{"host":"a","weight":70000}', { host: 'a', weight: 65_535 }],
  ['more TTL than DNS has', '{"host":"a","ttl":4294967295}', { host: 'a', ttl: 2_147_483_647 }],
  ['less than nothing stripped', '{"host":"a","targetstrip":-1}', { host: 'a' }],
])('reads %s', (_, json, said) => {
  expect(readValue(Buffer.from(json))).toEqual({ ...unsaid, ...said });
});

test.each([
  ['json', 'no JSON', 'host=a'],
  ['json', 'an end in the middle', '{"host":'],
  ['json', 'a list', '[]'],
  ['json', 'null', 'null'],
  ['json', 'nothing', ''],
  ['json', 'ten thousand brackets', '['.repeat(10_000)],
  ['field', 'a number as host', '{"host":1}'],
  ['field', 'a port as text', '{"host":"a","port":"80"}'],
  ['field', 'a port of 17 bits', '{"host":"a","port":65536}'],
  ['field', 'half a port', '{"host":"a","port":80.5}'],
  ['field', 'a priority below 0', '{"host":"a","priority":-1}'],
  ['field', 'a weight below 0', '{"host":"a","weight":-1}'],
  ['field', 'a TTL of 33 bits', '{"host":"a","ttl":4294967296}'],
  ['field', 'mail as text', '{"host":"a","mail":"yes"}'],
  ['field', 'eight thousand lists in each other', `{"host":${'['.repeat(8000)}${']'.repeat(8000)}}`],
  ['field', 'a list as group', '{"host":"a","group":["g"]}'],
  ['size', 'a value that is too long', JSON.stringify({ text: 'x'.repeat(16_384) })],
])('refuses with %s %s', (code, _, json) => {
  expect(() => readValue(Buffer.from(json))).toThrow(SkydnsError);
  expect(() => readValue(Buffer.from(json))).toThrow(expect.objectContaining({ code }) as Error);
});

test('says what was found and what was wanted', () => {
  expect(() => readValue(Buffer.from('{"host":"a","port":"80"}'))).toThrow('port: found "80", wanted a whole number from -1 to 65535');
});
