/**
 * Commits: each is one transaction, which etcd makes durable as a whole or not at all. Every entry must still have the
 * revision that the writer saw. A mark, a key of this server that each commit overwrites, tells whether a try got
 * through whose answer was lost, and which of what the watch brings is our own.
 */
import type { ICompare, IKeyValue, IRequestOp, ITxnRequest, ITxnResponse } from 'etcd3';
import { LostRace, type StoreWrite } from '../../registry/store.ts';
import type { Clock } from '../../runtime/clock.ts';
import { encodeInstance, encodeService, encodeTombstone } from '../entry.ts';
import type { EtcdKeys } from './keys.ts';
import { put, read, readRevision, remove, unchanged, unwrittenSince } from './requests.ts';
import { type EtcdServers, LostLease } from './servers.ts';
import { TombstoneLease } from './tombstone-lease.ts';

export interface CommitsParts {
  readonly servers: EtcdServers;
  readonly keys: EtcdKeys;
  readonly clock: Clock;
  /** Name of this server. */
  readonly server: string;
}

export class Commits {
  readonly #servers: EtcdServers;
  readonly #keys: EtcdKeys;
  readonly #server: string;
  readonly #tombstoneLease: TombstoneLease;
  /** Revision of the mark of our last commit; 0 where there is none. */
  #mark = 0;

  constructor({ servers, keys, clock, server }: CommitsParts) {
    this.#servers = servers;
    this.#keys = keys;
    this.#server = server;
    this.#tombstoneLease = new TombstoneLease(servers, clock);
  }

  /**
   * Resolves with the revision that etcd gave, and leaves `nonce` in the mark. This server has heard of all up to
   * `heardUpTo`, where that is not null. No lease ends while some server has taken a renewal that this one has not heard
   * of: where one has ended, no beat may be newer. Nor does a registration that was long on its way bring back
   * what was deregistered meanwhile. Rejects with `LostRace`, or `unavailable` at clock time `until`.
   */
  async commit(
    writes: readonly StoreWrite[], nonce: string, heardUpTo: number | null, until: number,
  ): Promise<number> {
    const markKey = this.#keys.commit(this.#server);
    const needsLease = writes.some(({ kind }) => kind === 'remove-instance');
    const expected = writes.flatMap((write, place) =>
      this.#expectationsOf(write, heardUpTo).map((expectation) => ({ ...expectation, place })),
    );
    const conditions = expected.map(({ condition }) => condition);
    if (writes.some(isEnd) && heardUpTo !== null) conditions.push(unwrittenSince(this.#keys.range('server/'), heardUpTo));
    for (;;) {
      const lease = needsLease ? await this.#tombstoneLease.take(until) : '0';
      const operations = writes.flatMap((write) => this.#operationsOf(write, lease));
      const response = await this.#transact({
        compare: [unchanged(markKey, this.#mark), ...conditions],
        success: [put(markKey, nonce), put(this.#keys.revision, ''), ...operations],
        failure: [read(markKey)],
      }, until);
      if (response === null) continue;
      const { succeeded, header, responses } = response;
      if (succeeded) return (this.#mark = Number(header.revision));
      const known = this.#mark;
      const mark = responses[0]!.response_range.kvs[0];
      this.#mark = revisionOf(mark);
      // The first try got through, and only the answer was lost.
      if (mark?.value.toString() === nonce) return this.#mark;
      if (this.#mark !== known) continue;
      const unmet = await this.#unmet(expected, until);
      throw new LostRace(new Set(unmet.length > 0 ? unmet.map(({ place }) => place) : endsOf(writes)));
    }
  }

  /** Null where the lease of tombstones is no more: nothing was written, and there will be another lease. */
  async #transact(transaction: ITxnRequest, until: number): Promise<ITxnResponse | null> {
    try {
      return await this.#servers.call((client, options) => client.kv.txn(transaction, options), until);
    } catch (error) {
      if (!(error instanceof LostLease)) throw error;
      this.#tombstoneLease.forget();
      return null;
    }
  }

  /** Asked only after a race was lost, so that no commit carries the question. */
  async #unmet<T extends Expectation>(expected: readonly T[], until: number): Promise<T[]> {
    const success = expected.map(({ key }) => readRevision(key));
    const { responses } = await this.#servers.call((client, options) => client.kv.txn({ success }, options), until);
    return expected.filter(({ isMet }, index) => !isMet(revisionOf(responses[index]!.response_range.kvs[0])));
  }

  #expectationsOf(write: StoreWrite, heardUpTo: number | null): Expectation[] {
    switch (write.kind) {
      case 'instance': {
        const expectation = stillAt(this.#keys.instance(write.value), write.expect);
        if (write.expect > 0 || heardUpTo === null) return [expectation];
        return [expectation, notAfter(this.#keys.tombstone(write.value), heardUpTo)];
      }
      case 'remove-instance':
        return [stillAt(this.#keys.instance(write.value), write.value.revision)];
      case 'service':
        return [stillAt(this.#keys.service(write.value), write.expect)];
      case 'remove-service':
        return [stillAt(this.#keys.service(write.value), write.value.revision)];
      case 'revision':
        return [];
    }
  }

  #operationsOf(write: StoreWrite, lease: string): IRequestOp[] {
    switch (write.kind) {
      case 'instance':
        return [put(this.#keys.instance(write.value), encodeInstance(write.value))];
      case 'remove-instance':
        return [
          remove(this.#keys.instance(write.value)),
          put(this.#keys.tombstone(write.value), encodeTombstone(write.tombstone), lease),
        ];
      case 'service':
        return [put(this.#keys.service(write.value), encodeService(write.value))];
      case 'remove-service':
        return [remove(this.#keys.service(write.value))];
      case 'revision':
        return [];
    }
  }
}

/** What must hold of an entry's mod revision, 0 where the entry is not there. */
interface Expectation {
  readonly key: Buffer;
  readonly condition: ICompare;
  readonly isMet: (revision: number) => boolean;
}

function stillAt(key: Buffer, expected: number): Expectation {
  return { key, condition: unchanged(key, expected), isMet: (revision) => revision === expected };
}

function notAfter(key: Buffer, last: number): Expectation {
  return { key, condition: unwrittenSince({ key }, last), isMet: (revision) => revision <= last };
}

function isEnd(write: StoreWrite): boolean {
  return write.kind === 'remove-instance' && write.hasEnded;
}

/** Where every entry is as expected, it was a beat that the ends of leases have lost to. */
function endsOf(writes: readonly StoreWrite[]): number[] {
  return writes.flatMap((write, place) => (isEnd(write) ? [place] : []));
}

function revisionOf(kv: IKeyValue | undefined): number {
  return Number(kv?.mod_revision ?? 0);
}
