/** Conditional requests (RFC 9110 section 13): the ETag of everything is its revision. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import type { WriteOptions } from '../registry/registration.ts';
import { Problem } from './problem.ts';

export function etagOf(revision: number): string {
  return `"${revision}"`;
}

/** Sends `view()` with the ETag of `revision`, or 304 when that is what the caller has (RFC 9110 section 13.1.2). */
export function answerUnlessCurrent<View>(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  revision: number,
  view: () => View,
): View | null {
  const etag = etagOf(revision);
  reply.header('etag', etag);
  // The comparison is weak, so a proxy may have marked it with W/.
  const known = headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known === undefined || !(known.includes(etag) || known.includes('*'))) return view();
  reply.code(304);
  return null;
}

/** What `If-Match: "REVISION"` or `If-None-Match: *` (nothing is there yet) demand. Throws Problem `bad-request`. */
export function writeOptions(headers: IncomingHttpHeaders): WriteOptions {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (match === undefined && noneMatch === undefined) return anyRevision;
  if (match === undefined && noneMatch === '*') return { ifMatch: 0 };
  const [, revision] = /^"(\d{1,15})"$/.exec(match ?? '') ?? [];
  if (revision !== undefined && noneMatch === undefined) return { ifMatch: Number(revision) };
  throw new Problem('bad-request', 'a write takes If-Match with one ETag such as "42", or If-None-Match: *');
}

const anyRevision: WriteOptions = {};
