/** Everything that is stored, as it is at one moment: what `signpost backup` writes and `signpost restore` reads. */
import { Readable } from 'node:stream';
import type { Api, ApiParts } from '../api.ts';
import { plainReply } from '../schema/reply.ts';

export function backupRoutes(app: Api, { dump }: ApiParts): void {
  app.get(
    '/v1/backup',
    {
      config: { operation: 'admin' },
      exposeHeadRoute: false,
      schema: {
        tags: ['server'],
        summary: 'Everything that is stored, as JSON lines',
        response: { 200: plainReply('application/jsonl', 'A line an entry.') },
      },
    },
    (_request, reply) =>
      reply.type('application/jsonl').send(Readable.from(dump(), { objectMode: false, highWaterMark: 64 * 1024 })),
  );
}
