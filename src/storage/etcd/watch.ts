/** One watch on etcd: all that happens to the keys of a range from a revision on, until it breaks. */
import type { IEvent, IWatchResponse } from 'etcd3';
import type { Clock } from '../../runtime/clock.ts';
import type { KeyRange } from './requests.ts';
import type { EtcdServers } from './servers.ts';

export interface WatchParts {
  readonly servers: Pick<EtcdServers, 'watch'>;
  readonly clock: Clock;
  readonly range: KeyRange;
  /** First revision that is wanted. */
  readonly from: number;
  /** Takes events in the order of revisions, those of one revision together. */
  readonly took: (events: readonly IEvent[]) => void;
  /** Called once, unless the watch was ended before. */
  readonly broke: (error: Error) => void;
  /** Who sees to it that the watch keeps up with etcd; absent: the caller finds out otherwise. */
  readonly supervisor?: WatchSupervisor;
}

export interface WatchSupervisor {
  /** The revision of the last commit, as a majority of etcd has it; rejects where there is none to be had. */
  readonly committed: () => Promise<number>;
  /** Called every few seconds when all that was committed has been told. Where it has not, the watch breaks. */
  readonly keptUp: () => void;
}

/** Resolves when etcd watches, with what ends it; rejects where it does not begin to in 2 s. */
export async function watch({ servers, clock, range, from, took, broke, supervisor }: WatchParts): Promise<() => void> {
  const stream = await servers.watch();
  return new Promise((resolve, reject) => {
    let state: 'beginning' | 'watching' | 'over' = 'beginning';
    const end = (error: Error): void => {
      if (state === 'over') return;
      const was = state;
      state = 'over';
      timer.cancel();
      stream.cancel();
      if (was === 'watching') broke(error);
      else reject(error);
    };
    const tooLate = new Error(`etcd did not begin to watch within ${patience / 1000} s`);
    let timer = clock.after(patience, () => end(tooLate));

    /** All up to this revision has been told. */
    let told = from - 1;
    const supervise = async ({ committed, keptUp }: WatchSupervisor): Promise<void> => {
      // While etcd does not answer there is nothing to compare with; a dead stream is found by its keepalive.
      const revision = await committed().catch(() => null);
      if (state !== 'watching') return;
      // An answer has a revision, though there may be no events up to it.
      if (revision !== null && told < revision) stream.write({ progress_request: {} });
      timer = clock.after(patience, () => {
        if (revision !== null && told < revision) {
          end(new Error(`etcd is at revision ${revision}, and tells nothing after ${told}`));
          return;
        }
        if (revision !== null) keptUp();
        void supervise({ committed, keptUp });
      });
    };

    // An error comes also after the end, and would end the process if nobody listened.
    stream.on('error', end);
    stream.on('end', () => end(new Error('etcd ended the watch')));
    stream.on('data', ({ header, created, canceled, compact_revision, cancel_reason, events }: IWatchResponse) => {
      if (state === 'over') return;
      if (canceled) {
        const reason = Number(compact_revision) > 0 ? `its history begins at ${compact_revision}` : cancel_reason;
        end(new Error(`etcd cancelled the watch: ${reason}`));
        return;
      }
      if (created) {
        state = 'watching';
        timer.cancel();
        if (supervisor !== undefined) void supervise(supervisor);
        resolve(() => {
          state = 'over';
          timer.cancel();
          stream.cancel();
        });
      }
      if (events.length > 0) took(events);
      if (supervisor !== undefined) told = Math.max(told, Number(header.revision));
    });
    stream.write({ create_request: { ...range, start_revision: from } });
  });
}

/** Milliseconds. */
const patience = 2000;
