/** Services: their settings, and what is told of them. */
import { type Static, Type } from 'typebox';
import { emptyPolicies, type Selector } from '../../registry/service.ts';
import { checkTiming } from './check.ts';
import { closed, labels, oneOf, orNull, revision, seconds, whole } from './fields.ts';

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
