/**
 * The shapes of API version 1, each said once: requests are checked by them, the OpenAPI document is made of them, and
 * clients import the types. What only the registry can judge (labels, addresses) is left to it. Longer than most files,
 * because all that goes over the wire stands in one place.
 */
import { type Static, type TProperties, Type } from 'typebox';
import type { Check } from '../registry/check.ts';
import type { Status } from '../registry/instance.ts';
import { emptyPolicies, type Selector } from '../registry/service.ts';
import { problemStatus } from './problem.ts';

export const statuses: readonly Status[] = ['unknown', 'passing', 'warning', 'critical', 'draining'];

/** An object that takes no other fields: a typing slip must not pass. */
function closed<Properties extends TProperties>(properties: Properties, description?: string) {
  return Type.Object(properties, { additionalProperties: false, ...(description !== undefined && { description }) });
}

function oneOf<const Word extends string>(words: readonly Word[], description: string) {
  return Type.Unsafe<Word>({ type: 'string', enum: words, description });
}

const whole = (minimum: number, maximum: number, description: string) =>
  Type.Integer({ minimum, maximum, description });
const seconds = (minimum: number, maximum: number, description: string) =>
  Type.Number({ minimum, maximum, description });
const labels = (description: string) => Type.Array(Type.String(), { description });

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
const declaredStatus = oneOf(
  ['passing', 'warning', 'critical', 'draining'],
  'What the owner says of the instance; passing unless set.',
);
const generation = whole(0, Number.MAX_SAFE_INTEGER, 'Number of the registration, as its reply told it.');
const revision = Type.Integer({ minimum: 0, description: 'Number of the change.' });

const checkTiming = {
  interval: Type.Optional(seconds(1, 3600, 'Seconds between two runs; 10 unless set.')),
  timeout: Type.Optional(seconds(0.1, 60, 'Seconds a run may take; 3 unless set.')),
  rise: Type.Optional(whole(1, 10, 'Passes in a row that make it passing; 2 unless set.')),
  fall: Type.Optional(whole(1, 10, 'Failures in a row that make it critical; 3 unless set.')),
};

const checkBody = closed(
  {
    type: oneOf(
      ['http', 'https', 'tcp', 'grpc', 'ttl'],
      'What is done: a GET, a connection, gRPC health checking, or nothing but to wait for renewals.',
    ),
    path: Type.Optional(Type.String({ description: 'Absolute path to GET; / unless set. For http and https only.' })),
    grpcService: Type.Optional(
      Type.String({ description: 'Service that is asked about; the whole server unless set. For grpc only.' }),
    ),
    port: Type.Optional(whole(1, 65_535, "Port to check; the instance's unless set.")),
    ...checkTiming,
  },
  "A health check, made by the server at the instance's own addresses.",
);

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

export const renewBody = closed({ generation, status: Type.Optional(declaredStatus) });
export type RenewBody = Static<typeof renewBody>;

export const batchRenewBody = closed({
  leases: Type.Array(
    closed({
      service: Type.String({ description: 'Label of the service.' }),
      id: Type.String({ description: 'Label of the instance.' }),
      generation,
      status: Type.Optional(declaredStatus),
      zone: Type.Optional(Type.String({ description: 'Service zone; that of the query unless set.' })),
    }),
    { maxItems: 10_000 },
  ),
});
export type BatchRenewBody = Static<typeof batchRenewBody>;

const orNull = <Schema extends { readonly type: string }>(schema: Schema) => ({
  ...schema,
  type: [schema.type, 'null'],
});

export const serviceBody = closed(
  {
    ttl: Type.Optional(Type.Unsafe<number | null>(orNull(whole(1, 86_400, 'TTL of its DNS answers in seconds.')))),
    limit: Type.Optional(
      Type.Unsafe<number | null>(orNull(whole(1, 1000, 'Most instances in one answer; no limit unless set.'))),
    ),
    selectors: Type.Optional(
      Type.Array(
        closed({
          name: Type.String({ description: 'Label: the selector answers as NAME._sel.SERVICE.ZONE.' }),
          all: Type.Optional(labels('Tags that an instance must have.')),
          none: Type.Optional(labels('Tags that an instance must not have.')),
          limit: Type.Optional(Type.Unsafe<number | null>(orNull(whole(1, 1000, 'Most instances in one answer.')))),
        }),
        { description: 'Saved queries, each with a DNS name of its own.' },
      ),
    ),
    emptyPolicy: Type.Optional(
      oneOf(emptyPolicies, 'What DNS answers while no instance is answerable; nodata unless set.'),
    ),
    panicThreshold: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'Share of answerable instances below which health is not believed and all are answered; 0: never.',
      }),
    ),
    defaultLease: Type.Optional(
      Type.Unsafe<number | null>(orNull(seconds(2, 86_400, 'Lease in seconds of registrations that name none.'))),
    ),
    checkDefaults: Type.Optional(
      Type.Unsafe<Static<ReturnType<typeof closed<typeof checkTiming>>> | null>(orNull(closed(checkTiming))),
    ),
  },
  'Settings of a service, all of them: what is left out goes back to its default.',
);
export type ServiceBody = Static<typeof serviceBody>;

const time = (description: string) => Type.String({ format: 'date-time', description });

export const leaseReply = Type.Object({
  seconds: Type.Number({ description: 'Length of the lease.' }),
  expiresAt: time('When the instance is gone unless it is renewed.'),
  renewAfter: Type.Number({ description: 'Seconds to wait before the next renewal; longer when the server is busy.' }),
});
export type LeaseReply = Static<typeof leaseReply>;

const leaseOrNull = Type.Unsafe<LeaseReply | null>({
  anyOf: [leaseReply, { type: 'null' }],
  description: 'Null: permanent.',
});
const status = oneOf(
  statuses,
  'The worse of what the owner declares and the checks observe; passing and warning are answered in DNS.',
);
const names = Type.Array(Type.String(), { description: 'The DNS names under which the instance is found now.' });
const warnings = Type.Array(Type.String(), { description: 'What works, and will surprise somebody.' });
const reference = { service: Type.String(), id: Type.String(), zone: Type.String() };

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

export const renewReply = Type.Object({ ...reference, generation, revision, status, lease: leaseOrNull });
export type RenewReply = Static<typeof renewReply>;

export const batchRenewReply = Type.Object({
  results: Type.Array(
    Type.Object({
      service: Type.String(),
      id: Type.String(),
      generation: Type.Number(),
      status: Type.Integer({
        description: 'HTTP status that a single renew would have had: 200, or what `code` stands for.',
      }),
      lease: Type.Optional(leaseOrNull),
      code: Type.Optional(
        Type.String({ description: 'Problem code; not-found and gone: register again, replaced: do not.' }),
      ),
      detail: Type.Optional(Type.String()),
    }),
    { description: 'One result a lease, in the order they were sent.' },
  ),
});
export type BatchRenewReply = Static<typeof batchRenewReply>;

export const removalReply = Type.Object({
  ...reference,
  generation,
  safeToStopAt: time('The last moment at which a resolver may still hold an answer with it.'),
});
export type RemovalReply = Static<typeof removalReply>;

export const protectionReply = Type.Object({
  protection: Type.Array(
    Type.Object({
      zone: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'Null: all zones.' }),
      service: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'Null: all services.' }),
      since: time('When it began.'),
      instances: Type.Integer({ description: 'Instances that must renew.' }),
      late: Type.Integer({ description: 'How many of them are late.' }),
    }),
  ),
});
export type ProtectionReply = Static<typeof protectionReply>;

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

export const servicesReply = Type.Object({
  revision,
  services: Type.Array(
    Type.Object({
      service: Type.String(),
      zone: Type.String(),
      instances: Type.Integer({ description: 'How many there are.' }),
      answerable: Type.Integer({ description: 'How many of them are passing or warning.' }),
    }),
  ),
});
export type ServicesReply = Static<typeof servicesReply>;

export const serviceReply = Type.Object({
  service: Type.String(),
  zone: Type.String(),
  revision: Type.Integer({ minimum: 0, description: 'Revision of the settings; 0: it has none of its own.' }),
  ttl: serviceBody.properties.ttl,
  limit: serviceBody.properties.limit,
  selectors: Type.Array(Type.Unsafe<Selector>({ type: 'object', additionalProperties: true })),
  emptyPolicy: serviceBody.properties.emptyPolicy,
  panicThreshold: Type.Number(),
  defaultLease: serviceBody.properties.defaultLease,
  checkDefaults: serviceBody.properties.checkDefaults,
});
export type ServiceReply = Static<typeof serviceReply>;

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
