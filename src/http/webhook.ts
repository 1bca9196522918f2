/** Tells a URL about faults as they happen: one POST an event, in order, again until it is taken or given up. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { EventLog, RegistryEvent } from '../registry/events.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import { eventView } from './events.ts';

/** Events that people want to be told about. */
const faults: ReadonlySet<RegistryEvent['kind']> = new Set([
  'instance.unhealthy',
  'instance.expired',
  'service.empty',
  'protection.on',
  'protection.off',
]);

/** Events that may wait; of more, the oldest is given up. */
const mostWaiting = 1000;
const attempts = 8;
const timeout = 10_000;

export interface Webhook {
  /** Events that were given up since the start. */
  readonly lost: number;
  close(): void;
}

/** Posts `body` and resolves with the status of the answer; `signal` ends it. */
export type Post = (url: string, body: string, signal: AbortSignal) => Promise<number>;

/** Starts to send the faults of `log` to `url`. */
export function openWebhook(url: string, events: EventLog, clock: Clock, log: Logger, post: Post = postJson): Webhook {
  const waiting: Delivery[] = [];
  const stop = new AbortController();
  const isStopped = (): boolean => stop.signal.aborted;
  let timer: Timer | null = null;
  let sending = false;
  let lost = 0;

  const giveUp = (delivery: Delivery, reason: string): void => {
    const { kind, revision } = delivery.event;
    waiting.splice(waiting.indexOf(delivery), 1);
    lost += 1;
    log.warn({ kind, revision, reason }, 'the webhook did not take an event');
  };

  const send = async (): Promise<void> => {
    sending = true;
    while (waiting.length > 0 && !isStopped()) {
      const delivery = waiting[0]!;
      const reason = await attempt(delivery);
      if (isStopped()) return;
      if (waiting[0] !== delivery) continue;
      if (reason === null) {
        waiting.shift();
      } else if (delivery.failures < attempts) {
        // 1 s, 2 s, 4 s, ... 64 s
        timer = clock.after(1000 * 2 ** (delivery.failures - 1), () => void send());
        return;
      } else {
        giveUp(delivery, reason);
      }
    }
    sending = false;
  };

  /** Null: it was taken; else why not. */
  const attempt = async (delivery: Delivery): Promise<string | null> => {
    try {
      const status = await post(url, JSON.stringify(eventView(delivery.event)), stop.signal);
      if (status >= 200 && status < 300) return null;
      delivery.failures += 1;
      return `status ${status}`;
    } catch (error) {
      delivery.failures += 1;
      return (error as Error).message;
    }
  };

  const unsubscribe = events.subscribe((event) => {
    if (!faults.has(event.kind)) return;
    waiting.push({ event, failures: 0 });
    if (waiting.length > mostWaiting) giveUp(waiting[0]!, `${mostWaiting} events are waiting`);
    if (!sending) void send();
  });

  return {
    get lost() {
      return lost;
    },
    close() {
      unsubscribe();
      stop.abort();
      timer?.cancel();
    },
  };
}

interface Delivery {
  readonly event: RegistryEvent;
  failures: number;
}

function postJson(url: string, body: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? httpsRequest : httpRequest;
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': 'signpost',
    };
    // Redirects are not followed, and of the answer only the status counts.
    const sent = request(url, { method: 'POST', headers, timeout, signal }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeout / 1000} s`)));
    sent.on('error', reject);
    sent.end(body);
  });
}
