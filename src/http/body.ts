/** Request bodies: JSON in UTF-8, and nothing that could reach the prototypes of our objects. */
import type { FastifyInstance } from 'fastify';
import { isUtf8 } from 'node:buffer';
import { Problem } from './problem.ts';

/** Makes JSON the only content type that is taken. */
export function takeJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      const takesBody = request.routeOptions.schema?.body !== undefined;
      if (!takesBody && body.length > 0 && !request.is404)
        throw new Problem('unknown-field', 'this call takes no body');
      done(null, takesBody ? parseJson(body as Buffer) : undefined);
    } catch (error) {
      done(error as Error);
    }
  });
}

/** Throws Problem `malformed-body`. */
export function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw new Problem('malformed-body', 'the body is not UTF-8');
  const text = body.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Problem(
      'malformed-body',
      text === '' ? 'found an empty body, wanted JSON' : `the body is not JSON: ${(error as Error).message}`,
    );
  }
  // An escape could spell the name in many ways, so a body with any is looked through as well.
  if (/__proto__|constructor|\\u/.test(text)) refusePrototypes(value);
  return value;
}

/** A copied or merged `__proto__` or `constructor.prototype` would change what all objects have. */
function refusePrototypes(root: unknown): void {
  const waiting = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, inner] of Object.entries(value)) {
      const reachesPrototype = key === '__proto__' || (key === 'constructor' && hasPrototype(inner));
      if (reachesPrototype)
        throw new Problem('malformed-body', `the body has a field "${key}", which is never taken`, { path: key });
      waiting.push(inner);
    }
  }
}

function hasPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}
