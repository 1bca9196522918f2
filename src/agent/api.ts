/**
 * The registry's HTTP API as the agent uses it: one request at a time, to the server that answered last, the next one
 * when it fails.
 */
import { readFile } from 'node:fs/promises';
import type {
  InstanceBody, InstanceReply, PatchBody, RegistrationReply, RemovalReply,
} from '../http/schema/instance.ts';
import type { RenewReply } from '../http/schema/renewal.ts';
import type { Clock } from '../runtime/clock.ts';
import { jsonRequest } from './json-request.ts';

/** What came of a request. */
export type Result<Body> =
  | { readonly kind: 'ok'; readonly body: Body; readonly serverTime: number | null }
  /** The server answered that it will not. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly problem: string | null;
      readonly detail: string;
      readonly retryAfterMs: number | null;
    }
  /** No answer, or one that says that this server cannot answer now. */
  | { readonly kind: 'unreachable'; readonly error: Error };

export interface ApiOptions {
  readonly servers: readonly string[];
  readonly zone: string | undefined;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

interface RequestParts {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export class RegistryApi {
  readonly #options: ApiOptions;
  #current = 0;
  /** Requests in a row that a server could not answer. */
  #failures = 0;

  /** Throws RangeError for a server that is no http(s) URL. */
  constructor(options: ApiOptions) {
    for (const server of options.servers) {
      if (URL.canParse(server) && /^https?:$/.test(new URL(server).protocol)) continue;
      throw new RangeError(`found the server "${server}", wanted a URL such as http://127.0.0.1:8054`);
    }
    if (options.servers.length === 0) throw new RangeError('server is an empty list, wanted at least one URL');
    this.#options = options;
  }

  /** True after a failure, until each server has failed. */
  get hasUntried(): boolean {
    return this.#failures % this.#options.servers.length > 0;
  }

  /** `onlyIfAbsent`: refused with `stale` where anybody holds the id. */
  register(
    service: string,
    id: string,
    body: InstanceBody,
    onlyIfAbsent: boolean,
    timeoutMs: number,
  ): Promise<Result<RegistrationReply>> {
    return this.#request('PUT', [service, id], {
      body,
      timeoutMs,
      headers: onlyIfAbsent ? { 'if-none-match': '*' } : {},
    });
  }

  renew(service: string, id: string, generation: number, timeoutMs: number): Promise<Result<RenewReply>> {
    return this.#request('POST', [service, id, 'renew'], { body: { generation }, timeoutMs });
  }

  /** Refused with `stale` unless the instance is at `revision`. */
  patch(
    service: string,
    id: string,
    body: PatchBody,
    revision: number,
    timeoutMs: number,
  ): Promise<Result<InstanceReply>> {
    return this.#request('PATCH', [service, id], { body, timeoutMs, headers: { 'if-match': `"${revision}"` } });
  }

  read(service: string, id: string, timeoutMs: number): Promise<Result<InstanceReply>> {
    return this.#request('GET', [service, id], { timeoutMs });
  }

  /** Refused with `stale` unless the instance is at `revision`. */
  drain(service: string, id: string, revision: number, timeoutMs: number): Promise<Result<RemovalReply>> {
    return this.#request('POST', [service, id, 'drain'], { timeoutMs, headers: { 'if-match': `"${revision}"` } });
  }

  /** `generation` null deregisters whoever holds the id. */
  deregister(service: string, id: string, generation: number | null, timeoutMs: number): Promise<Result<RemovalReply>> {
    return this.#request('DELETE', [service, id], {
      timeoutMs,
      query: generation === null ? {} : { generation: String(generation) },
    });
  }

  async #request<Body>(
    method: string,
    [service, id, ...action]: readonly [string, string, ...string[]],
    { body, query = {}, headers = {}, timeoutMs }: RequestParts,
  ): Promise<Result<Body>> {
    const { servers, zone, fetch, clock } = this.#options;
    const path = ['/v1/services', encodeURIComponent(service), 'instances', encodeURIComponent(id), ...action].join(
      '/',
    );
    const url = new URL(path, servers[this.#current]);
    for (const [name, value] of Object.entries({ ...query, ...(zone !== undefined && { zone }) }))
      url.searchParams.set(name, value);
    const late = new AbortController();
    const timer = clock.after(timeoutMs, () => late.abort(new Error(`no answer within ${timeoutMs} ms`)));
    try {
      const token = await this.#token();
      const response = await fetch(url, jsonRequest({ method, token, body, headers, signal: late.signal }));
      const result = await readResult<Body>(response);
      if (result.kind === 'unreachable' || (result.kind === 'refused' && result.status >= 500)) this.#next();
      else this.#failures = 0;
      return result;
    } catch (error) {
      this.#next();
      return { kind: 'unreachable', error: late.signal.aborted ? (late.signal.reason as Error) : (error as Error) };
    } finally {
      timer.cancel();
    }
  }

  #next(): void {
    this.#failures++;
    this.#current = (this.#current + 1) % this.#options.servers.length;
  }

  async #token(): Promise<string> {
    const { token, tokenFile } = this.#options;
    return tokenFile === undefined ? (token ?? '') : (await readFile(tokenFile, 'utf8')).trim();
  }
}

async function readResult<Body>(response: Response): Promise<Result<Body>> {
  const text = await response.text();
  const body = parse(text);
  if (response.ok && body !== undefined) {
    const date = Date.parse(response.headers.get('date') ?? '');
    return { kind: 'ok', body: body as Body, serverTime: Number.isNaN(date) ? null : date };
  }
  const { code, detail } = (body ?? {}) as { readonly code?: unknown; readonly detail?: unknown };
  const problem = typeof code === 'string' ? code : null;
  // Without a problem document it was no registry that answered: a proxy, or something else on this port.
  if (problem === null)
    return {
      kind: 'unreachable',
      error: new Error(`${response.url} answered ${response.status} without a problem document`),
    };
  const retryAfter = Number(response.headers.get('retry-after') ?? NaN);
  return {
    kind: 'refused',
    status: response.status,
    problem,
    detail: typeof detail === 'string' ? detail : response.statusText,
    retryAfterMs: Number.isFinite(retryAfter) ? retryAfter * 1000 : null,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
