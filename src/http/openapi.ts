/** The API's own description, OpenAPI 3.1, made of the same schemas that requests are checked by. */
import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { problemSchema } from './schema/reply.ts';

const description =
  'Register services over HTTP, find them by DNS. All durations are seconds. Unknown fields and parameters are ' +
  'refused. A write is answered when it is durable and every DNS worker answers with it. Errors are problem ' +
  'documents (RFC 9457) with a stable `code`.';

/** Prepares the description; to be called before routes are added. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Signpost', version: '1', description, license: { name: 'MIT' } },
      tags: [
        { name: 'instances', description: 'Register, read, change, drain, deregister.' },
        { name: 'leases', description: 'Renewals.' },
        { name: 'services', description: 'Lists and settings.' },
        { name: 'events', description: 'What happens, as it happens.' },
        { name: 'explain', description: 'Why DNS answers what it answers.' },
        { name: 'server', description: 'Health, metrics, backup.' },
      ],
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'Made by `signpost token create`. A client certificate with a grant does as well.',
          },
        },
      },
      // The empty one: this machine's own users, until there are grants.
      security: [{}, { token: [] }],
    },
    transform: ({ schema, url }) => ({ schema: withProblems(schema), url }),
  });
}

/** Every call may be refused, so this need not be said with each. */
function withProblems(schema: FastifySchema): FastifySchema {
  const problem = {
    description: 'Refused; see `code`.',
    content: { 'application/problem+json': { schema: problemSchema } },
  };
  return { ...schema, response: { ...(schema.response as object), default: problem } };
}

/** Adds `/openapi.json`; to be called after all other routes. */
export function serveDescription(app: FastifyInstance): void {
  let text: string | null = null;
  app.get(
    '/openapi.json',
    {
      config: { operation: 'open' },
      schema: {
        tags: ['server'],
        summary: 'This description',
        response: { 200: { type: 'object', additionalProperties: true } },
      },
    },
    (_request, reply) =>
      reply
        .type('application/json')
        .serializer(String)
        .send((text ??= JSON.stringify(app.swagger()))),
  );
}
