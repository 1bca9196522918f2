/** The shape of an explanation, for the API's description; what it says is made in `publish`. */
import { Type } from 'typebox';
import type { Explanation } from '../publish/explain.ts';

const orNull = (type: string, description: string) => Type.Unsafe<unknown>({ type: [type, 'null'], description });

const candidate = Type.Object({
  id: Type.String(),
  answered: Type.Boolean({ description: 'True when it has a record among those that the answer is taken from.' }),
  reasons: Type.Array(
    Type.Object({ code: Type.String(), text: Type.String({ description: 'One sentence for people.' }) }),
  ),
  status: Type.String(),
  priority: Type.Integer(),
  weight: Type.Integer({ description: 'As answered: half while the instance warns.' }),
  addresses: Type.Array(Type.String()),
  port: orNull('integer', 'Null: it has named ports only.'),
});

const service = Type.Unsafe<unknown>({
  type: ['object', 'null'],
  description: 'The service that the name belongs to; null where there is none.',
  properties: {
    name: { type: 'string' },
    mode: {
      type: 'string',
      description: 'How it is answered: healthy, panic, fail-open, last-known-good, nodata or nxdomain.',
    },
    emptyPolicy: { type: 'string' },
    panicThreshold: { type: 'number' },
    instances: { type: 'integer', description: 'How many are registered.' },
    staying: { type: 'integer', description: 'How many of them are not draining.' },
    answerable: { type: 'integer', description: 'How many of them are passing or warning.' },
  },
});

const shape = Type.Object({
  name: Type.String({ description: 'The question, folded.' }),
  type: Type.String(),
  zone: orNull(
    'object',
    'Name, kind and serial of the zone that answers; null: none does, and the question is refused.',
  ),
  meaning: orNull('object', 'How the name is parsed; null where no registration could make it.'),
  service,
  candidates: Type.Array(candidate),
  outcome: Type.String({ description: 'What the lookup came to: answer, nodata, nxdomain, ...' }),
  records: Type.Array(
    Type.Object({ name: Type.String(), ttl: Type.Integer(), type: Type.String(), data: Type.String() }),
  ),
  limit: orNull('integer', 'At most this many of the records go into one answer; null: all.'),
  extendedError: orNull('object', 'What clients that use EDNS are told with the answer (RFC 8914).'),
});

export const explanationReply = Type.Unsafe<Explanation>(shape);
