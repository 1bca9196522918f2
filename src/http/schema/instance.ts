/** Instances: what registers and changes them, and what is told of them. */
import { type Static, Type } from 'typebox';
import type { Check } from '../../registry/check.ts';
import type { Status } from '../../registry/instance.ts';
import { checkBody } from './check.ts';
import {
  closed, declaredStatus, generation, labels, oneOf, reference, revision, seconds, status, statuses, time, whole,
} from './fields.ts';
import { leaseOrNull } from './renewal.ts';

const protocol = oneOf(['tcp', 'udp'], 'Protocol that is spoken there; tcp unless set.');
const port = whole(1, 65_535, 'Port number.');
const priority = whole(0, 65_535, 'Lower is preferred (RFC 2782); 10 unless set.');
const weight = whole(0, 65_535, 'Share among instances of one priority (RFC 2782); 100 unless set.');
const tags = labels('Labels that names and selectors choose by.');
const meta = Type.Record(Type.String(), Type.String(), {
  description: 'Key and value pairs; in DNS the TXT record of the instance.',
  examples: [{ commit: 'abc' }],
});
const ttl = whole(1, 86_400, 'TTL of DNS answers in seconds.');

export const instanceBody = Type.Object(
  {
    address: Type.Optional(Type.String({ description: "IPv4 or IPv6 address; the caller's where none is given." })),
    addresses: Type.Optional(Type.Array(Type.String(), { description: 'All addresses of the instance.' })),
    port: Type.Optional(whole(1, 65_535, 'Default port; required unless there are named ports.')),
    protocol: Type.Optional(protocol),
    ports: Type.Optional(
      Type.Record(Type.String(), closed({ port, protocol: Type.Optional(protocol) }), {
        description: 'Further ports by name.',
      }),
    ),
    priority: Type.Optional(priority),
    weight: Type.Optional(weight),
    tags: Type.Optional(tags),
    meta: Type.Optional(meta),
    ttl: Type.Optional(ttl),
    lease: Type.Optional(
      seconds(2, 86_400, "Seconds after which the instance is gone unless renewed; the service's default unless set."),
    ),
    permanent: Type.Optional(Type.Boolean({ description: 'True: no lease, it stays until it is deregistered.' })),
    status: Type.Optional(declaredStatus),
    checks: Type.Optional(Type.Array(checkBody, { description: 'All must pass.' })),
  },
  {
    additionalProperties: false,
    description: 'An instance to be registered.',
    examples: [
      {
        address: '10.0.0.7',
        port: 8080,
        ports: { grpc: { port: 9090 } },
        tags: ['v2'],
        meta: { commit: 'abc' },
        lease: 30,
        checks: [{ type: 'http', path: '/health' }],
      },
    ],
  },
);
export type InstanceBody = Static<typeof instanceBody>;

export const patchBody = closed(
  {
    weight: Type.Optional(weight),
    priority: Type.Optional(priority),
    tags: Type.Optional(tags),
    meta: Type.Optional(meta),
    status: Type.Optional(declaredStatus),
  },
  'What is to change; the rest stays. Tags and meta are replaced as a whole.',
);
export type PatchBody = Static<typeof patchBody>;

const names = Type.Array(Type.String(), { description: 'The DNS names under which the instance is found now.' });
const warnings = Type.Array(Type.String(), { description: 'What works, and will surprise somebody.' });

export const registrationReply = Type.Object(
  { ...reference, generation, revision, status, lease: leaseOrNull, names, warnings },
  { description: 'The instance is durable, and every DNS worker answers with it.' },
);
export type RegistrationReply = Static<typeof registrationReply>;

export const dryRunReply = Type.Object(
  {
    ...reference,
    dryRun: Type.Literal(true),
    names,
    records: Type.Array(Type.String(), {
      description: 'The DNS records that the registration would make, in presentation form.',
    }),
    warnings,
  },
  { description: 'What the registration would do. Nothing has changed.' },
);
export type DryRunReply = Static<typeof dryRunReply>;

export const removalReply = Type.Object({
  ...reference,
  generation,
  safeToStopAt: time('The last moment at which a resolver may still hold an answer with it.'),
});
export type RemovalReply = Static<typeof removalReply>;

/** An instance as it is listed. */
export const instanceReply = Type.Object({
  ...reference,
  generation,
  revision,
  status,
  declared: oneOf(statuses, 'What the owner says.'),
  observed: Type.Unsafe<Status | null>({
    enum: [...statuses, null],
    description: 'What the checks say; null without checks.',
  }),
  addresses: Type.Array(Type.String()),
  port: Type.Unsafe<number | null>({ type: ['integer', 'null'], description: 'Null: it has named ports only.' }),
  protocol,
  ports: Type.Record(Type.String(), Type.Object({ port, protocol })),
  priority,
  weight,
  tags,
  meta,
  ttl: Type.Unsafe<number | null>({ type: ['integer', 'null'], description: "Seconds; null: the service's." }),
  lease: Type.Unsafe<number | null>({ type: ['number', 'null'], description: 'Seconds; null: permanent.' }),
  checks: Type.Array(
    Type.Unsafe<Check>({
      type: 'object',
      additionalProperties: true,
      description: 'A health check with all its settings.',
    }),
  ),
  registeredAt: time('When this registration was made.'),
  registeredFrom: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'Address that registered it.' }),
  registeredBy: Type.Unsafe<string | null>({
    type: ['string', 'null'],
    description: 'Holder of the token that registered it.',
  }),
});
export type InstanceReply = Static<typeof instanceReply>;

export const instancesReply = Type.Object({ revision, instances: Type.Array(instanceReply) });
export type InstancesReply = Static<typeof instancesReply>;
