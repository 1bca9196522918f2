/** Path and query parameters. All are text on the wire, so the schemas of numbers are patterns. */
import { Type } from 'typebox';
import { statuses } from './schema/fields.ts';
import { httpLimits } from './settings.ts';

const wholeNumber = (description: string) => Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$', description }));
const flag = (description: string) =>
  Type.Optional(Type.Unsafe<'true' | 'false'>({ type: 'string', enum: ['true', 'false'], description }));

const zone = Type.Optional(Type.String({ description: "Service zone; the server's first unless set." }));
const longPoll = {
  index: wholeNumber('Answers as soon as the list is newer than this revision.'),
  wait: wholeNumber(
    `Seconds to wait for that, at most ${httpLimits.longPoll}; 30 unless set. What is there then is answered.`,
  ),
};

const service = Type.String({ description: 'Label of the service.' });
export const serviceParams = Type.Object({ service });
export const instanceParams = Type.Object({
  service,
  id: Type.String({ description: 'Label of the instance, unique within its service.' }),
});

export const zoneQuery = Type.Object({ zone }, { additionalProperties: false });
export const registerQuery = Type.Object(
  { zone, dryRun: flag('Change nothing; return the DNS records that it would make.') },
  { additionalProperties: false },
);
export const drainQuery = Type.Object(
  { zone, wait: flag('Answer only when no resolver can hold an answer with the instance any more.') },
  { additionalProperties: false },
);
export const deregisterQuery = Type.Object(
  { zone, generation: wholeNumber('Only if this is the registration that holds the id.') },
  { additionalProperties: false },
);
export const listQuery = Type.Object(
  {
    zone,
    tag: Type.Optional(Type.String({ description: 'Only instances with this tag.' })),
    status: Type.Optional(
      Type.Unsafe<string>({ type: 'string', enum: statuses, description: 'Only instances with this status.' }),
    ),
    ...longPoll,
  },
  { additionalProperties: false },
);

export const eventsQuery = Type.Object(
  {
    zone,
    service: Type.Optional(Type.String({ description: 'Only events of this service.' })),
    since: Type.Optional(
      Type.String({ description: 'Id of the last event seen, or a revision; Last-Event-ID goes before it.' }),
    ),
  },
  { additionalProperties: false },
);
export const explainQuery = Type.Object(
  {
    name: Type.String({ description: 'The name that was asked for.', examples: ['_web._tcp.svc.internal'] }),
    type: Type.Optional(
      Type.String({ description: 'The type that was asked for; SRV unless set.', examples: ['SRV'] }),
    ),
  },
  { additionalProperties: false },
);

/** Seconds that a long poll waits. */
export function waitSeconds(wait: string | undefined): number {
  return Math.min(Number(wait ?? 30), httpLimits.longPoll);
}
