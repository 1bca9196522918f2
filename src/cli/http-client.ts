/** A small client of the HTTP API for the commands: one server, JSON in and out, failures as sentences. */
import { jsonRequest } from '../agent/json-request.ts';
import type { Terminal } from './command.ts';
import { UnreachableError, UsageError } from './failure.ts';

/** The option of every command that talks to a server. */
export const serverOption = {
  server: { value: 'URL', meaning: 'The server (SIGNPOST_URL, http://127.0.0.1:8054); SIGNPOST_TOKEN has the token.' },
} as const;

export const zoneOption = { zone: { value: 'Z', meaning: 'Service zone, where the server has several.' } } as const;

export interface Api {
  /** Sends a request and waits for its answer to begin. Throws ApiError unless that is 2xx, or UnreachableError. */
  readonly request: (method: string, path: string, more?: RequestMore) => Promise<Response>;
  /** The same, resolving with the answer's JSON; null when it has no body. Its form is the server's promise. */
  readonly json: <Body>(method: string, path: string, more?: RequestMore) => Promise<Body>;
}

export interface RequestMore {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long to wait for the answer to begin; 10 unless set. */
  readonly seconds?: number;
}

/** The server refused, with the problem document that it gave (RFC 9457). */
export class ApiError extends Error {
  readonly status: number;
  /** The problem's stable code; null when the answer was no problem document. */
  readonly code: string | null;
  constructor(status: number, code: string | null, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

/** Aims at the server that the option, else `SIGNPOST_URL`, else the default names. */
export function openApi(server: string | undefined, { env, fetch }: Terminal): Api {
  const base = (server ?? (env['SIGNPOST_URL'] || 'http://127.0.0.1:8054')).replace(/\/+$/, '');
  if (!URL.canParse(base) || !/^https?:$/.test(new URL(base).protocol)) {
    throw new UsageError(`--server wants a URL such as http://127.0.0.1:8054, found ${base}`);
  }
  const token = env['SIGNPOST_TOKEN']?.trim() ?? '';
  if (token !== '' && !/^[!-~]+$/.test(token)) throw new UsageError('SIGNPOST_TOKEN has characters that no token has');

  const request: Api['request'] = async (method, path, { query = {}, body, headers = {}, seconds = 10 } = {}) => {
    const url = new URL(base + path);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), seconds * 1000);
    try {
      const response = await fetch(url, jsonRequest({ method, token, body, headers, signal: late.signal }));
      if (!response.ok) throw await problemOf(response);
      return response;
    } catch (error) {
      if (error instanceof ApiError) throw error;
      const why = late.signal.aborted ? `no answer within ${seconds} s` : reason(error);
      throw new UnreachableError(`cannot reach ${base}: ${why}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    request,
    json: async <Body>(method: string, path: string, more?: RequestMore) => {
      const text = await (await request(method, path, more)).text();
      try {
        return (text === '' ? null : JSON.parse(text)) as Body;
      } catch {
        throw new ApiError(200, null, `${base} answered with something that is not JSON; is it a Signpost server?`);
      }
    },
  };
}

/** `/v1/services/web/instances/a`: no name can reach another route. */
export function apiPath(...segments: readonly string[]): string {
  // URLs resolve these even when they are escaped, so that `instances/..` would be the service.
  const wrong = segments.find((segment) => /^\.{0,2}$/.test(segment));
  if (wrong !== undefined) throw new UsageError(`wanted a name, found "${wrong}"`);
  return ['/v1', ...segments.map(encodeURIComponent)].join('/');
}

async function problemOf(response: Response): Promise<ApiError> {
  const problem = await response.json().catch(() => null) as { code?: string; title?: string; detail?: string } | null;
  const said = problem?.detail ?? problem?.title ?? response.statusText;
  const hint = response.status === 401 ? ' (SIGNPOST_TOKEN holds the token to use)' : '';
  return new ApiError(response.status, problem?.code ?? null, `${said}${hint}`);
}

/** fetch hides why it failed in the cause: `connect ECONNREFUSED 127.0.0.1:8054`. */
function reason(error: unknown): string {
  const cause = (error as Error).cause;
  return cause instanceof Error && cause.message !== '' ? cause.message : (error as Error).message;
}
