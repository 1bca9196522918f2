/** The writes of callers about the settings of one service: what is decided when their turn comes. */
import { isDeepStrictEqual } from 'node:util';
import type { Committed } from './committed.ts';
import { RegistryError } from './error.ts';
import { foldAscii } from './label.ts';
import { refuseServiceBeyondLimit, refuseStale } from './refusal.ts';
import type { ServiceSettings, WriteOptions } from './registration.ts';
import { parseService, type Service } from './service.ts';
import type { RegistrySettings } from './settings.ts';
import type { Sharing } from './sharing.ts';

export interface ServiceWritesParts {
  readonly committed: Committed;
  readonly sharing: Sharing;
  readonly settings: RegistrySettings;
}

export class ServiceWrites {
  readonly #parts: ServiceWritesParts;

  constructor(parts: ServiceWritesParts) {
    this.#parts = parts;
  }

  async put(
    zone: string,
    name: string,
    asked: ServiceSettings,
    options: WriteOptions,
  ): Promise<{ readonly service: Service; readonly created: boolean }> {
    const { committed, sharing, settings } = this.#parts;
    const wanted = parseService(committed.demandZone(zone), name, asked);
    return sharing.write(`${wanted.service}.${wanted.zone}`, () => {
      const before = committed.service(wanted.zone, wanted.service)?.settings ?? null;
      refuseStale(before, options);
      refuseServiceBeyondLimit(committed.catalog, settings, wanted);
      if (before !== null && isDeepStrictEqual({ ...wanted, revision: before.revision }, before)) {
        return { kind: 'nothing', outcome: { service: before, created: false } };
      }
      return {
        kind: 'commit',
        write: { kind: 'service', value: wanted, expect: before?.revision ?? 0 },
        change: (revision) => ({ kind: 'service', revision, before, after: { ...wanted, revision } }),
        outcome: (_, revision) => ({ service: { ...wanted, revision }, created: before === null }),
      };
    });
  }

  async delete(zone: string, name: string, options: WriteOptions): Promise<void> {
    const { committed, sharing } = this.#parts;
    const [folded, service] = [committed.demandZone(zone), foldAscii(name)];
    await sharing.write(`${service}.${folded}`, () => {
      const before = committed.service(folded, service)?.settings ?? null;
      if (before === null) throw new RegistryError('not-found', `service ${service} has no settings in zone ${folded}`);
      refuseStale(before, options);
      return {
        kind: 'commit',
        write: { kind: 'remove-service', value: before },
        change: (revision) => ({ kind: 'service', revision, before, after: null }),
        outcome: () => undefined,
      };
    });
  }
}
