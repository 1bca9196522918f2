/** For machines that look after this one: is it alive, is it ready, what does it count. */
import type { Api, ApiParts } from '../api.ts';
import { plainReply } from '../schema/reply.ts';

const text = plainReply('text/plain', 'One line.');

export function healthRoutes(app: Api, { readiness, metrics }: ApiParts): void {
  app.get(
    '/healthz',
    {
      config: { operation: 'open' },
      schema: { tags: ['server'], summary: 'Alive: the process answers', response: { 200: text } },
    },
    (_request, reply) => reply.type('text/plain').send('ok\n'),
  );

  app.get(
    '/readyz',
    {
      config: { operation: 'open' },
      schema: {
        tags: ['server'],
        summary: 'Ready: store and zones are loaded, every DNS worker answers',
        response: { 200: text, 503: text },
      },
    },
    (_request, reply) => {
      const missing = readiness();
      reply.type('text/plain');
      return missing.length === 0 ? reply.send('ok\n') : reply.code(503).send(`waiting for ${missing.join(', ')}\n`);
    },
  );

  app.get(
    '/metrics',
    {
      config: { operation: 'read' },
      schema: {
        tags: ['server'],
        summary: 'Counters for Prometheus',
        response: { 200: plainReply('text/plain', 'Prometheus text format.') },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );
}
