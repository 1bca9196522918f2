/** Whatever happens, in whatever order: the zone is the one that the contract gives to what is registered. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Publisher } from '../../src/publish/publisher.ts';
import { RRType } from '../../src/wire/codes.ts';
import { parseName } from '../../src/wire/name.ts';
import { parseRdata } from '../../src/wire/rdata/rdata.ts';
import type { ResourceRecord } from '../../src/wire/record.ts';
import { expectedLines, expectedMode } from './expected.ts';
import { FakeRegistry, history } from './history.ts';
import { publisherWithModel, serveBeside, zone, ZoneModel } from './support.ts';

const settings = {
  zones: ['svc.internal'],
  reversePrefixes: ['10.0.0.0/8', 'fd00::/8'],
  addresses: ['127.0.0.1'],
  defaultTtl: 5,
};

const isRegistered = (line: string) =>
  !line.startsWith('svc.internal.') && !line.startsWith('ns1.') && !line.includes('.arpa.');

test('changes come to the zone that all instances together should have', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (batches) => {
      const { publisher, model } = publisherWithModel();
      const registry = new FakeRegistry();
      for (const batch of batches) {
        await publisher.publish(registry.play(batch));
        expect(model.lines().filter(isRegistered)).toEqual(expectedLines(registry.services()));
      }
    }),
    { numRuns: 60 },
  );
});

test('the marks of a service say what its mode is', async () => {
  const infoCodes: Record<string, number | undefined> = { healthy: undefined, all: 0, good: 3, none: 0, denied: 0 };
  await fc.assert(
    fc.asyncProperty(history, async (batches) => {
      const { publisher, model } = publisherWithModel();
      const registry = new FakeRegistry();
      for (const batch of batches) await publisher.publish(registry.play(batch));
      for (const service of registry.services()) {
        for (const name of [
          `${service.name}.svc.internal.`,
          `_${service.name}._tcp.svc.internal.`,
          `_${service.name}._udp.svc.internal.`,
        ]) {
          const mark = model.markOf(name);
          if (service.settings === null && service.instances.length === 0) {
            expect(mark).toBeNull();
            continue;
          }
          const mode = expectedMode(service);
          expect(mark?.existence).toBe(mode === 'denied' ? 'denied' : 'exists');
          expect(mark?.extendedError?.infoCode).toBe(infoCodes[mode]);
          expect(mark?.limit ?? null).toBe(service.settings?.limit ?? null);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('a replay gives a new worker what the others have', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (batches) => {
      const { publisher, model } = publisherWithModel(settings);
      const registry = new FakeRegistry();
      for (const batch of batches) await publisher.publish(registry.play(batch));
      const replayed = new ZoneModel().apply(publisher.replay());
      expect(replayed.state()).toEqual(model.state());
      expect(replayed.serials).toEqual(model.serials);
    }),
    { numRuns: 60 },
  );
});

test('a replay that is read while changes go on, and then those changes, give the same', async () => {
  await fc.assert(
    fc.asyncProperty(history, history, fc.nat(6), async (before, meanwhile, read) => {
      const { publisher, model, delivered } = publisherWithModel(settings);
      const registry = new FakeRegistry();
      for (const batch of before) await publisher.publish(registry.play(batch));
      const replay = publisher.replay()[Symbol.iterator]();
      const deliveredBefore = delivered.length;
      const started = new ZoneModel();
      const step = () => {
        const { value, done } = replay.next();
        if (done !== true) started.apply([value]);
        return done !== true;
      };
      for (let i = 0; i < read; i++) step();
      for (const batch of meanwhile) {
        await publisher.publish(registry.play(batch));
        step();
      }
      while (step());
      started.apply(delivered.slice(deliveredBefore));
      expect(started.state()).toEqual(model.state());
    }),
    { numRuns: 60 },
  );
});

test('what is loaded from a store, in any order, is published as what was registered', async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.infiniteStream(fc.nat()), async (batches, order) => {
      const { publisher, model } = publisherWithModel(settings);
      const registry = new FakeRegistry();
      for (const batch of batches) await publisher.publish(registry.play(batch));
      // A restart forgets what was good before it.
      fc.pre(registry.services().every((service) => expectedMode(service) !== 'good'));
      const stored = registry
        .loaded()
        .map((change) => ({ change, at: order.next().value }))
        .sort((one, other) => one.at - other.at);
      const restarted = new Publisher(settings, () => Promise.reject(new Error('nothing is delivered while loading')));
      for (const { change } of stored) restarted.load([change]);
      restarted.resumeAt(registry.revision);
      expect(new ZoneModel().apply(restarted.replay()).state()).toEqual(model.state());
    }),
    { numRuns: 60 },
  );
});

test('a zone file beside the registered records comes and goes without a trace', async () => {
  const record = (owner: string, type: number, ttl: number, text: string): ResourceRecord => ({
    owner: parseName(owner, zone),
    type,
    ttl,
    rdata: parseRdata(type, text, zone),
  });
  const always = [
    record('@', RRType.SOA, 300, 'dns.example. admin.example. 9 60 60 60 60'),
    record('@', RRType.NS, 300, 'dns.example.'),
  ];
  const sometimes = fc.subarray([
    record('web', RRType.A, 2, '10.0.0.1'),
    record('web', RRType.TXT, 300, 'operator'),
    record('a.web', RRType.A, 300, '192.0.2.9'),
    record('db', RRType.CNAME, 300, 'elsewhere.example.'),
    record('_web._tcp', RRType.SRV, 1, '0 0 1 elsewhere.example.'),
    record('b.db', RRType.CNAME, 300, 'elsewhere.example.'),
    record('v1._tag.web', RRType.CNAME, 300, 'elsewhere.example.'),
  ]);
  await fc.assert(
    fc.asyncProperty(
      history,
      fc.array(fc.option(sometimes), { minLength: 1, maxLength: 20 }),
      async (batches, files) => {
        const { publisher, model } = publisherWithModel();
        const registry = new FakeRegistry();
        for (const [i, batch] of batches.entries()) {
          const file = files[i % files.length] ?? null;
          publisher.setRecordsBeside(zone, file === null ? null : [...always, ...file]);
          // Together with the batch, or by itself.
          if (i % 2 === 0) await publisher.publish([], registry.revision);
          await publisher.publish(registry.play(batch));
          expect(new ZoneModel().apply(publisher.replay()).state()).toEqual(model.state());
          const aliases = model
            .lines()
            .filter((line) => line.includes(' CNAME '))
            .map((line) => line.split(' ', 1)[0]!);
          for (const alias of aliases) {
            expect(model.lines().filter((line) => line.startsWith(`${alias} `))).toHaveLength(1);
          }
        }
        await serveBeside(publisher, null, registry.revision);
        expect(model.lines().filter(isRegistered)).toEqual(expectedLines(registry.services()));
      },
    ),
    { numRuns: 60 },
  );
});
