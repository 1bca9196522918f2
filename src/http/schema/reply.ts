/** Replies of routes of every kind. */
import { Type } from 'typebox';
import { problemStatus } from '../problem.ts';

export const problemSchema = Type.Object({
  type: Type.String(),
  title: Type.String({ description: 'The phrase of the status.' }),
  status: Type.Integer(),
  code: Type.String({ enum: Object.keys(problemStatus), description: 'What is wrong, for programs.' }),
  detail: Type.String({ description: 'What was found and what was wanted, for people.' }),
  path: Type.Optional(Type.String({ description: 'Where in the body or query.', examples: ['ports.grpc.port'] })),
});

/** The answer to If-None-Match with the current ETag. */
export const notModified = Type.Null({ description: 'Nothing has changed.' });

/** A reply that is no JSON, for the API description. */
export function plainReply(mediaType: string, description: string) {
  return Type.Unsafe<unknown>({ description, content: { [mediaType]: { schema: { type: 'string' } } } });
}
