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
  /**
   * Called every few seconds in which the watch has told all that etcd has committed; one that does not, though etcd
   * answers, breaks. Absent: nobody asks.
   */
  readonly keptUp?: () => void;
}

/** Resolves when etcd watches, with what ends it; rejects where it does not begin to in 2 s. */
export async function watch({ servers, clock, range, from, took, broke, keptUp }: WatchParts): Promise<() => void> {
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
    const ask = async (): Promise<void> => {
      // A broken stream is noticed by its keepalive; until etcd answers again there is nothing to compare with.
      const committed = await revisionOf(servers, range).catch(() => told);
      if (state !== 'watching') return;
      if (told < committed) stream.write({ progress_request: {} });
      timer = clock.after(patience, () => {
        if (told < committed) end(new Error(`the watch tells nothing after revision ${told}, where etcd has ${committed}`));
        else keepAsking();
      });
    };

    // An error comes also after the end, and would end the process if nobody listened.
    stream.on('error', end);
    stream.on('end', () => end(new Error('etcd ended the watch')));
    stream.on('data', ({ created, canceled, compact_revision, cancel_reason, events }: IWatchResponse) => {
      if (state === 'over') return;
      if (canceled) {
        const reason = Number(compact_revision) > 0 ? `its history begins at ${compact_revision}` : cancel_reason;
        end(new Error(`etcd cancelled the watch: ${reason}`));
        return;
      }
      if (created) {
        state = 'watching';
        timer.cancel();
        resolve(() => {
          state = 'over';
          stream.cancel();
        });
      }
      if (events.length > 0) took(events);
    });
    stream.write({ create_request: { ...range, start_revision: from } });
  });
}

/** Milliseconds. */
const patience = 2000;
