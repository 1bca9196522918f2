/** Zones whose records somebody else makes. */
import { expect, test } from 'vitest';
import type { Difference } from '../../src/publish/delta.ts';
import { explain } from '../../src/publish/explain.ts';
import type { ExternalRecords } from '../../src/publish/zone.ts';
import { RRType } from '../../src/wire/codes.ts';
import { isAtOrBelow, type Name, parseName } from '../../src/wire/name.ts';
import { parseRdata } from '../../src/wire/rdata/rdata.ts';
import type { RRset } from '../../src/wire/record.ts';
import { anInstance, change, publisherWithModel, ZoneModel } from './support.ts';

const apex = parseName('keys.test.');

function rrset(owner: string, type: number, ttl: number, text: string): RRset {
  return { owner: parseName(owner, apex), type, ttl, rdata: [parseRdata(type, text, apex)] };
}

class Records implements ExternalRecords {
  readonly all: RRset[] = [
    rrset('@', RRType.SOA, 5, 'ns admin 1 1 1 1 5'), rrset('a.b', RRType.A, 300, '10.0.0.1'), rrset('*.w', RRType.A, 300, '10.0.0.2'),
  ];

  rrsets(): readonly RRset[] {
    return this.all;
  }

  rrsetsAt(name: Name): readonly RRset[] {
    return this.all.filter(({ owner }) => owner === name);
  }

  ownerAtOrBelow(name: Name): Name | null {
    return this.all.find(({ owner }) => isAtOrBelow(owner, name))?.owner ?? null;
  }
}

const loaded = [
  '*.w.keys.test. 300 IN A 10.0.0.2', 'a.b.keys.test. 300 IN A 10.0.0.1', 'keys.test. 5 IN SOA ns.keys.test. admin.keys.test. 1 1 1 1 5',
];

async function publisherWithKeys() {
  const parts = publisherWithModel();
  const records = new Records();
  await parts.publisher.openExternalZone(apex, records, 7);
  return { ...parts, records };
}

const ofKeys = (model: ZoneModel) => model.lines().filter((line) => line.includes('keys.test.'));

test('are served as they are, and each change as it is said', async () => {
  const { publisher, model, records } = await publisherWithKeys();
  expect(ofKeys(model)).toEqual(loaded);
  const added = [rrset('c', RRType.A, 60, '10.0.0.3')];
  const difference: Difference = { removed: records.all.splice(1, 1), added, marks: [] };
  records.all.push(...added);
  await publisher.changeExternalZone(apex, difference, 9);
  expect(ofKeys(model)).toEqual([loaded[0], 'c.keys.test. 60 IN A 10.0.0.3', loaded[2]]);
  expect(model.serials.get(apex)).toBe(9);
});

test('come to a worker that starts, as they are when it asks', async () => {
  const { publisher, records } = await publisherWithKeys();
  const replay = publisher.replay();
  records.all.pop();
  expect(ofKeys(new ZoneModel().apply(replay))).toEqual(loaded);
});

test('have a serial that no registration moves', async () => {
  const { publisher, model } = await publisherWithKeys();
  await publisher.publish([change(null, anInstance({ revision: 100 }))]);
  expect(model.serials.get(apex)).toBe(7);
  expect(publisher.isRegistered(apex)).toBe(false);
});

test.each([
  ['a.b', 'answer', ['10.0.0.1']],
  ['b', 'nodata', []],
  ['x.w', 'answer', ['10.0.0.2']],
  ['w', 'nodata', []],
  ['c', 'nxdomain', []],
])('explain how %s is answered', async (name, outcome, data) => {
  const { publisher } = await publisherWithKeys();
  const explained = explain(publisher, `${name}.keys.test`, 'A', { udpSize: 1232, isProtected: () => false });
  expect(explained).toMatchObject({ zone: { name: 'keys.test.', kind: 'external', serial: 7 }, meaning: null, outcome });
  expect(explained.records.map((record) => record.data)).toEqual(data);
});
