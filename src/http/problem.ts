/**
 * Problem documents (RFC 9457): everything the API refuses, with its status, in one table. Whatever is thrown on the
 * way of a request is translated here, once, and nowhere else.
 */
import type { FastifyReply } from 'fastify';
import { STATUS_CODES } from 'node:http';
import { RegistryError, type RegistryErrorCode } from '../registry/error.ts';

/** Every `code` a caller can meet, and its HTTP status. Codes are stable; statuses follow RFC 9110, 6585 and 4918. */
export const problemStatus = {
  'bad-request': 400, // not HTTP, or a header that cannot be used
  'malformed-body': 400,
  'unknown-field': 400,
  'missing-field': 400,
  'invalid-value': 400,
  invalid: 400, // what only the registry can judge
  unauthorized: 401,
  forbidden: 403,
  'cross-origin': 403,
  'not-found': 404,
  'unknown-path': 404,
  'method-not-allowed': 405,
  timeout: 408,
  conflict: 409,
  replaced: 409,
  gone: 410,
  stale: 412,
  'body-too-large': 413,
  'uri-too-long': 414,
  'unsupported-media-type': 415,
  misdirected: 421,
  'too-many-requests': 429,
  'headers-too-large': 431,
  internal: 500,
  'store-unavailable': 503,
  'audit-unavailable': 503,
  stopping: 503,
  'store-full': 507,
  'too-many': 507,
} as const;

export type ProblemCode = keyof typeof problemStatus;

export interface ProblemOptions extends ErrorOptions {
  /** Where in the body or query the trouble is: `ports.grpc.port`. */
  readonly path?: string | null;
  /** Headers that go with it: `allow`, `retry-after`, `www-authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal; thrown by handlers and hooks, answered by `sendProblem`. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly path: string | null;
  readonly headers: Readonly<Record<string, string>>;
  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, options);
    this.name = 'Problem';
    this.code = code;
    this.path = options.path ?? null;
    this.headers = options.headers ?? {};
  }
}

export interface ProblemDocument {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly path?: string;
}

/** The document of a problem; `about:blank` since `code` says more than a URI would (RFC 9457 section 4.2.1). */
export function problemDocument(problem: Problem): ProblemDocument {
  const status = problemStatus[problem.code];
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Misdirected Request',
    status,
    code: problem.code,
    detail: problem.message,
    ...(problem.path !== null && { path: problem.path }),
  };
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  reply.request.problem = problem;
  return reply
    .code(problemStatus[problem.code])
    .headers(problem.headers)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(problemDocument(problem));
}

/** The problem that `error` stands for; null when it is a bug of ours, of which callers learn nothing. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  if (error instanceof RegistryError) return ofRegistry(error);
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? ofFastify(code, (error as Error).message) : null;
}

const secondsToRetry = { 'store-unavailable': '1', 'store-full': '10', 'too-many': '60' } as const;

function ofRegistry(error: RegistryError): Problem {
  const code: RegistryErrorCode & ProblemCode = error.code;
  const retry = code in secondsToRetry ? secondsToRetry[code as keyof typeof secondsToRetry] : null;
  return new Problem(code, error.message, {
    path: error.path,
    ...(retry !== null && { headers: { 'retry-after': retry } }),
    cause: error,
  });
}

/** Fastify judges size, content type and JSON syntax before any handler of ours. */
function ofFastify(code: string, message: string): Problem | null {
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Problem(
        'body-too-large',
        'the body is larger than this call takes: 64 KiB, or 1 MiB for POST /v1/renew',
      );
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Problem('unsupported-media-type', 'the body must be JSON and say so: content-type: application/json');
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new Problem('malformed-body', 'found an empty body, wanted JSON');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new Problem('malformed-body', `the body is not JSON that can be used: ${message}`);
    case 'FST_ERR_BAD_URL':
      return new Problem(
        'bad-request',
        'the path is not a valid URL path: a "%" must be followed by two hexadecimal digits of UTF-8',
      );
    default:
      return null;
  }
}
