import { expect, test } from 'vitest';
import { encodeInstance, encodeService, encodeTombstone, EntryReader, parseObject } from '../../src/storage/entry.ts';
import { anInstance, aService, aTombstone } from './contract.ts';

// What version 1 wrote, to the letter: every later server must read it.
const instanceOfVersion1 =
  '{"v":1,"zone":"svc.internal","service":"web","id":"a","generation":7,"revision":9,' +
  '"addresses":["10.0.0.7","fd00::7"],"port":8080,"protocol":"tcp",' +
  '"ports":[{"name":"grpc","port":9090,"protocol":"udp"}],"priority":10,"weight":100,"tags":["v2"],' +
  '"meta":{"commit":"abc","":"ä\\u0000\\"\\n"},"ttl":null,"lease":30,"declared":"passing",' +
  '"checks":[{"type":"http","path":"/health","port":8080,"interval":10,"timeout":0.5,"rise":2,"fall":3},' +
  '{"type":"ttl","interval":10}],"observed":"unknown","registeredFrom":"10.0.0.9",' +
  '"registeredBy":"token","registeredAt":1767225600123}';
const serviceOfVersion1 =
  '{"v":1,"zone":"svc.internal","service":"web","revision":3,"ttl":60,"limit":null,' +
  '"selectors":[{"name":"stable","all":["v2"],"none":["canary"],"limit":3}],"emptyPolicy":"fail-open",' +
  '"panicThreshold":0.5,"defaultLease":10,"checkDefaults":{"interval":5}}';
const tombstoneOfVersion1 =
  '{"v":1,"zone":"svc.internal","service":"web","id":"a","generation":7,"until":4102444800000}';

const instance = anInstance('a', { generation: 7, revision: 9 });
const service = aService('web', { revision: 3 });
const tombstone = aTombstone(instance);

test('entries of version 1 are read', () => {
  const reader = new EntryReader();
  expect(reader.instance(parseObject(instanceOfVersion1, 'a'), 'a')).toEqual(instance);
  expect(reader.service(parseObject(serviceOfVersion1, 'web'), 'web')).toEqual(service);
  expect(reader.tombstone(parseObject(tombstoneOfVersion1, 'a'), 'a')).toEqual(tombstone);
});

test('entries are written as version 1', () => {
  expect(encodeInstance(instance)).toBe(instanceOfVersion1);
  expect(encodeService(service)).toBe(serviceOfVersion1);
  expect(encodeTombstone(tombstone)).toBe(tombstoneOfVersion1);
});

test('lateness is not stored', () => {
  const stored = parseObject(encodeInstance({ ...instance, late: true }), 'a');
  expect(new EntryReader().instance(stored, 'a')).toEqual(instance);
});

test('what two entries have in common is kept once', () => {
  const reader = new EntryReader();
  const [one, other] = ['a', 'b'].map((id) =>
    reader.instance(parseObject(encodeInstance(anInstance(id, { tags: [], ports: [], meta: {}, checks: [] })), id), id),
  );
  for (const field of ['tags', 'ports', 'meta', 'checks'] as const) expect(one![field]).toBe(other![field]);
});

test.each([
  'id',
  'zone',
  'service',
  'generation',
  'revision',
  'addresses',
  'ports',
  'tags',
  'checks',
  'meta',
  'protocol',
  'declared',
  'priority',
  'weight',
  'registeredAt',
])('an instance without %s is damaged', (field) => {
  const stored = { ...parseObject(instanceOfVersion1, 'a'), [field]: undefined };
  expect(() => new EntryReader().instance(stored, 'entry a')).toThrow(
    expect.objectContaining({ code: 'damaged', message: expect.stringContaining('entry a') }),
  );
});
