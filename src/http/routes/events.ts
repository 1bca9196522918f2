/** What happens, as it happens: server-sent events. */
import { type Api, type ApiParts, servedZone } from '../api.ts';
import { Problem } from '../problem.ts';
import { eventsQuery } from '../query.ts';
import { plainReply } from '../schema/reply.ts';

export function eventRoutes(app: Api, parts: ApiParts): void {
  app.get(
    '/v1/events',
    {
      config: { operation: 'read' },
      // HEAD would open a stream that nobody reads.
      exposeHeadRoute: false,
      schema: {
        tags: ['events'],
        summary: 'Watch a zone, or one service of it',
        description:
          'A stream of server-sent events. `id` is the revision with a number behind the dot. A watcher that comes ' +
          'back with `Last-Event-ID` (or `since`) misses nothing; when what it missed is kept no more it gets a ' +
          '`reset` event, and must read the lists again.',
        querystring: eventsQuery,
        response: { 200: plainReply('text/event-stream', 'Events without end.') },
      },
    },
    (request, reply) => {
      const zone = servedZone(request, parts);
      const header = request.headers['last-event-id'];
      const lastId = typeof header === 'string' && header !== '' ? header : (request.query.since ?? null);
      if (lastId !== null && !/^\d{1,16}(\.\d{1,16})?$/.test(lastId)) {
        throw new Problem(
          'invalid-value',
          `the last event's id is "${lastId.slice(0, 40)}", wanted one such as 42 or 42.1`,
          { path: 'since' },
        );
      }
      if (parts.stopping.aborted)
        throw new Problem('stopping', 'the server stops', { headers: { 'retry-after': '1' } });
      reply.hijack();
      parts.streams.open(reply.raw, { zone, service: request.target.service }, lastId);
    },
  );
}
