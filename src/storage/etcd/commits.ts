/**
 * Commits: each is one transaction, which etcd makes durable as a whole or not at all. Every entry must still have the
 * revision that the writer saw. A mark, a key of this server that each commit overwrites, tells whether a try got
 * through whose answer was lost.
 */
import { randomUUID } from 'node:crypto';
import type { ICompare, IRequestOp, ITxnRequest } from 'etcd3';
import { StoreError, type StoreWrite } from '../../registry/store.ts';
import type { Clock } from '../../runtime/clock.ts';
import { encodeInstance, encodeService, encodeTombstone } from '../entry.ts';
import type { EtcdKeys } from './keys.ts';
import { put, remove, unchanged, unwrittenSince } from './requests.ts';
import type { EtcdServers } from './servers.ts';
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
   * Resolves with the revision that etcd gave. No lease ends while some server has taken a renewal that this one has not
   * heard of: where something is removed, no beat may be newer than `heardUpTo`, unless that is null. Rejects with
   * `conflict`, or `unavailable` at clock time `until`.
   */
  async commit(writes: readonly StoreWrite[], heardUpTo: number | null, until: number): Promise<number> {
    const markKey = this.#keys.commit(this.#server);
    const nonce = randomUUID();
    const hasRemoval = writes.some(({ kind }) => kind === 'remove-instance');
    const lease = hasRemoval ? await this.#tombstoneLease.take(until) : '0';
    const conditions = writes.flatMap((write) => this.#conditionOf(write) ?? []);
    if (hasRemoval && heardUpTo !== null) conditions.push(unwrittenSince(this.#keys.range('server/'), heardUpTo));
    const operations = writes.flatMap((write) => this.#operationsOf(write, lease));
    for (;;) {
      const transaction: ITxnRequest = {
        compare: [unchanged(markKey, this.#mark), ...conditions],
        success: [put(markKey, nonce), put(this.#keys.revision, ''), ...operations],
        failure: [{ request_range: { key: markKey } }],
      };
      const { succeeded, header, responses } = await this.#servers.call(
        (client, options) => client.kv.txn(transaction, options),
        until,
      );
      if (succeeded) return (this.#mark = Number(header.revision));
      const known = this.#mark;
      const mark = responses[0]!.response_range.kvs[0];
      this.#mark = Number(mark?.mod_revision ?? 0);
      // The first try got through, and only the answer was lost.
      if (mark?.value.toString() === nonce) return this.#mark;
      if (this.#mark === known) throw new StoreError('conflict', 'another server changed the entry first');
    }
  }

  #conditionOf(write: StoreWrite): ICompare | null {
    switch (write.kind) {
      case 'instance':
        return unchanged(this.#keys.instance(write.value), write.expect);
      case 'remove-instance':
        return unchanged(this.#keys.instance(write.value), write.value.revision);
      case 'service':
        return unchanged(this.#keys.service(write.value), write.expect);
      case 'remove-service':
        return unchanged(this.#keys.service(write.value), write.value.revision);
      case 'revision':
        return null;
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
