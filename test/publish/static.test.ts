import { describe, expect, test } from 'vitest';
import { Publisher } from '../../src/publish/publisher.ts';
import { parseName, printName } from '../../src/wire/name.ts';
import type { ZoneChange } from '../../src/zone/change.ts';
import { anInstance, change, lines, records, serveBeside } from './support.ts';

function open() {
  const delivered: ZoneChange[] = [];
  const publisher = new Publisher(
    { zones: ['svc.internal'], reversePrefixes: [], addresses: ['127.0.0.1'], defaultTtl: 5 },
    (changes) => {
      delivered.push(...changes);
      return Promise.resolve({ heldFor: 3 });
    },
  );
  const take = () =>
    delivered
      .splice(0)
      .map(({ zone, kind, serial, removed, added, marks }) => ({
        zone: printName(zone),
        kind,
        serial,
        removed: lines(removed),
        added: lines(added),
        marks,
      }));
  return { publisher, take };
}

const apex = ['@ 60 SOA ns.example. admin.example. 7 60 60 60 60', '@ 60 NS ns.example.'];

describe('a zone that nobody registers in', () => {
  const site = parseName('Example.');

  test('is loaded with the serial of its file, owners folded', async () => {
    const { publisher, take } = open();
    expect(
      await publisher.setStaticZone(site, records('Example.', ...apex, 'WWW 60 A 192.0.2.1', 'www 60 A 192.0.2.2'), 7),
    ).toEqual({ heldFor: 3 });
    expect(take()).toEqual([
      {
        zone: 'example.',
        kind: 'load',
        serial: 7,
        removed: [],
        marks: [],
        added: [
          'example. 60 IN SOA ns.example. admin.example. 7 60 60 60 60',
          'example. 60 IN NS ns.example.',
          'www.example. 60 IN A 192.0.2.1',
          'www.example. 60 IN A 192.0.2.2',
        ],
      },
    ]);
  });

  test('publishes only the difference when its file changes', async () => {
    const { publisher, take } = open();
    await publisher.setStaticZone(
      site,
      records(
        'example.',
        ...apex,
        'www 60 A 192.0.2.1',
        'www 60 A 192.0.2.2',
        'mail 60 A 192.0.2.3',
        'ftp 60 A 192.0.2.4',
      ),
      7,
    );
    take();
    const later = [
      apex[0]!.replace(' 7 ', ' 8 '),
      apex[1]!,
      'www 60 A 192.0.2.1',
      'www 60 A 192.0.2.9',
      'mail 30 A 192.0.2.3',
      'new 60 A 192.0.2.5',
    ];
    await publisher.setStaticZone(site, records('example.', ...later), 8);
    expect(take()).toEqual([
      {
        zone: 'example.',
        kind: 'update',
        serial: 8,
        marks: [],
        removed: [
          'example. 60 IN SOA ns.example. admin.example. 7 60 60 60 60',
          'www.example. 60 IN A 192.0.2.2',
          'ftp.example. 60 IN A 192.0.2.4',
        ],
        added: [
          'example. 60 IN SOA ns.example. admin.example. 8 60 60 60 60',
          'www.example. 60 IN A 192.0.2.9',
          'new.example. 60 IN A 192.0.2.5',
        ],
      },
    ]);
  });

  test('says nothing when its file has not changed', async () => {
    const { publisher, take } = open();
    await publisher.setStaticZone(site, records('example.', ...apex), 7);
    take();
    expect(await publisher.setStaticZone(site, records('example.', ...apex), 7)).toEqual({ heldFor: 0 });
    expect(take()).toEqual([]);
  });

  test('takes a lower serial too, if that is what its file says', async () => {
    const { publisher, take } = open();
    await publisher.setStaticZone(site, records('example.', ...apex), 4_294_967_295);
    await publisher.setStaticZone(site, records('example.', ...apex, 'www 60 A 192.0.2.1'), 3);
    expect(take().map(({ serial }) => serial)).toEqual([4_294_967_295, 3]);
  });

  test('is dropped with its file, and can come back', async () => {
    const { publisher, take } = open();
    await publisher.setStaticZone(site, records('example.', ...apex), 7);
    await publisher.dropStaticZone(site);
    expect([...publisher.replay()].map(({ zone }) => printName(zone))).toEqual(['svc.internal.']);
    await publisher.setStaticZone(site, records('example.', ...apex), 7);
    expect(take().map(({ kind }) => kind)).toEqual(['load', 'drop', 'load']);
    expect(await publisher.dropStaticZone(parseName('other.'))).toEqual({ heldFor: 0 });
  });
});

describe('a zone file of a service zone', () => {
  const file = (...texts: string[]) => records('svc.internal.', ...apex, ...texts);

  test('replaces the made apex, under the serial of the registry', async () => {
    const { publisher, take } = open();
    await serveBeside(publisher, file(), 12);
    const [update] = take();
    expect(update).toMatchObject({ kind: 'update', serial: 12 });
    expect(update!.added).toEqual([
      'svc.internal. 60 IN SOA ns.example. admin.example. 7 60 60 60 60',
      'svc.internal. 60 IN NS ns.example.',
    ]);
    expect(update!.removed).toContain('ns1.svc.internal. 60 IN A 127.0.0.1');
  });

  test('gives the made apex back when it goes', async () => {
    const { publisher, take } = open();
    await serveBeside(publisher, file(), 12);
    await serveBeside(publisher, null, 13);
    const [, update] = take();
    expect(update).toMatchObject({ kind: 'update', serial: 13 });
    expect(update!.added).toContain('ns1.svc.internal. 60 IN A 127.0.0.1');
  });

  test('shares an rrset with a registration under the lower of both TTLs, whichever comes first', async () => {
    const { publisher, take } = open();
    await publisher.publish([change(null, anInstance())]);
    take();
    await serveBeside(publisher, file('web 2 A 192.0.2.1'), 2);
    expect(take()[0]!.added).toContain('web.svc.internal. 2 IN A 192.0.2.1');
    await publisher.publish([change(null, anInstance({ id: 'b', addresses: ['10.0.0.8'], revision: 3 }))]);
    expect(take()[0]!.added).toContain('web.svc.internal. 2 IN A 10.0.0.8');
  });

  test('with a CNAME where something is registered keeps that out, and lets it in again', async () => {
    const { publisher, take } = open();
    await publisher.publish([change(null, anInstance())]);
    take();
    await serveBeside(publisher, file('web 60 CNAME elsewhere.example.'), 2);
    const [out] = take();
    expect(out!.removed.filter((line) => line.startsWith('web.'))).toEqual([
      'web.svc.internal. 5 IN SRV 10 100 8080 a.web.svc.internal.',
      'web.svc.internal. 5 IN A 10.0.0.7',
    ]);
    expect(out!.added).toContain('web.svc.internal. 60 IN CNAME elsewhere.example.');
    expect(out!.marks).toEqual([{ owner: parseName('web.svc.internal.'), mark: null }]);
    await serveBeside(publisher, file(), 3);
    const [back] = take();
    expect(back!.removed).toEqual(['web.svc.internal. 60 IN CNAME elsewhere.example.']);
    expect(back!.added).toEqual(out!.removed.filter((line) => line.startsWith('web.')));
    expect(back!.marks).toEqual([{ owner: parseName('web.svc.internal.'), mark: { existence: 'exists' } }]);
  });
});
