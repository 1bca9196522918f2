/** Which services are under self-protection: nothing of theirs expires, since too many owners stopped renewing. */
import type { Api, ApiParts } from '../api.ts';
import { type ProtectionReply, protectionReply } from '../schema/protection.ts';
import { isoTime } from '../view.ts';

export function protectionRoutes(app: Api, { registry }: ApiParts): void {
  app.get(
    '/v1/protection',
    {
      config: { operation: 'read' },
      schema: { tags: ['services'], summary: 'What is under self-protection now', response: { 200: protectionReply } },
    },
    (): ProtectionReply => ({
      protection: registry.protection().map(({ service, since, timed, late }) => ({
        zone: service?.zone ?? null,
        service: service?.name ?? null,
        since: isoTime(since),
        instances: timed,
        late,
      })),
    }),
  );
}
