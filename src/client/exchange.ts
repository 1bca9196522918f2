/**
 * Questions to DNS servers: sent again when no reply comes, to the next server when one fails, over TCP when it did not
 * fit.
 */
import type { Clock, Timer } from '../runtime/clock.ts';
import { type FailedAttempt, SrvError, type SrvErrorCode } from './error.ts';
import { decodeReply, encodeQuery, readHeader } from './message.ts';
import type { ResolverSettings } from './options.ts';
import type { Ask, QuestionType, Reply } from './reply.ts';
import type { ServerAddress } from './server-address.ts';
import { askOverTcp } from './tcp.ts';
import { askOverUdp } from './udp.ts';

/** What was sent and received, counted since the resolver was made. */
export interface ExchangeCounters {
  /** Questions asked. */
  queries: number;
  /** Times a question was sent again, or to another server. */
  resends: number;
  tcpQueries: number;
  /** Messages that were no reply to the query: late, broken or spoofed. */
  ignoredReplies: number;
  /** Questions that no server answered. */
  failures: number;
}

const rcodes = { formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5 } as const;

/** Makes the `Ask` that speaks DNS to `servers`, the first of them preferred. */
export function createExchange(
  servers: readonly ServerAddress[],
  settings: Pick<ResolverSettings, 'queryTimeoutMs' | 'attempts' | 'totalTimeoutMs'>,
  clock: Clock,
  counters: ExchangeCounters,
): Ask {
  return (name, type, signal) =>
    new Promise((resolve, reject) => {
      const stop = new AbortController();
      const attempts: FailedAttempt[] = [];
      const failed = new Set<ServerAddress>();
      let lastError: unknown;
      let sent = 0;
      let resend: Timer | null = null;
      counters.queries += 1;

      const settle = (end: () => void): void => {
        resend?.cancel();
        total.cancel();
        signal.removeEventListener('abort', abort);
        stop.abort();
        end();
      };
      const fail = (error: SrvError): void => {
        counters.failures += 1;
        settle(() => reject(error));
      };
      const abort = (): void =>
        settle(() => reject(new SrvError('SRV_CLOSED', name, 'the resolver was closed', { cause: signal.reason })));
      const timeout = (): void =>
        fail(
          new SrvError('SRV_TIMEOUT', name, `no answer within ${settings.totalTimeoutMs} ms`, {
            attempts,
            cause: lastError,
          }),
        );

      const send = (): void => {
        const left = servers.filter((server) => !failed.has(server));
        const server = left[sent % left.length]!;
        resend?.cancel();
        sent += 1;
        if (sent > 1) counters.resends += 1;
        if (sent < settings.attempts) resend = clock.after(settings.queryTimeoutMs, send);
        askServer(server, name, type, stop.signal, counters).then(
          (reply) => settle(() => resolve(reply)),
          (error: unknown) => {
            if (stop.signal.aborted || failed.has(server)) return;
            failed.add(server);
            lastError = error;
            attempts.push({ server: server.text, reason: (error as Error).message });
            if (failed.size === servers.length || sent >= settings.attempts) fail(asSrvError(name, error, attempts));
            else send();
          },
        );
      };
      const total = clock.after(settings.totalTimeoutMs, timeout);
      signal.addEventListener('abort', abort);
      if (signal.aborted) abort();
      else send();
    });
}

/** Asks one server; rejects when its reply does not settle the question. */
async function askServer(
  server: ServerAddress,
  name: string,
  type: QuestionType,
  signal: AbortSignal,
  counters: ExchangeCounters,
): Promise<Reply> {
  const ignored = (): void => void (counters.ignoredReplies += 1);
  let query = encodeQuery(name, type, true);
  let message = await askOverUdp(server, query, signal, ignored);
  let { truncated, rcode } = readHeader(message);
  if (rcode === rcodes.formErr || rcode === rcodes.notImp) {
    query = encodeQuery(name, type, false); // RFC 6891 section 6.2.2: it may not know EDNS
    message = await askOverUdp(server, query, signal, ignored);
    ({ truncated, rcode } = readHeader(message));
  }
  if (truncated) {
    counters.tcpQueries += 1;
    message = await askOverTcp(server, query, signal, ignored); // RFC 2181 section 9: what did not fit is not used
    ({ truncated, rcode } = readHeader(message));
    if (truncated) throw new SrvError('SRV_BADRESP', name, 'the reply is truncated over TCP too');
  }
  if (rcode === 0 || rcode === rcodes.nxDomain) return decodeReply(query, message);
  const code: SrvErrorCode =
    rcode === rcodes.servFail ? 'SRV_SERVFAIL' : rcode === rcodes.refused ? 'SRV_REFUSED' : 'SRV_BADRESP';
  throw new SrvError(code, name, `${server.text} answered with rcode ${rcode}`);
}

function asSrvError(name: string, error: unknown, attempts: readonly FailedAttempt[]): SrvError {
  const tried = attempts.map(({ server, reason }) => `${server}: ${reason}`).join('; ');
  const code = error instanceof SrvError ? error.code : 'SRV_NETWORK';
  return new SrvError(code, name, `no server answered (${tried})`, { attempts, cause: error });
}
