/** Why an instance is, or is not, in the answer to a question. */
import type { Api, ApiParts } from '../api.ts';
import { explanationReply } from '../explanation.ts';
import { explainQuery } from '../query.ts';

export function explainRoutes(app: Api, { explain }: ApiParts): void {
  app.get(
    '/v1/explain',
    {
      config: { operation: 'read' },
      schema: {
        tags: ['explain'],
        summary: 'How a name is parsed, each candidate instance and why it is in or out, and the records of the answer',
        querystring: explainQuery,
        response: { 200: explanationReply },
      },
    },
    (request) => explain(request.query.name, request.query.type ?? 'SRV'),
  );
}
